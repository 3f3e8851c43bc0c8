"""Layers as d2l 0.17.6 makes them: told the sizes of their inputs, so that nothing is lazy."""

from collections.abc import Callable
from numbers import Integral
from typing import Any

import torch
from torch import nn

from d2l.base.call_shapes import Arguments, call_shape_of
from d2l.models.attention import AdditiveAttention
from d2l.models.bert import MaskLM, NextSentencePred
from d2l.models.multi_head import MultiHeadAttention
from d2l.models.resnet import Residual
from d2l.models.transformer import AddNorm, PositionWiseFFN

Constructor = Callable[..., None]


def is_number_of_channels(call: Arguments) -> bool:
    """Whether the second number is no truth value: `Residual(64, 1)` is `use_1x1conv=1`."""
    second = call["num_channels"]
    is_whole = isinstance(second, Integral) and not isinstance(second, bool)
    return is_whole and second not in (0, 1)


@call_shape_of(Residual.__init__, when=is_number_of_channels)
def make_residual(
    native: Constructor,
    self: Residual,
    input_channels: int,
    num_channels: int,
    use_1x1conv: bool = False,
    strides: int = 1,
) -> None:
    """`Residual(input_channels, num_channels)`."""
    native(self, num_channels, use_1x1conv, strides)
    _make_2d(self.conv1, input_channels)
    _make_2d(self.conv2, num_channels)
    if self.conv3 is not None:
        _make_2d(self.conv3, input_channels)
    _make_2d(self.bn1, num_channels)
    _make_2d(self.bn2, num_channels)


@call_shape_of(MultiHeadAttention.__init__)
def make_multi_head_attention(
    native: Constructor,
    self: MultiHeadAttention,
    key_size: int,
    query_size: int,
    value_size: int,
    num_hiddens: int,
    num_heads: int,
    dropout: float,
    bias: bool = False,
    **kwargs: Any,
) -> None:
    """`MultiHeadAttention(key_size, query_size, value_size, num_hiddens, num_heads, dropout)`."""
    native(self, num_hiddens, num_heads, dropout, bias, **kwargs)
    make_linear(self.W_q, query_size)
    make_linear(self.W_k, key_size)
    make_linear(self.W_v, value_size)
    make_linear(self.W_o, num_hiddens)


@call_shape_of(AdditiveAttention.__init__)
def make_additive_attention(
    native: Constructor,
    self: AdditiveAttention,
    key_size: int,
    query_size: int,
    num_hiddens: int,
    dropout: float,
    **kwargs: Any,
) -> None:
    """`AdditiveAttention(key_size, query_size, num_hiddens, dropout)`."""
    native(self, num_hiddens, dropout, **kwargs)
    make_linear(self.W_k, key_size)
    make_linear(self.W_q, query_size)
    make_linear(self.w_v, num_hiddens)


@call_shape_of(PositionWiseFFN.__init__)
def make_ffn(
    native: Constructor,
    self: PositionWiseFFN,
    ffn_num_input: int,
    ffn_num_hiddens: int,
    ffn_num_outputs: int,
) -> None:
    """`PositionWiseFFN(ffn_num_input, ffn_num_hiddens, ffn_num_outputs)`."""
    native(self, ffn_num_hiddens, ffn_num_outputs)
    make_linear(self.dense1, ffn_num_input)
    make_linear(self.dense2, ffn_num_hiddens)


@call_shape_of(AddNorm.__init__)
def make_add_norm(
    native: Constructor, self: AddNorm, normalized_shape: Any, dropout: float
) -> None:
    """`AddNorm(normalized_shape=[3, 4], dropout=0.5)`."""
    native(self, normalized_shape, dropout)


@call_shape_of(MaskLM.__init__)
def make_mask_lm(
    native: Constructor,
    self: MaskLM,
    vocab_size: int,
    num_hiddens: int,
    num_inputs: int = 768,
    **kwargs: Any,
) -> None:
    """`MaskLM(vocab_size, num_hiddens, num_inputs)`."""
    native(self, vocab_size, num_hiddens, **kwargs)
    make_linear(self.mlp[0], num_inputs)
    make_linear(self.mlp[-1], num_hiddens)


@call_shape_of(NextSentencePred.__init__)
def make_next_sentence_pred(
    native: Constructor, self: NextSentencePred, num_inputs: int, **kwargs: Any
) -> None:
    """`NextSentencePred(num_inputs)`."""
    native(self, **kwargs)
    make_linear(self.output, num_inputs)


def make_linear(layer: nn.Module, num_inputs: int) -> None:
    """Give a lazy linear layer its weights, drawn now, for inputs (…, num_inputs)."""
    _make(layer, (1, num_inputs))


def _make_2d(layer: nn.Module, num_channels: int) -> None:
    _make(layer, (1, num_channels, 3, 3))


def _make(layer: nn.Module, shape: tuple[int, ...]) -> None:
    """Call a lazy layer once; in evaluation mode, so that no statistics of the call are kept."""
    layer.eval()
    with torch.no_grad():
        layer(torch.zeros(shape))
    layer.train()
