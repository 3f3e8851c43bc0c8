"""Attention by several heads at once, each on its own part of the hidden units."""

from typing import Any

import torch
from torch import nn

from d2l.base.axes import Float, Shaped, Tensor
from d2l.base.call_shapes import has_call_shapes
from d2l.core.module import Module
from d2l.errors import ModelError
from d2l.models.attention import DotProductAttention, require_attention_inputs
from d2l.models.input_errors import ExplainsErrors


class MultiHeadAttention(ExplainsErrors, Module):
    """`num_heads` dot-product attentions in parallel, between lazy layers W_q, W_k, W_v, W_o.

    `valid_lens` is `(batch,)` or `(batch, queries)`, as in `DotProductAttention`. After a call
    `attention.attention_weights` are `(batch * num_heads, queries, keys)`, the heads of an example
    one after the other. A call raises `ModelError` if `num_heads` does not divide `num_hiddens`.
    Other keyword arguments are ignored.

    >>> attention = d2l.MultiHeadAttention(num_hiddens=12, num_heads=3, dropout=0.1)
    >>> X, Y, valid_lens = torch.ones(2, 5, 12), torch.ones(2, 7, 12), torch.tensor([4, 7])
    >>> attention(X, Y, Y, valid_lens).shape
    torch.Size([2, 5, 12])
    >>> attention.attention.attention_weights.shape
    torch.Size([6, 5, 7])

    Book: 11.5 Multi-head attention
    """

    @has_call_shapes
    def __init__(
        self, num_hiddens: int, num_heads: int, dropout: float, bias: bool = False, **kwargs: Any
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.attention = DotProductAttention(dropout)
        self.W_q = nn.LazyLinear(num_hiddens, bias=bias)
        self.W_k = nn.LazyLinear(num_hiddens, bias=bias)
        self.W_v = nn.LazyLinear(num_hiddens, bias=bias)
        self.W_o = nn.LazyLinear(num_hiddens, bias=bias)

    def forward(  # type: ignore[override]
        self,
        queries: Float[Tensor, "batch queries query_size"],
        keys: Float[Tensor, "batch keys key_size"],
        values: Float[Tensor, "batch keys *value_size"],
        valid_lens: Shaped[Tensor, "..."] | None = None,
    ) -> Float[Tensor, "batch queries num_hiddens"]:
        """The weighted average of the values for each query, of all heads together."""
        if valid_lens is not None:
            valid_lens = torch.repeat_interleave(valid_lens, self.num_heads, dim=0)
        Q = self.transpose_qkv(self.W_q(queries))  # (batch * num_heads, queries, head_size)
        K = self.transpose_qkv(self.W_k(keys))
        V = self.transpose_qkv(self.W_v(values))
        return self.W_o(self.transpose_output(self.attention(Q, K, V, valid_lens)))

    def transpose_qkv(
        self, X: Float[Tensor, "batch n *num_hiddens"]
    ) -> Float[Tensor, "batch_heads n head_size"]:
        """Split the hidden units among the heads, and count the heads as examples.

        Book: 11.5 Multi-head attention
        """
        return split_heads(X, self.num_heads)

    def transpose_output(
        self, X: Float[Tensor, "batch_heads n head_size"]
    ) -> Float[Tensor, "batch n num_hiddens"]:
        """Undo `transpose_qkv`.

        Book: 11.5 Multi-head attention
        """
        return join_heads(X, self.num_heads)

    def _require_fitting(
        self,
        queries: Tensor,
        keys: Tensor,
        values: Tensor,
        valid_lens: Tensor | None = None,
    ) -> None:
        _require_even_heads(self.W_q.out_features, self.num_heads)
        require_attention_inputs(queries, keys, values, valid_lens)


def split_heads(X: Tensor, num_heads: int) -> Tensor:
    """(batch, n, num_hiddens) to (batch * num_heads, n, num_hiddens / num_heads)."""
    heads = X.flatten(2).unflatten(2, (num_heads, -1))  # (batch, n, heads, head_size)
    return heads.transpose(1, 2).flatten(0, 1)


def join_heads(X: Tensor, num_heads: int) -> Tensor:
    """Undo `split_heads`."""
    heads = X.reshape(-1, num_heads, X.shape[1], X.shape[2])
    return heads.transpose(1, 2).flatten(2)


def _require_even_heads(num_hiddens: int, num_heads: int) -> None:
    if num_heads < 1 or num_hiddens % num_heads != 0:
        fitting = [n for n in range(1, min(num_hiddens, 16) + 1) if num_hiddens % n == 0]
        raise ModelError(
            f"num_hiddens={num_hiddens} cannot be split evenly among num_heads={num_heads}; "
            f"num_heads may be {', '.join(map(str, fitting))}"
        )
