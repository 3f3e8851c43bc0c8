"""Grouped-query attention: several query heads share one head of keys and values."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from d2l.base.axes import Float, Shaped, Tensor
from d2l.errors import ModelError, ShapeError
from d2l.models.input_errors import ExplainsErrors
from d2l.models.transformers.attention import require_attention_inputs
from d2l.models.transformers.masks import KeyMask

ROPE_BASE = 10000
HAS_GROUPS = "enable_gqa" in (F.scaled_dot_product_attention.__doc__ or "")  # PyTorch 2.5


class KeyValueCache:
    """Cached keys and values of one attention layer, for up to `max_len` positions."""

    def __init__(self, max_len: int) -> None:
        self.max_len, self.length = max_len, 0
        self._stored: tuple[Tensor, Tensor] | None = None

    def append(self, K: Tensor, V: Tensor) -> tuple[Tensor, Tensor]:
        """Append the next positions, each (batch, heads, n, head_size); return all."""
        begin, self.length = self.length, self.length + K.shape[2]
        if self._stored is None:
            shape = (*K.shape[:2], self.max_len, K.shape[3])
            self._stored = (K.new_empty(shape), V.new_empty(shape))
        for stored, new in zip(self._stored, (K, V), strict=True):
            stored[:, :, begin : self.length] = new
        keys, values = self._stored
        return keys[:, :, : self.length], values[:, :, : self.length]


class GQAAttention(ExplainsErrors):
    """Grouped-query attention: `num_heads` query heads share `num_kv_heads` key and value heads.

    `num_kv_heads=num_heads` is multi-head attention, `num_kv_heads=1` multi-query attention. `rope`
    rotates queries and keys by their position. `causal` masks later positions; fewer queries than
    keys are the last positions. `valid_lens` is `(batch,)` or `(batch, queries)`, the number of
    valid keys; a query without valid keys attends to zero vectors. A `cache` stores keys and values
    for later calls with the following positions.

    >>> attention = d2l.GQAAttention(num_hiddens=32, num_heads=8, num_kv_heads=2, rope=True)
    >>> X = torch.randn(2, 5, 32)
    >>> attention(X, X, X).shape, attention.W_k(X).shape
    (torch.Size([2, 5, 32]), torch.Size([2, 5, 8]))

    Book: 11.5 Multi-head attention (2026)
    """

    def __init__(
        self,
        num_hiddens: int,
        num_heads: int,
        num_kv_heads: int,
        bias: bool = False,
        rope: bool = False,
        causal: bool = True,
    ) -> None:
        super().__init__()
        _require_even_groups(num_hiddens, num_heads, num_kv_heads, rope)
        self.num_heads, self.num_kv_heads = num_heads, num_kv_heads
        self.rope, self.causal = rope, causal
        kv_size = num_hiddens // num_heads * num_kv_heads
        self.W_q = nn.Linear(num_hiddens, num_hiddens, bias=bias)
        self.W_k = nn.Linear(num_hiddens, kv_size, bias=bias)
        self.W_v = nn.Linear(num_hiddens, kv_size, bias=bias)
        self.W_o = nn.Linear(num_hiddens, num_hiddens, bias=bias)

    def forward(
        self,
        queries: Float[Tensor, "batch queries query_size"],
        keys: Float[Tensor, "batch keys key_size"],
        values: Float[Tensor, "batch keys value_size"],
        valid_lens: Shaped[Tensor, "..."] | None = None,
        *,
        cache: KeyValueCache | None = None,
    ) -> Float[Tensor, "batch queries num_hiddens"]:
        """Return the weighted averages of the values for each query, with all heads combined."""
        num_before = 0 if cache is None else cache.length
        num_queries, num_keys = queries.shape[1], num_before + keys.shape[1]
        Q = self._heads(self.W_q(queries), self.num_heads)
        K = self._heads(self.W_k(keys), self.num_kv_heads)
        V = self._heads(self.W_v(values), self.num_kv_heads)
        if self.rope:
            first = num_keys - num_queries if self.causal else num_before
            Q, K = self._rope(Q, first), self._rope(K, num_before)
        if cache is not None:
            K, V = cache.append(K, V)
        mask = _mask(valid_lens, Q, num_keys, self.causal)
        H = _attend(Q, K, V, mask, self.causal).transpose(1, 2).flatten(2)
        return self.W_o(H if mask is None else mask.without_empty_rows(H))

    def _heads(self, X: Tensor, num_heads: int) -> Float[Tensor, "batch heads n head_size"]:
        return X.unflatten(2, (num_heads, -1)).transpose(1, 2)

    def _rope(
        self, x: Float[Tensor, "batch heads n head_size"], first: int = 0
    ) -> Float[Tensor, "batch heads n head_size"]:
        """Rotate each pair of components by an angle proportional to the position, from `first`.

        A pair is component i of the first half and of the second half; the angle per position
        decreases from 1 for the first pair to about 1/10000 for the last.
        """
        half = x.shape[-1] // 2
        frequencies = ROPE_BASE ** (
            -torch.arange(half, device=x.device, dtype=torch.float32) / half
        )
        steps = torch.arange(first, first + x.shape[2], device=x.device, dtype=torch.float32)
        angles = steps.unsqueeze(1) * frequencies  # (n, half)
        cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
        a, b = x[..., :half], x[..., half:]
        return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)

    def _require_fitting(
        self, queries: Tensor, keys: Tensor, values: Tensor, valid_lens: Any = None, **_: Any
    ) -> None:
        require_attention_inputs(queries, keys, values, valid_lens)
        size = self.W_q.in_features
        for name, X in (("queries", queries), ("keys", keys), ("values", values)):
            if X.shape[2] != size:
                raise ShapeError(f"{name} must have {size} hidden units; found {tuple(X.shape)}")


def _attend(
    Q: Tensor, K: Tensor, V: Tensor, mask: KeyMask | None, causal: bool
) -> Float[Tensor, "batch heads queries head_size"]:
    """Call PyTorch's fused attention; a single query that attends to all keys needs no mask."""
    options: dict[str, Any] = {"attn_mask": None if mask is None else mask.keys.unsqueeze(1)}
    options["is_causal"] = mask is None and causal and Q.shape[2] > 1
    num_groups = Q.shape[1] // K.shape[1]
    if num_groups > 1 and HAS_GROUPS:
        options["enable_gqa"] = True
    elif num_groups > 1:
        K, V = (part.repeat_interleave(num_groups, dim=1) for part in (K, V))
    return F.scaled_dot_product_attention(Q, K, V, **options)


