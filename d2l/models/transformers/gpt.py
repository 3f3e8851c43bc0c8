"""GPT: a decoder-only transformer language model."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import nn
from torch.nn import functional as F

from d2l.base.axes import Float, Int, Shaped, Tensor
from d2l.errors import ConfigurationError, ShapeError
from d2l.models.inference import device_of, predicting
from d2l.models.input_errors import ExplainsErrors, require_axes, require_positions
from d2l.models.transformers.attention import MultiHeadAttention
from d2l.models.transformers.embedding import PositionalEncoding, embed
from d2l.models.transformers.grouped_query import GQAAttention, KeyValueCache
from d2l.text.decoding import draw, next_probabilities

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
MULTIPLE = 8  # the width of SwiGLU is a multiple of 8, for efficient kernels


class FeedForward(ExplainsErrors):
    """The position-wise feed-forward network: `act="swiglu"`, "gelu" or "relu".

    With "gelu" and "relu" it has `4 * num_hiddens` hidden units. SwiGLU,
    `W_2(silu(W_1 X) * W_3 X)`, has three matrices instead of two and 2/3 as many hidden units
    (rounded up to a multiple of 8), so about as many parameters.

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
        """Return the outputs of each position."""
        H = ACTIVATIONS[self.act](self.W_1(X))
        return self.W_2(H if self.W_3 is None else H * self.W_3(X))

    def _require_fitting(self, X: Tensor) -> None:
        require_axes("X", X, (*map(str, X.shape[:-1]), self.W_1.in_features))


