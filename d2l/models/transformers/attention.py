"""Attention: scaled dot-product, additive and multi-head."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from d2l.base.axes import Float, Shaped, Tensor
from d2l.base.call_shapes import has_call_shapes
from d2l.base.public_names import is_replaced
from d2l.core.module import Module
from d2l.errors import ModelError
from d2l.models.input_errors import ExplainsErrors, require_axes, require_valid_lens
from d2l.models.transformers.masks import KeyMask, masked_softmax

Queries = Float[Tensor, "#batch queries query_size"]
Keys = Float[Tensor, "#batch keys key_size"]
Values = Float[Tensor, "batch keys value_size"]
Outputs = Float[Tensor, "batch queries value_size"]
MIN_FUSED_KEYS_ON_CPU = 96  # with fewer, bmm and softmax are at least as fast in training
Lengths = Shaped[Tensor, "..."] | None


class Attention(ExplainsErrors):
    """Base class of attention that stores the weights of its last call.

    Copies and pickles do not include these weights.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._last_weights: Tensor | Callable[[], Tensor] | None = None
        self._were_weights_read = False

    @property
    def attention_weights(self) -> Float[Tensor, "batch queries keys"]:
        """The weights of the last call, before dropout."""
        if self._last_weights is None:
            raise AttributeError  # Python then calls __getattr__, which raises the message
        self._were_weights_read = True
        if not isinstance(self._last_weights, Tensor):
            self._last_weights = self._last_weights()
        return self._last_weights

    @attention_weights.setter
    def attention_weights(self, weights: Tensor | None) -> None:
        self._last_weights = weights

    def __getattr__(self, name: str) -> Any:
        if name == "attention_weights":
            raise AttributeError(
                f"{type(self).__name__} has no attention_weights before its first call. Call "
                "attention(queries, keys, values, valid_lens) first"
            )
        return super().__getattr__(name)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_last_weights": None}

    def _require_fitting(
        self, queries: Tensor, keys: Tensor, values: Tensor, valid_lens: Lengths = None
    ) -> None:
        require_attention_inputs(queries, keys, values, valid_lens)


class DotProductAttention(Attention):
    """Scaled dot-product attention.

    `valid_lens` is the number of valid keys per example, `(batch,)`, or per query,
    `(batch, queries)`. The result of a query without valid keys is zero.

    >>> queries, keys, values = torch.zeros(2, 1, 2), torch.ones(2, 4, 2), torch.ones(2, 4, 9)
    >>> attention = d2l.DotProductAttention(dropout=0.5).eval()
    >>> attention(queries, keys, values, torch.tensor([2, 4])).shape
    torch.Size([2, 1, 9])
    >>> attention.attention_weights[0]
    tensor([[0.5000, 0.5000, 0.0000, 0.0000]])

    Book: 11.3 Attention scoring functions
    """

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, queries: Queries, keys: Keys, values: Values, valid_lens: Lengths = None
    ) -> Outputs:
        """Return the weighted average of the values for each query."""
        if is_replaced("masked_softmax"):
            scores = torch.bmm(queries, keys.mT) / math.sqrt(queries.shape[-1])
            self._last_weights = weights = masked_softmax(scores, valid_lens)
            return torch.bmm(self.dropout(weights), values)
        mask = None
        if valid_lens is not None:
            mask = KeyMask(valid_lens, queries.shape[:-1], keys.shape[1])
        dropout = self.dropout.p if self.training else 0.0
        # If the last weights were read, the next ones probably are too; the fused kernel has none.
        is_fused = not self._were_weights_read and _is_fused_faster(queries, keys, values, dropout)
        self._were_weights_read = False
        if is_fused:
            outputs = _fused(queries, keys, values, mask, dropout)
            self._last_weights = partial(_masked_weights, queries, keys, mask)
        else:
            weights = _weights(queries, keys, mask)
            outputs = torch.bmm(self.dropout(weights), values)
            self._last_weights = weights
            if mask is not None:  # torch.compile cannot store a bound method
                self._last_weights = partial(KeyMask.without_empty_rows, mask, weights)
        return mask.without_empty_rows(outputs) if mask else outputs

    def _require_fitting(
        self, queries: Tensor, keys: Tensor, values: Tensor, valid_lens: Lengths = None
    ) -> None:
        super()._require_fitting(queries, keys, values, valid_lens)
        require_axes(
            "keys", keys, ("batch", "keys", queries.shape[2]), "Keys must be as long as queries"
        )


