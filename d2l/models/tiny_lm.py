"""A language model of two small blocks, on which optimizers are compared in seconds."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from d2l.base.axes import Float, Int, Tensor
from d2l.models.embedding import embed
from d2l.models.input_errors import ExplainsErrors, require_axes, require_positions


class TinyLM(ExplainsErrors):
    """Token and position embeddings, `num_blks` causal blocks, and the logits of each position.

    A block is a `ModuleDict` of `norm1`, `qkv`, `proj`, `norm2`, `up`, `down`, without biases.
    `attention(blk, X)` may be overridden. Sequences have at most `max_len` tokens.

    >>> model = d2l.TinyLM(vocab_size=28)
    >>> model(torch.zeros(2, 7, dtype=torch.long)).shape
    torch.Size([2, 7, 28])

    Book: 12 Optimization algorithms (2026)
    """

    def __init__(
        self,
        vocab_size: int,
        d_model: int = 128,
        num_heads: int = 2,
        num_blks: int = 2,
        max_len: int = 64,
    ) -> None:
        super().__init__()
        self.num_heads, self.max_len = num_heads, max_len
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.pos_embedding = nn.Embedding(max_len, d_model)
        self.blks: Any = nn.ModuleList(_block(d_model) for _ in range(num_blks))
        self.norm = nn.LayerNorm(d_model)
        self.head = nn.Linear(d_model, vocab_size, bias=False)

    def attention(
        self, blk: Any, X: Float[Tensor, "batch num_steps d_model"]
    ) -> Float[Tensor, "batch num_steps d_model"]:
        """Causal self-attention with the matrices of a block.

        Book: 12 Optimization algorithms (2026)
        """
        heads = blk["qkv"](X).unflatten(2, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        Q, K, V = heads.unbind(0)  # each (batch, num_heads, num_steps, head_size)
        H = F.scaled_dot_product_attention(Q, K, V, is_causal=True)
        return blk["proj"](H.transpose(1, 2).flatten(2))

    def forward(
        self, X: Int[Tensor, "batch num_steps"]
    ) -> Float[Tensor, "batch num_steps vocab_size"]:
        """The logits of the token after each of `X`."""
        steps = torch.arange(X.shape[1], device=X.device)
        H = embed(self.embedding, X, "tokens") + self.pos_embedding(steps)
        for blk in self.blks:
            H = H + self.attention(blk, blk["norm1"](H))
            H = H + blk["down"](F.gelu(blk["up"](blk["norm2"](H))))
        return self.head(self.norm(H))

    def _require_fitting(self, X: Tensor) -> None:
        require_axes("X", X, ("batch", "num_steps"))
        require_positions("X", X, self.max_len)


def _block(d_model: int) -> nn.ModuleDict:
    return nn.ModuleDict(
        {
            "norm1": nn.LayerNorm(d_model),
            "qkv": nn.Linear(d_model, 3 * d_model, bias=False),
            "proj": nn.Linear(d_model, d_model, bias=False),
            "norm2": nn.LayerNorm(d_model),
            "up": nn.Linear(d_model, 4 * d_model, bias=False),
            "down": nn.Linear(4 * d_model, d_model, bias=False),
        }
    )
