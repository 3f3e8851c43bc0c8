"""The vision transformer: an image as a sequence of patches."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from d2l.base.axes import Float, Shaped, Tensor
from d2l.core.classifier import Classifier
from d2l.errors import ShapeError
from d2l.models.input_errors import ExplainsErrors, require_axes
from d2l.models.transformers.attention import MultiHeadAttention

Size = int | Sequence[int]
Images = Float[Tensor, "batch channels height width"]
Hidden = Float[Tensor, "batch num_steps num_hiddens"]
INIT_STD = 0.02


class PatchEmbedding(ExplainsErrors):
    """Embed each patch of an image as a vector, in row-major order.

    Sizes are a number, or a height and a width; an incomplete patch at the lower or right edge is
    left out. `num_patches` is the number of patches. The layer is lazy in the channels.

    >>> embedding = d2l.PatchEmbedding(img_size=96, patch_size=16, num_hiddens=8)
    >>> embedding(torch.ones(2, 3, 96, 96)).shape
    torch.Size([2, 36, 8])

    Book: 11.8 Transformers for vision (2026)
    """

    def __init__(self, img_size: Size = 96, patch_size: Size = 16, num_hiddens: int = 512) -> None:
        super().__init__()
        self.img_size, self.patch_size = _pair(img_size), _pair(patch_size)
        rows, cols = (i // p for i, p in zip(self.img_size, self.patch_size, strict=True))
        if rows < 1 or cols < 1:
            raise ShapeError(
                f"patch_size must not exceed img_size; found patch_size={patch_size}, "
                f"img_size={img_size}"
            )
        self.num_patches = rows * cols
        self.conv = nn.LazyConv2d(num_hiddens, self.patch_size, stride=self.patch_size)

    def forward(self, X: Images) -> Hidden:
        """Return the embedded patches (batch, num_patches, num_hiddens)."""
        return self.conv(X).flatten(2).transpose(1, 2)

    def _require_fitting(self, X: Tensor) -> None:
        require_axes("X", X, ("batch", "channels", *self.img_size))


class ViTBlock(nn.Module):
    """Self-attention and an MLP, each with a layer norm first and a residual connection.

    `valid_lens` is as in `DotProductAttention`. After a call, the weights are in
    `block.attention.attention.attention_weights`.

    >>> block = d2l.ViTBlock(num_hiddens=12, mlp_num_hiddens=24, num_heads=3, dropout=0.1)
    >>> block(torch.ones(2, 7, 12)).shape
    torch.Size([2, 7, 12])

    Book: 11.8 Transformers for vision (2026)
    """

    def __init__(
        self,
        num_hiddens: int,
        mlp_num_hiddens: int,
        num_heads: int,
        dropout: float,
        use_bias: bool = False,
    ) -> None:
        super().__init__()
        self.ln1 = nn.LayerNorm(num_hiddens)
        self.attention = MultiHeadAttention(num_hiddens, num_heads, dropout, use_bias)
        self.ln2 = nn.LayerNorm(num_hiddens)
        self.mlp = nn.Sequential(
            nn.Linear(num_hiddens, mlp_num_hiddens),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(mlp_num_hiddens, num_hiddens),
            nn.Dropout(dropout),
        )

    def forward(self, X: Hidden, valid_lens: Shaped[Tensor, "..."] | None = None) -> Hidden:
        """Return `X` after one block, in the same shape."""
        Y = self.ln1(X)
        X = X + self.attention(Y, Y, Y, valid_lens)
        return X + self.mlp(self.ln2(X))


class ViT(ExplainsErrors, Classifier):
    """Vision transformer: patches and a class token with learned positions, and `num_blks` blocks.

    The logits are computed from the class token, which comes first. Images have the size
    `img_size`; `emb_dropout` is for the embedded patches, `blk_dropout` for the blocks.

    >>> model = d2l.ViT(32, 8, 16, 32, num_heads=2, num_blks=1, emb_dropout=0.1, blk_dropout=0.1)
    >>> model(torch.rand(2, 1, 32, 32)).shape
    torch.Size([2, 10])

    Book: 11.8 Transformers for vision (2026)
    """

    lr: float

    def __init__(
        self,
        img_size: Size,
        patch_size: Size,
        num_hiddens: int,
        mlp_num_hiddens: int,
        num_heads: int,
        num_blks: int,
        emb_dropout: float,
        blk_dropout: float,
        lr: float = 0.1,
        use_bias: bool = False,
        num_classes: int = 10,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.patch_embedding = PatchEmbedding(img_size, patch_size, num_hiddens)
        num_steps = self.patch_embedding.num_patches + 1  # the class token is one
        self.cls_token = nn.Parameter(torch.zeros(1, 1, num_hiddens))
        self.pos_embedding = nn.Parameter(torch.randn(1, num_steps, num_hiddens) * INIT_STD)
        self.dropout = nn.Dropout(emb_dropout)
        self.blks: Any = nn.Sequential(
            *(
                ViTBlock(num_hiddens, mlp_num_hiddens, num_heads, blk_dropout, use_bias)
                for _ in range(num_blks)
            )
        )
        self.head = nn.Sequential(nn.LayerNorm(num_hiddens), nn.Linear(num_hiddens, num_classes))

    def forward(self, X: Images) -> Float[Tensor, "batch num_classes"]:
        """Return the logits of images."""
        patches = self.patch_embedding(X)
        tokens = torch.cat((self.cls_token.expand(len(X), -1, -1), patches), dim=1)
        H = self.blks(self.dropout(tokens + self.pos_embedding))
        return self.head(H[:, 0])

    def _require_fitting(self, X: Tensor) -> None:
        require_axes("X", X, ("batch", "channels", *self.patch_embedding.img_size))


def _pair(size: Size) -> tuple[int, int]:
    if isinstance(size, int):
        return size, size
    height, width = size
    return height, width