class TransformerBlock(nn.Module):
    """Attention and a feed-forward network, each with a residual connection and a norm.

    With `pre_norm` the norms come first (`X + f(norm(X))`), otherwise last (`norm(X + f(X))`).
    `norm` is "rms" or "layer", `act` as in `FeedForward`; `bias` is for all linear layers and layer
    norms. `attn_factory()` and `ffn_factory()` create other layers, called as
    `attention(X, X, X, valid_lens)` and `ffn(X)`. The default attention is a `MultiHeadAttention`
    without causal mask.

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
        self.attention: Any = _call_factory("attn_factory", attn_factory)
        if self.attention is None:
            self.attention = _multi_head(num_hiddens, num_heads, dropout, bias)
        self.norm2 = make_norm(num_hiddens, bias)
        self.ffn: Any = _call_factory("ffn_factory", ffn_factory)
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
        """Return `X` after one block, in the same shape; `cache` is passed to the attention."""
        options = {} if cache is None else {"cache": cache}
        if self.pre_norm:
            Y = self.norm1(X)
            X = X + self.dropout(self.attention(Y, Y, Y, valid_lens, **options))
            return X + self.dropout(self.ffn(self.norm2(X)))
        X = self.norm1(X + self.dropout(self.attention(X, X, X, valid_lens, **options)))
        return self.norm2(X + self.dropout(self.ffn(X)))


def chosen(name: str, value: Any, choices: dict[Any, Choice]) -> Choice:
    """Return the choice of that name; raise `ConfigurationError` with all names if unknown."""
    if value not in choices:
        names = ", ".join(repr(choice) for choice in choices)
        raise ConfigurationError(f"{name} must be one of {names}; found {value!r}")
    return choices[value]


def _call_factory(name: str, factory: Callable[[], nn.Module] | None) -> nn.Module | None:
    if isinstance(factory, nn.Module):
        raise ConfigurationError(
            f"{name} must be a function without arguments that returns a layer; found a layer, "
            f"{type(factory).__name__}. Use {name}=lambda: {type(factory).__name__}(…)"
        )
    return None if factory is None else factory()


def _multi_head(num_hiddens: int, num_heads: int, dropout: float, bias: bool) -> nn.Module:
    """Return multi-head attention with materialized lazy layers."""
    attention = MultiHeadAttention(num_hiddens, num_heads, dropout, bias)
    for layer in (attention.W_q, attention.W_k, attention.W_v, attention.W_o):
        layer(torch.empty(1, num_hiddens))
    return attention


POSITIONS = {name: name for name in ("rope", "learned", "sinusoidal", None)}
EMBEDDING_STD = 0.02  # as in GPT-2; keeps the initial logits small


class GPT(ExplainsErrors):
    """A stack of causal `TransformerBlock`s between an embedding and an output layer.

    `pos` is the positional encoding: "rope" rotates queries and keys, "learned" and "sinusoidal"
    add a vector to each position, None leaves only the causal mask. The other options are those of
    `TransformerBlock`. Sequences have at most `max_len` tokens. The output layer shares its weights
    with the embedding, drawn N(0, 0.02²). Other weights are drawn N(0, 1/num_inputs); the last
    layers of residual branches are divided by the square root of their number.

    >>> model = d2l.GPT(vocab_size=50, num_hiddens=32, num_heads=4, num_blks=2, max_len=16)
    >>> model(torch.zeros(3, 7, dtype=torch.long)).shape
    torch.Size([3, 7, 50])
    >>> len(model.generate([1, 2, 3], num_tokens=20))
    23

    Book: 11.9 Large-scale pretraining with transformers (2026)
    """

    def __init__(
        self,
        vocab_size: int,
        num_hiddens: int = 256,
        num_heads: int = 8,
        num_blks: int = 6,
        max_len: int = 1024,
        pos: str | None = "rope",
        norm: str = "rms",
        act: str = "swiglu",
        pre_norm: bool = True,
        bias: bool = False,
        dropout: float = 0,
    ) -> None:
        super().__init__()
        self.pos = chosen("pos", pos, POSITIONS)
        self.max_len, self.num_hiddens = max_len, num_hiddens
        self.embedding = nn.Embedding(vocab_size, num_hiddens)
        self.pos_embedding: Any = None
        if pos == "learned":
            self.pos_embedding = nn.Embedding(max_len, num_hiddens)
        elif pos == "sinusoidal":
            self.pos_embedding = PositionalEncoding(num_hiddens, 0, max_len)
        self.dropout = nn.Dropout(dropout)

        def attention() -> nn.Module:
            return GQAAttention(num_hiddens, num_heads, num_heads, bias, rope=pos == "rope")

        self.blks: Any = nn.ModuleList(
            TransformerBlock(num_hiddens, num_heads, dropout, norm, act, pre_norm, bias, attention)
            for _ in range(num_blks)
        )
        make_norm = chosen("norm", norm, NORMS)
        self.norm = make_norm(num_hiddens, bias) if pre_norm else nn.Identity()
        self.head = nn.Linear(num_hiddens, vocab_size, bias=False)
        _init_weights(self)
        self.head.weight = self.embedding.weight

    def forward(
        self, X: Int[Tensor, "batch num_steps"], *, cache: Sequence[KeyValueCache] | None = None
    ) -> Float[Tensor, "batch num_steps vocab_size"]:
        """Return the logits of the token after each of `X`, which follows the tokens in `cache`."""
        num_before = cache[0].length if cache else 0
        if X.ndim == 2:
            require_positions("X", X, self.max_len)
        H = embed(self.embedding, X, "tokens")
        if self.pos == "learned":
            steps = torch.arange(num_before, num_before + X.shape[1], device=X.device)
            H = H + self.pos_embedding(steps)
        elif self.pos == "sinusoidal":
            P = self.pos_embedding.P[:, num_before : num_before + X.shape[1]]
            H = H * self.num_hiddens**0.5 + P
        H = self.dropout(H)
        for i, block in enumerate(self.blks):
            H = block(H) if cache is None else block(H, cache=cache[i])
        return self.head(self.norm(H))

    def generate(
        self, prefix: Any, num_tokens: int, temperature: float = 1.0, top_k: int | None = None
    ) -> Any:
        """Return `prefix` followed by `num_tokens` tokens, sampled from the `top_k` most likely.

        Tokens are indices: a list, or a tensor (num_steps,) or (batch, num_steps); the result has
        the same form. Temperature 0 takes the most likely token. Keys and values are cached for up
        to `max_len` tokens; after that, each step reads the last `max_len` tokens. Runs in
        evaluation mode; samples with PyTorch's global generator.
        """
        ids = _batch_of(prefix, device_of(self))
        cache = self._new_cache()
        with predicting(self):
            for _ in range(num_tokens):
                if cache is None or ids.shape[1] > self.max_len:
                    logits = self(ids[:, -self.max_len :])[:, -1]
                else:
                    logits = self(ids[:, cache[0].length :], cache=cache)[:, -1]
                ids = torch.cat((ids, _next(logits, temperature, top_k).unsqueeze(1)), dim=1)
        if isinstance(prefix, Tensor):
            return ids.reshape(*prefix.shape[:-1], -1).to(prefix.device)
        return ids[0].tolist()

    def _new_cache(self) -> list[KeyValueCache] | None:
        """Return one cache per block; None if a user-defined layer does not accept a cache."""
        layers = [self, *self.blks, *(getattr(block, "attention", block) for block in self.blks)]
        if not self.blks or not all(map(_takes_cache, layers)):
            return None
        return [KeyValueCache(self.max_len) for _ in self.blks]

    def _require_fitting(self, X: Tensor, **_: Any) -> None:
        require_axes("X", X, ("batch", "num_steps"))


def _init_weights(model: GPT) -> None:
    """Initialize weights that preserve the variance of their inputs at any width.

    The residual stream sums the outputs of two last layers per block, which are scaled down.
    """
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=EMBEDDING_STD)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=module.in_features**-0.5)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    with torch.no_grad():
        for block in model.blks:
            for last in (block.attention.W_o, block.ffn.W_2):
                last.weight /= (2 * len(model.blks)) ** 0.5


def _next(
    logits: Float[Tensor, "batch vocab_size"], temperature: float, top_k: int | None
) -> Int[Tensor, "batch"]:
    if temperature == 0:
        return logits.argmax(dim=-1)
    return draw(next_probabilities(logits.float(), temperature, top_k), None)


def _batch_of(prefix: Any, device: torch.device) -> Int[Tensor, "batch num_steps"]:
    ids = torch.as_tensor(prefix, device=device)
    ids = ids.unsqueeze(0) if ids.ndim == 1 else ids
    if ids.ndim != 2 or ids.shape[1] == 0 or ids.is_floating_point():
        raise ShapeError(
            "generate requires a prefix of at least one token index: a list, or a tensor "
            f"(batch, num_steps); found {type(prefix).__name__} of shape {tuple(ids.shape)}. "
            "Example: model.generate(tokenizer.encode('it has'), 20)"
        )
    return ids.to(torch.int64)


def _takes_cache(layer: Any) -> bool:
    return "cache" in inspect.signature(type(layer).forward).parameters
