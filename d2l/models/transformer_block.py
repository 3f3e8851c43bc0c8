"""The block of today's transformers: attention and a perceptron, with a choice of parts."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import nn
from torch.nn import functional as F

from d2l.base.axes import Float, Shaped, Tensor
from d2l.errors import ConfigurationError
from d2l.models.grouped_query import KeyValueCache
from d2l.models.input_errors import ExplainsErrors, require_axes
from d2l.models.multi_head import MultiHeadAttention

Choice = TypeVar("Choice")
Hidden = Float[Tensor, "*batch num_hiddens"]
NORMS: dict[str, Callable[[int, bool], nn.Module]] = {
    "rms": lambda size, bias: nn.RMSNorm(size),
    "layer": lambda size, bias: nn.LayerNorm(size, bias=bias),
}
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "swiglu": F.silu,
    "gelu": F.gelu,
    "relu": F.relu,
}
MULTIPLE = 8  # of which the width of SwiGLU is, for the kernels' sake


class FeedForward(ExplainsErrors):
    """A perceptron for each position: `act="swiglu"`, "gelu" or "relu".

    With "gelu" and "relu" it has `4 * num_hiddens` hidden units. SwiGLU has three matrices instead
    of two, and 2/3 as many hidden units (a multiple of 8), so about as many parameters:
    `W_2(silu(W_1 X) * W_3 X)`.

    >>> feed_forward = d2l.FeedForward(num_hiddens=12)
    >>> feed_forward(torch.ones(2, 5, 12)).shape, feed_forward.W_1.out_features
    (torch.Size([2, 5, 12]), 32)

    Book: 11.7 The transformer architecture (2026)
    """

    W_3: nn.Linear | None

    def __init__(self, num_hiddens: int, act: str = "swiglu", bias: bool = False) -> None:
        super().__init__()
        self.act = chosen("act", act, {name: name for name in ACTIVATIONS})
        width = 4 * num_hiddens
        if act == "swiglu":
            width = -(-2 * width // (3 * MULTIPLE)) * MULTIPLE
        self.W_1 = nn.Linear(num_hiddens, width, bias=bias)
        self.W_2 = nn.Linear(width, num_hiddens, bias=bias)
        self.W_3 = nn.Linear(num_hiddens, width, bias=bias) if act == "swiglu" else None

    def forward(self, X: Hidden) -> Hidden:
        """The outputs of each position."""
        H = ACTIVATIONS[self.act](self.W_1(X))
        return self.W_2(H if self.W_3 is None else H * self.W_3(X))

    def _require_fitting(self, X: Tensor) -> None:
        require_axes("X", X, (*map(str, X.shape[:-1]), self.W_1.in_features))


class TransformerBlock(nn.Module):
    """Attention and a perceptron, each in a residual connection with a norm.

    `pre_norm` puts the norms in front of the two (`X + f(norm(X))`), else they come last
    (`norm(X + f(X))`). `norm` is "rms" or "layer", `act` as in `FeedForward`; `bias` is for all
    linear layers and layer norms. `attn_factory()` and `ffn_factory()` make other layers: one is
    called as `attention(X, X, X, valid_lens)`, the other as `ffn(X)`. Without them the attention
    is a `MultiHeadAttention`, in which all positions see each other.

    >>> X = torch.ones(2, 5, 12)
    >>> d2l.TransformerBlock(num_hiddens=12, num_heads=3)(X, torch.tensor([5, 2])).shape
    torch.Size([2, 5, 12])
    >>> block = d2l.TransformerBlock(12, 3, attn_factory=lambda: d2l.GQAAttention(12, 3, 1))
    >>> block.attention.causal
    True

    Book: 11.7 The transformer architecture (2026)
    """

    def __init__(
        self,
        num_hiddens: int,
        num_heads: int,
        dropout: float = 0,
        norm: str = "rms",
        act: str = "swiglu",
        pre_norm: bool = True,
        bias: bool = False,
        attn_factory: Callable[[], nn.Module] | None = None,
        ffn_factory: Callable[[], nn.Module] | None = None,
    ) -> None:
        super().__init__()
        make_norm = chosen("norm", norm, NORMS)
        self.pre_norm = pre_norm
        self.norm1 = make_norm(num_hiddens, bias)
        self.attention: Any = _made_by("attn_factory", attn_factory)
        if self.attention is None:
            self.attention = _multi_head(num_hiddens, num_heads, dropout, bias)
        self.norm2 = make_norm(num_hiddens, bias)
        self.ffn: Any = _made_by("ffn_factory", ffn_factory)
        if self.ffn is None:
            self.ffn = FeedForward(num_hiddens, act, bias)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        X: Float[Tensor, "batch num_steps num_hiddens"],
        valid_lens: Shaped[Tensor, "..."] | None = None,
        *,
        cache: KeyValueCache | None = None,
    ) -> Float[Tensor, "batch num_steps num_hiddens"]:
        """`X` after one block, in the same shape; `cache` is for the attention."""
        options = {} if cache is None else {"cache": cache}
        if self.pre_norm:
            Y = self.norm1(X)
            X = X + self.dropout(self.attention(Y, Y, Y, valid_lens, **options))
            return X + self.dropout(self.ffn(self.norm2(X)))
        X = self.norm1(X + self.dropout(self.attention(X, X, X, valid_lens, **options)))
        return self.norm2(X + self.dropout(self.ffn(X)))


def chosen(name: str, value: Any, choices: dict[Any, Choice]) -> Choice:
    """The choice of that name; raises `ConfigurationError` with all names for another."""
    if value not in choices:
        names = ", ".join(repr(choice) for choice in choices)
        raise ConfigurationError(f"{name} must be one of {names}; found {value!r}")
    return choices[value]


def _made_by(name: str, factory: Callable[[], nn.Module] | None) -> nn.Module | None:
    if isinstance(factory, nn.Module):
        raise ConfigurationError(
            f"{name} must be a function without arguments that makes a layer; found a layer, "
            f"{type(factory).__name__}: {name}=lambda: {type(factory).__name__}(…)"
        )
    return None if factory is None else factory()


def _multi_head(num_hiddens: int, num_heads: int, dropout: float, bias: bool) -> nn.Module:
    """Multi-head attention whose lazy layers have their shapes."""
    attention = MultiHeadAttention(num_hiddens, num_heads, dropout, bias)
    for layer in (attention.W_q, attention.W_k, attention.W_v, attention.W_o):
        layer(torch.empty(1, num_hiddens))
    return attention
