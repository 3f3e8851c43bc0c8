"""The transformer: position-wise feed-forward networks, `AddNorm`, blocks, and the encoder."""

import math
from typing import Any

from torch import nn

from d2l.base.axes import Float, Int, Shaped, Tensor
from d2l.base.call_shapes import has_call_shapes
from d2l.models.input_errors import ExplainsErrors, require_axes, require_broadcastable
from d2l.models.seq2seq import Encoder
from d2l.models.transformers.attention import MultiHeadAttention
from d2l.models.transformers.embedding import PositionalEncoding, embed

Inputs = Float[Tensor, "*batch inputs"]  # aliases, because TorchScript cannot parse subscripts
Outputs = Float[Tensor, "*batch outputs"]
AnyShape = Float[Tensor, "..."]


class PositionWiseFFN(nn.Module):
    """Position-wise feed-forward network: two lazy layers with a ReLU in between.

    >>> d2l.PositionWiseFFN(ffn_num_hiddens=16, ffn_num_outputs=3)(torch.ones(2, 5, 6)).shape
    torch.Size([2, 5, 3])

    Book: 11.7 The transformer architecture
    """

    @has_call_shapes
    def __init__(self, ffn_num_hiddens: int, ffn_num_outputs: int) -> None:
        super().__init__()
        self.dense1 = nn.LazyLinear(ffn_num_hiddens)
        self.relu = nn.ReLU()
        self.dense2 = nn.LazyLinear(ffn_num_outputs)

    def forward(self, X: Inputs) -> Outputs:
        """Return the outputs of each position."""
        return self.dense2(self.relu(self.dense1(X)))


class AddNorm(ExplainsErrors):
    """Residual connection and layer norm: normalizes `X` plus a layer's outputs `Y`.

    >>> d2l.AddNorm(norm_shape=6, dropout=0.1)(torch.ones(2, 5, 6), torch.ones(2, 5, 6)).shape
    torch.Size([2, 5, 6])

    Book: 11.7 The transformer architecture
    """

    @has_call_shapes
    def __init__(self, norm_shape: Any, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(norm_shape)

    def forward(self, X: AnyShape, Y: AnyShape) -> AnyShape:
        """Return the normalized sum of `X` and `Y` after dropout."""
        return self.ln(self.dropout(Y) + X)

    def _require_fitting(self, X: Tensor, Y: Tensor) -> None:
        require_broadcastable("Y", Y, "X", X)


class TransformerEncoderBlock(nn.Module):
    """Self-attention and a feed-forward network, each followed by `AddNorm`.

    `valid_lens` is as in `DotProductAttention`.

    >>> block = d2l.TransformerEncoderBlock(12, 32, num_heads=3, dropout=0.1)
    >>> block(torch.ones(2, 7, 12), torch.tensor([5, 2])).shape
    torch.Size([2, 7, 12])

    Book: 11.7 The transformer architecture
    """

    def __init__(
        self,
        num_hiddens: int,
        ffn_num_hiddens: int,
        num_heads: int,
        dropout: float,
        use_bias: bool = False,
    ) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(num_hiddens, num_heads, dropout, use_bias)
        self.addnorm1 = AddNorm(num_hiddens, dropout)
        self.ffn = PositionWiseFFN(ffn_num_hiddens, num_hiddens)
        self.addnorm2 = AddNorm(num_hiddens, dropout)

    def forward(
        self,
        X: Float[Tensor, "batch num_steps num_hiddens"],
        valid_lens: Shaped[Tensor, "..."] | None = None,
    ) -> Float[Tensor, "batch num_steps num_hiddens"]:
        """Return `X` after one block, in the same shape."""
        Y = self.addnorm1(X, self.attention(X, X, X, valid_lens))
        return self.addnorm2(Y, self.ffn(Y))


class TransformerEncoder(ExplainsErrors, Encoder):
    """Embedding, positional encoding, and `num_blks` transformer blocks.

    After a call, `attention_weights` lists the weights of each block.

    >>> encoder = d2l.TransformerEncoder(50, 12, 32, num_heads=3, num_blks=2, dropout=0.1)
    >>> encoder(torch.ones(2, 7, dtype=torch.long), torch.tensor([5, 2])).shape
    torch.Size([2, 7, 12])

    Book: 11.7 The transformer architecture
    """

    @has_call_shapes
    def __init__(
        self,
        vocab_size: int,
        num_hiddens: int,
        ffn_num_hiddens: int,
        num_heads: int,
        num_blks: int,
        dropout: float,
        use_bias: bool = False,
    ) -> None:
        super().__init__()
        self.num_hiddens = num_hiddens
        self.embedding = nn.Embedding(vocab_size, num_hiddens)
        self.pos_encoding = PositionalEncoding(num_hiddens, dropout)
        self.blks: Any = nn.Sequential()
        for i in range(num_blks):
            block = TransformerEncoderBlock(
                num_hiddens, ffn_num_hiddens, num_heads, dropout, use_bias
            )
            self.blks.add_module(f"block{i}", block)
        self._weights: list[Any] = []  # set by a user-defined forward

    @property
    def attention_weights(self) -> list[Any]:
        """The weights of each block in the last call: (batch * num_heads, num_steps, num_steps)."""
        return self._weights or [block.attention.attention.attention_weights for block in self.blks]

    @attention_weights.setter
    def attention_weights(self, weights: list[Any]) -> None:
        self._weights = weights

    def forward(
        self,
        X: Int[Tensor, "batch num_steps"],
        valid_lens: Shaped[Tensor, "..."] | None = None,
        *args: Any,
    ) -> Float[Tensor, "batch num_steps num_hiddens"]:
        """Return the encoded tokens; each attends to the first `valid_lens` tokens of its sequence.

        Further arguments are ignored.
        """
        H = self.pos_encoding(embed(self.embedding, X, "tokens") * math.sqrt(self.num_hiddens))
        for block in self.blks:
            H = block(H, valid_lens)
        return H

    def _require_fitting(self, X: Tensor, valid_lens: Any = None, *args: Any) -> None:
        require_axes("X", X, ("batch", "num_steps"))