class AdditiveAttention(Attention):
    """Additive attention, `w_v tanh(W_q query + W_k key)`, with lazy layers.

    Queries and keys may have different sizes. `valid_lens` is as in `DotProductAttention`.

    >>> queries, keys, values = torch.zeros(3, 2, 6), torch.ones(3, 5, 4), torch.ones(3, 5, 7)
    >>> attention = d2l.AdditiveAttention(num_hiddens=8, dropout=0.1)
    >>> attention(queries, keys, values, torch.tensor([2, 5, 1])).shape
    torch.Size([3, 2, 7])

    Book: 11.3 Attention scoring functions
    """

    @has_call_shapes
    def __init__(self, num_hiddens: int, dropout: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.W_k = nn.LazyLinear(num_hiddens, bias=False)
        self.W_q = nn.LazyLinear(num_hiddens, bias=False)
        self.w_v = nn.LazyLinear(1, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, queries: Queries, keys: Keys, values: Values, valid_lens: Lengths = None
    ) -> Outputs:
        """Return the weighted average of the values for each query."""
        Q, K = self.W_q(queries), self.W_k(keys)
        features = (Q.unsqueeze(2) + K.unsqueeze(1)).tanh_()  # (batch, queries, keys, num_hiddens)
        scores = self.w_v(features).squeeze(-1)
        self._last_weights = weights = masked_softmax(scores, valid_lens)
        return torch.bmm(self.dropout(weights), values)


def _is_fused_faster(queries: Tensor, keys: Tensor, values: Tensor, dropout: float) -> bool:
    """Whether PyTorch's fused kernel is faster; on a CPU without dropout and with many keys.

    It broadcasts where `bmm` raises an error, so it is used for equal batches only.
    """
    if not queries.ndim == keys.ndim == values.ndim == 3:
        return False
    if not len(queries) == len(keys) == len(values):
        return False
    return keys.device.type != "cpu" or (dropout == 0 and keys.shape[1] >= MIN_FUSED_KEYS_ON_CPU)


def _fused(
    queries: Tensor, keys: Tensor, values: Tensor, mask: KeyMask | None, dropout: float
) -> Tensor:
    """Call PyTorch's fused attention, which expects an axis of heads."""
    Q, K, V = (part.unsqueeze(1) for part in (queries, keys, values))
    attn_mask = None if mask is None else mask.keys.unsqueeze(1)
    return F.scaled_dot_product_attention(Q, K, V, attn_mask=attn_mask, dropout_p=dropout).squeeze(
        1
    )


def _weights(queries: Tensor, keys: Tensor, mask: KeyMask | None) -> Tensor:
    """Return the weights; queries without valid keys attend to all keys."""
    scale = 1 / math.sqrt(queries.shape[-1])
    products = torch.bmm(queries, keys.mT)
    if mask is None:
        return torch.softmax(products * scale, dim=-1)
    return torch.softmax(torch.add(mask.as_bias(products.dtype), products, alpha=scale), dim=-1)


def _masked_weights(queries: Tensor, keys: Tensor, mask: KeyMask | None) -> Tensor:
    weights = _weights(queries, keys, mask)
    return weights if mask is None else mask.without_empty_rows(weights)


def require_attention_inputs(
    queries: Tensor, keys: Tensor, values: Tensor, valid_lens: Lengths
) -> None:
    """Raise `ShapeError` unless queries, keys, values and lengths fit together."""
    require_axes("queries", queries, ("batch", "queries", "query_size"))
    batch, num_queries, _ = queries.shape
    require_axes("keys", keys, (batch, "keys", "key_size"), "Pass one set of keys per example")
    require_axes("values", values, (batch, keys.shape[1], "value_size"), "Pass one value per key")
    require_valid_lens("valid_lens", valid_lens, batch, num_queries)


class MultiHeadAttention(ExplainsErrors, Module):
    """Multi-head attention with lazy layers W_q, W_k, W_v, W_o.

    `valid_lens` is `(batch,)` or `(batch, queries)`, as in `DotProductAttention`. After a call
    `attention.attention_weights` is `(batch * num_heads, queries, keys)`, with the heads of an
    example in consecutive rows. A call raises `ModelError` if `num_heads` does not divide
    `num_hiddens`. Other keyword arguments are ignored.

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
        """Return the weighted averages of the values for each query, with all heads combined."""
        if valid_lens is not None:
            valid_lens = torch.repeat_interleave(valid_lens, self.num_heads, dim=0)
        Q = self.transpose_qkv(self.W_q(queries))  # (batch * num_heads, queries, head_size)
        K = self.transpose_qkv(self.W_k(keys))
        V = self.transpose_qkv(self.W_v(values))
        return self.W_o(self.transpose_output(self.attention(Q, K, V, valid_lens)))

    def transpose_qkv(
        self, X: Float[Tensor, "batch n *num_hiddens"]
    ) -> Float[Tensor, "batch_heads n head_size"]:
        """Split the hidden units among the heads, and fold the heads into the batch axis.

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
    """Reshape (batch, n, num_hiddens) to (batch * num_heads, n, num_hiddens / num_heads)."""
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
