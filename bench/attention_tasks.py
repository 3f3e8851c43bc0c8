"""What is measured of a d2l's attention and sequence models: the same lines for both libraries.

Knows only names that both have. A step is a forward and a backward pass, on made-up numbers.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from bench.clock import now
from bench.size import Size
from d2l import torch as d2l

VOCAB_SIZE = 1000


class Shape(NamedTuple):
    """How much goes through a layer."""

    batch: int
    num_steps: int
    num_hiddens: int
    num_heads: int


SHORT = Shape(128, 9, 256, 4)  # the book's sentence pairs
MIDDLE = Shape(16, 128, 128, 4)
LONG = Shape(4, 512, 256, 8)


def attention(size: Size) -> dict[str, Any]:
    """Multi-head attention: with lengths and without, with dropout, and with its weights read."""
    return {
        "heads_short": _heads(size, SHORT),
        "heads_middle": _heads(size, MIDDLE),
        "heads_long": _heads(size, LONG),
        "heads_unmasked": _heads(size, LONG, masked=False),
        "heads_dropout": _heads(size, LONG, dropout=0.1),
        "heads_read": _heads(size, MIDDLE, reads_weights=True),
        "heads_forward": _heads(size, LONG, trains=False),
        "additive": _additive(size, SHORT),
    }


def encoders(size: Size) -> dict[str, Any]:
    """The transformer's encoder, and BERT's."""
    return {
        "encoder_short": _encoder(size, SHORT),
        "encoder_dropout": _encoder(size, SHORT, dropout=0.2),
        "encoder_long": _encoder(size, LONG),
        "encoder_forward": _encoder(size, LONG, trains=False),
        "bert": _bert(size, MIDDLE),
    }


def recurrent(size: Size) -> dict[str, Any]:
    """The recurrent language model from scratch, and text that it goes on with."""
    torch.manual_seed(0)
    model = d2l.RNNLMScratch(d2l.RNNScratch(28, 32), vocab_size=28)
    X = torch.randint(28, (1024, 32))
    vocab = Letters()
    return {
        "language_model": _step(size, model, X),
        "predict": least_seconds(size, lambda: model.predict("it has", 100, vocab)),
    }


class Letters:
    """A vocabulary of letters."""

    def __init__(self) -> None:
        self.idx_to_token = list(" abcdefghijklmnopqrstuvwxyz?")
        self.token_to_idx = {token: i for i, token in enumerate(self.idx_to_token)}

    def __len__(self) -> int:
        return len(self.idx_to_token)

    def __getitem__(self, token: str) -> int:
        return self.token_to_idx[token]


def least_seconds(size: Size, action: Callable[[], object]) -> float:
    """The least of repeated calls: what else goes on in the machine can only add to it."""
    laps: list[float] = []
    while sum(laps) < size.at_least_seconds:
        begun = now()
        action()
        laps.append(now() - begun)
    return min(laps)


def _heads(
    size: Size,
    shape: Shape,
    masked: bool = True,
    dropout: float = 0.0,
    reads_weights: bool = False,
    trains: bool = True,
) -> float:
    torch.manual_seed(0)
    layer = d2l.MultiHeadAttention(shape.num_hiddens, shape.num_heads, dropout)
    X = torch.randn(shape.batch, shape.num_steps, shape.num_hiddens)
    valid_lens = _lengths(shape) if masked else None

    def call(X: Tensor) -> Tensor:
        outputs = layer(X, X, X, valid_lens)
        if reads_weights:
            _ = layer.attention.attention_weights
        return outputs

    call(X)  # lazy layers get their shapes
    layer.train(trains)
    return _step(size, call, X) if trains else _forward(size, call, X)


def _additive(size: Size, shape: Shape) -> float:
    torch.manual_seed(0)
    layer = d2l.AdditiveAttention(shape.num_hiddens, dropout=0.1)
    queries = torch.randn(shape.batch, 1, shape.num_hiddens)
    keys = torch.randn(shape.batch, shape.num_steps, shape.num_hiddens)
    return _step(size, layer, queries, keys, keys, _lengths(shape))


def _encoder(size: Size, shape: Shape, dropout: float = 0.0, trains: bool = True) -> float:
    torch.manual_seed(0)
    net = d2l.TransformerEncoder(
        VOCAB_SIZE, shape.num_hiddens, 64, shape.num_heads, num_blks=2, dropout=dropout
    )
    inputs = _tokens(shape), _lengths(shape)
    net(*inputs)
    net.train(trains)
    return _step(size, net, *inputs) if trains else _forward(size, net, *inputs)


def _bert(size: Size, shape: Shape) -> float:
    torch.manual_seed(0)
    net = d2l.BERTModel(
        VOCAB_SIZE, shape.num_hiddens, 256, shape.num_heads, num_blks=2, dropout=0.2
    )
    tokens = _tokens(shape)
    positions = torch.arange(1, 11).repeat(shape.batch, 1)
    segments = torch.zeros_like(tokens)

    def call(tokens: Tensor) -> Tensor:
        _, words, sentences = net(tokens, segments, _lengths(shape), positions)
        return words.sum() + sentences.sum()

    return _step(size, call, tokens)


def _tokens(shape: Shape) -> Tensor:
    return torch.randint(VOCAB_SIZE, (shape.batch, shape.num_steps))


def _lengths(shape: Shape) -> Tensor:
    return torch.arange(shape.batch) % shape.num_steps + 1


def _step(size: Size, call: Callable[..., Tensor], *inputs: Any) -> float:
    def step() -> None:
        if isinstance(call, nn.Module):
            call.zero_grad()
        call(*inputs).sum().backward()

    step()
    return least_seconds(size, step)


def _forward(size: Size, call: Callable[..., Tensor], *inputs: Any) -> float:
    with torch.no_grad():
        call(*inputs)
        return least_seconds(size, lambda: call(*inputs))
