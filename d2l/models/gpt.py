"""A language model that is all transformer: tokens in, the logits of the next token out."""

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from d2l.base.axes import Float, Int, Tensor
from d2l.errors import ShapeError
from d2l.models.embedding import embed
from d2l.models.grouped_query import GQAAttention, KeyValueCache
from d2l.models.inference import device_of, predicting
from d2l.models.input_errors import ExplainsErrors, require_axes, require_positions
from d2l.models.positional_encoding import PositionalEncoding
from d2l.models.transformer_block import NORMS, TransformerBlock, chosen
from d2l.text.decoding import draw, next_probabilities

POSITIONS = {name: name for name in ("rope", "learned", "sinusoidal", None)}
EMBEDDING_STD = 0.02  # GPT-2's; the first logits are small with it


class GPT(ExplainsErrors):
    """A stack of causal `TransformerBlock`s between an embedding and the logits of each position.

    `pos` says where tokens stand: "rope" turns queries and keys, "learned" and "sinusoidal" add a
    vector for each position, None leaves it to the causal mask. The other options are those of
    `TransformerBlock`. Sequences have at most `max_len` tokens. The output layer shares its weights
    with the embedding, drawn N(0, 0.02²). Other weights are drawn N(0, 1/num_inputs), those that
    end a residual connection smaller by the root of their number.

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
        _draw_weights(self)
        self.head.weight = self.embedding.weight

    def forward(
        self, X: Int[Tensor, "batch num_steps"], *, cache: Sequence[KeyValueCache] | None = None
    ) -> Float[Tensor, "batch num_steps vocab_size"]:
        """The logits of the token after each of `X`; with a `cache`, `X` follows what is in it."""
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
        """`prefix` and `num_tokens` tokens after it, drawn from the `top_k` likeliest of each step.

        Tokens are numbers: a list, or a tensor (num_steps,) or (batch, num_steps); what comes back
        is of the same form. Temperature 0 takes the likeliest. Keys and values are kept from step
        to step until there are `max_len` tokens; from then on each step reads the last `max_len`.
        Runs in evaluation mode; PyTorch's generator is drawn from.
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
        """A cache for each block; None where a layer that a reader has put in takes none."""
        layers = [self, *self.blks, *(getattr(block, "attention", block) for block in self.blks)]
        if not self.blks or not all(map(_takes_cache, layers)):
            return None
        return [KeyValueCache(self.max_len) for _ in self.blks]

    def _require_fitting(self, X: Tensor, **_: Any) -> None:
        require_axes("X", X, ("batch", "num_steps"))


def _draw_weights(model: GPT) -> None:
    """Weights that keep the variance of what they read, at any width.

    A residual stream adds up the last layers of all blocks, two of each.
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
            "generate needs a prefix of at least one token, as numbers: a list, or a tensor "
            f"(batch, num_steps); found {type(prefix).__name__} of shape {tuple(ids.shape)}. "
            "E.g. model.generate(tokenizer.encode('it has'), 20)"
        )
    return ids.to(torch.int64)


def _takes_cache(layer: Any) -> bool:
    return "cache" in inspect.signature(type(layer).forward).parameters
