"""The layers of d2l 0.17.6 that are compared, each made in a shape of call of that edition.

Of each: its weights, the number that is drawn next, its outputs. This module knows neither library.
"""

from collections.abc import Callable
from typing import Any

import torch
from made import noise, whole
from torch import nn

CALLS: dict[str, Callable[[Any], Any]] = {}


def compared(run: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Add a call under its function's name."""
    CALLS[run.__name__] = run
    return run


def trained(net: Any) -> Any:
    """What a net has learned."""
    return dict(net.state_dict())


LAYERS: dict[str, tuple[Callable[[Any], nn.Module], Callable[[], tuple[Any, ...]]]] = {
    "Residual, same channels": (lambda d: d.Residual(3, 3), lambda: (noise(4, 3, 6, 6),)),
    "Residual, by position": (lambda d: d.Residual(3, 6, True, 2), lambda: (noise(4, 3, 6, 6),)),
    "Residual, as in the book": (
        lambda d: d.Residual(3, 6, use_1x1conv=True, strides=2),
        lambda: (noise(4, 3, 6, 6),),
    ),
    "Residual, by keyword": (
        lambda d: d.Residual(input_channels=3, num_channels=3),
        lambda: (noise(4, 3, 6, 6),),
    ),
    "MultiHeadAttention": (
        lambda d: d.MultiHeadAttention(10, 12, 14, 20, 5, 0.5),
        lambda: (noise(2, 4, 12), noise(2, 6, 10), noise(2, 6, 14), torch.tensor([3, 2])),
    ),
    "MultiHeadAttention, with bias": (
        lambda d: d.MultiHeadAttention(10, 10, 10, 20, 5, 0.0, True),
        lambda: (noise(2, 4, 10), noise(2, 6, 10), noise(2, 6, 10), None),
    ),
    "MultiHeadAttention, by keyword": (
        lambda d: d.MultiHeadAttention(
            key_size=4, query_size=4, value_size=4, num_hiddens=8, num_heads=2, dropout=0.0
        ),
        lambda: (noise(2, 4, 4), noise(2, 6, 4), noise(2, 6, 4), torch.tensor([3, 2])),
    ),
    "AdditiveAttention": (
        lambda d: d.AdditiveAttention(2, 20, 8, 0.1),
        lambda: (noise(2, 1, 20), noise(2, 10, 2), noise(2, 10, 4), torch.tensor([2, 6])),
    ),
    "AdditiveAttention, by keyword": (
        lambda d: d.AdditiveAttention(key_size=2, query_size=20, num_hiddens=8, dropout=0.1),
        lambda: (noise(2, 1, 20), noise(2, 10, 2), noise(2, 10, 4), torch.tensor([2, 6])),
    ),
    "DotProductAttention": (
        lambda d: d.DotProductAttention(dropout=0.5),
        lambda: (noise(2, 1, 2), noise(2, 10, 2), noise(2, 10, 4), torch.tensor([2, 6])),
    ),
    "PositionWiseFFN": (lambda d: d.PositionWiseFFN(4, 5, 8), lambda: (noise(2, 3, 4),)),
    "AddNorm": (lambda d: d.AddNorm([3, 4], 0.5), lambda: (noise(2, 3, 4), noise(2, 3, 4, seed=1))),
    "AddNorm, by keyword": (
        lambda d: d.AddNorm(normalized_shape=[3, 4], dropout=0.5),
        lambda: (noise(2, 3, 4), noise(2, 3, 4, seed=1)),
    ),
    "EncoderBlock": (
        lambda d: d.EncoderBlock(24, 24, 24, 24, [9, 24], 24, 48, 8, 0.5),
        lambda: (noise(2, 9, 24), torch.tensor([3, 2])),
    ),
    "EncoderBlock, with bias": (
        lambda d: d.EncoderBlock(24, 24, 24, 24, [24], 24, 48, 8, 0.5, True),
        lambda: (noise(2, 9, 24), torch.tensor([3, 2])),
    ),
    "TransformerEncoder": (
        lambda d: d.TransformerEncoder(200, 24, 24, 24, 24, [9, 24], 24, 48, 8, 2, 0.5),
        lambda: (whole(200, 2, 9), torch.tensor([3, 2])),
    ),
    "BERTEncoder": (
        lambda d: d.BERTEncoder(
            100, 32, 32, 32, 64, 4, 2, 0.2, key_size=32, query_size=32, value_size=32
        ),
        lambda: (whole(100, 2, 8), whole(2, 2, 8), None),
    ),
    "BERTModel": (
        lambda d: d.BERTModel(
            100, num_hiddens=32, norm_shape=[32], ffn_num_input=32, ffn_num_hiddens=64,
            num_heads=2, num_layers=2, dropout=0.2, key_size=32, query_size=32, value_size=32,
            hid_in_features=32, mlm_in_features=32, nsp_in_features=32,
        ),
        lambda: (whole(100, 2, 8), whole(2, 2, 8), torch.tensor([8, 5]), whole(8, 2, 3)),
    ),
    "BERTModel, by position": (
        lambda d: d.BERTModel(100, 32, [32], 32, 64, 2, 2, 0.2, 50, 32, 32, 32, 32, 32, 32),
        lambda: (whole(100, 2, 8), whole(2, 2, 8)),
    ),
    "MaskLM": (lambda d: d.MaskLM(100, 32, 48), lambda: (noise(2, 8, 48), whole(8, 2, 3))),
    "NextSentencePred": (lambda d: d.NextSentencePred(48), lambda: (noise(2, 48),)),
    "RNNModel of RNN": (
        lambda d: d.RNNModel(nn.RNN(28, 8), 28),
        lambda: (whole(28, 2, 5), torch.zeros(1, 2, 8)),
    ),
    "RNNModel of GRU": (
        lambda d: d.RNNModel(nn.GRU(28, 8, 2), 28),
        lambda: (whole(28, 2, 5), torch.zeros(2, 2, 8)),
    ),
    "RNNModel of LSTM, both ways": (
        lambda d: d.RNNModel(nn.LSTM(28, 8, 2, bidirectional=True), vocab_size=28),
        lambda: (whole(28, 2, 5), (torch.zeros(4, 2, 8), torch.zeros(4, 2, 8))),
    ),
}  # fmt: skip


def _layer(title: str) -> Callable[[Any], Any]:
    make, inputs = LAYERS[title]

    def run(d2l: Any) -> Any:
        net = make(d2l)
        drawn_after = float(torch.rand(1))
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1) if [*net.parameters()] else None
        outputs = net.eval()(*inputs())
        count = sum(p.numel() for p in net.parameters())
        return [drawn_after, count, trained(net), outputs, optimizer is not None]

    return run


for _title in LAYERS:
    CALLS[f"a layer: {_title}"] = _layer(_title)