def _mask(
    valid_lens: Tensor | None,
    Q: Float[Tensor, "batch heads queries _"],
    num_keys: int,
    causal: bool,
) -> KeyMask | None:
    """Return the mask of valid keys; a causal query attends to keys up to its own position."""
    batch, _, num_queries, _ = Q.shape
    if causal and num_queries > num_keys:
        raise ShapeError(
            f"causal attention requires at most as many queries as keys; found {num_queries} "
            f"queries and {num_keys} keys. For cross-attention: GQAAttention(…, causal=False)"
        )
    if valid_lens is None and (not causal or num_queries in (1, num_keys)):
        return None
    lens = valid_lens
    if causal:
        num_visible = torch.arange(num_keys - num_queries + 1, num_keys + 1, device=Q.device)
        lens = num_visible.expand(batch, num_queries)
        if valid_lens is not None:
            lens = torch.minimum(lens, valid_lens.reshape(batch, -1))
    assert lens is not None
    return KeyMask(lens, (batch, num_queries), num_keys)


def _require_even_groups(num_hiddens: int, num_heads: int, num_kv_heads: int, rope: bool) -> None:
    if num_heads < 1 or num_hiddens % num_heads:
        fitting = [n for n in range(1, min(num_hiddens, 16) + 1) if num_hiddens % n == 0]
        raise ModelError(
            f"num_hiddens={num_hiddens} cannot be split evenly among num_heads={num_heads}; "
            f"num_heads may be {', '.join(map(str, fitting))}"
        )
    if num_kv_heads < 1 or num_heads % num_kv_heads:
        fitting = [n for n in range(1, num_heads + 1) if num_heads % n == 0]
        raise ModelError(
            f"num_heads={num_heads} cannot share num_kv_heads={num_kv_heads} evenly; num_kv_heads "
            f"may be {', '.join(map(str, fitting))}"
        )
    if rope and num_hiddens // num_heads % 2:
        raise ModelError(
            f"num_hiddens / num_heads must be even because rope rotates pairs of components; found "
            f"{num_hiddens} / {num_heads} = {num_hiddens // num_heads}"
        )
