"""Layers with the constructors of d2l 0.17.6: input sizes are given, so nothing is lazy."""

from collections.abc import Callable
from numbers import Integral
from typing import Any

import torch
from torch import nn

from d2l.base.axes import Float, Shaped, Tensor
from d2l.base.call_shapes import Arguments, call_shape_of
from d2l.models.cnn import Residual
from d2l.models.transformers.attention import (
    AdditiveAttention,
    MultiHeadAttention,
    join_heads,
    split_heads,
)
from d2l.models.transformers.bert import BERTEncoder, BERTModel, MaskLM, NextSentencePred
from d2l.models.transformers.transformer import AddNorm, PositionWiseFFN, TransformerEncoder

Constructor = Callable[..., None]


class EncoderBlock(nn.Module):
    """Self-attention and a feed-forward network, each followed by `AddNorm`.

    `norm_shape` are the sizes of the normalized last axes: `[100, 24]` is (num_steps, num_hiddens).
    `valid_lens` is as in `DotProductAttention`. The variant with lazy layers is
    `TransformerEncoderBlock`.

    >>> block = d2l.EncoderBlock(24, 24, 24, 24, [100, 24], 24, 48, num_heads=8, dropout=0.5)
    >>> block(torch.ones(2, 100, 24), torch.tensor([3, 2])).shape
    torch.Size([2, 100, 24])

    Book: 10.7 Transformer (0.17.6)
    """

    def __init__(
        self,
        key_size: int,
        query_size: int,
        value_size: int,
        num_hiddens: int,
        norm_shape: Any,
        ffn_num_input: int,
        ffn_num_hiddens: int,
        num_heads: int,
        dropout: float,
        use_bias: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.attention = MultiHeadAttention(
            key_size=key_size, query_size=query_size, value_size=value_size,
            num_hiddens=num_hiddens, num_heads=num_heads, dropout=dropout, bias=use_bias,
        )  # fmt: skip
        self.addnorm1 = AddNorm(norm_shape, dropout)
        self.ffn = PositionWiseFFN(ffn_num_input, ffn_num_hiddens, num_hiddens)  # type: ignore[call-arg]
        self.addnorm2 = AddNorm(norm_shape, dropout)

    def forward(
        self,
        X: Float[Tensor, "batch num_steps num_hiddens"],
        valid_lens: Shaped[Tensor, "..."] | None = None,
    ) -> Float[Tensor, "batch num_steps num_hiddens"]:
        """Return `X` after one block, in the same shape."""
        Y = self.addnorm1(X, self.attention(X, X, X, valid_lens))
        return self.addnorm2(Y, self.ffn(Y))


def transpose_qkv(
    X: Float[Tensor, "batch n num_hiddens"], num_heads: int
) -> Float[Tensor, "batch_heads n head_size"]:
    """Split the hidden units among the heads, and fold the heads into the batch axis.

    >>> d2l.transpose_qkv(torch.ones(2, 4, 100), num_heads=5).shape
    torch.Size([10, 4, 20])

    Book: 10.5 Multi-head attention (0.17.6)
    """
    return split_heads(X, num_heads)


def transpose_output(
    X: Float[Tensor, "batch_heads n head_size"], num_heads: int
) -> Float[Tensor, "batch n num_hiddens"]:
    """Undo `transpose_qkv`.

    >>> d2l.transpose_output(torch.ones(10, 4, 20), num_heads=5).shape
    torch.Size([2, 4, 100])

    Book: 10.5 Multi-head attention (0.17.6)
    """
    return join_heads(X, num_heads)


@call_shape_of(TransformerEncoder.__init__)
def make_transformer_encoder(
    native: Constructor,
    self: TransformerEncoder,
    vocab_size: int,
    key_size: int,
    query_size: int,
    value_size: int,
    num_hiddens: int,
    norm_shape: Any,
    ffn_num_input: int,
    ffn_num_hiddens: int,
    num_heads: int,
    num_layers: int,
    dropout: float,
    use_bias: bool = False,
) -> None:
    """`TransformerEncoder` with explicit sizes of queries, keys, values and norms."""
    native(self, vocab_size, num_hiddens, ffn_num_hiddens, num_heads, 0, dropout, use_bias)
    sizes = (key_size, query_size, value_size, num_hiddens, norm_shape)
    rest = (ffn_num_input, ffn_num_hiddens, num_heads, dropout, use_bias)
    for i in range(num_layers):
        self.blks.add_module(f"block{i}", EncoderBlock(*sizes, *rest))


@call_shape_of(BERTEncoder.__init__)
def make_bert_encoder(
    native: Constructor,
    self: BERTEncoder,
    vocab_size: int,
    num_hiddens: int,
    norm_shape: Any,
    ffn_num_input: int,
    ffn_num_hiddens: int,
    num_heads: int,
    num_layers: int,
    dropout: float,
    max_len: int = 1000,
    key_size: int = 768,
    query_size: int = 768,
    value_size: int = 768,
    **kwargs: Any,
) -> None:
    """`BERTEncoder` with explicit sizes of queries, keys, values and norms."""
    # Positions are drawn after the blocks, to reproduce the weights of 0.17.6 for a seed.
    native(self, vocab_size, num_hiddens, ffn_num_hiddens, num_heads, 0, dropout, 0, **kwargs)
    sizes = (key_size, query_size, value_size, num_hiddens, norm_shape)
    rest = (ffn_num_input, ffn_num_hiddens, num_heads, dropout, True)
    for i in range(num_layers):
        self.blks.add_module(f"{i}", EncoderBlock(*sizes, *rest))
    self.pos_embedding = nn.Parameter(torch.randn(1, max_len, num_hiddens))


@call_shape_of(BERTModel.__init__)
def make_bert_model(
    native: Constructor,
    self: BERTModel,
    vocab_size: int,
    num_hiddens: int,
    norm_shape: Any,
    ffn_num_input: int,
    ffn_num_hiddens: int,
    num_heads: int,
    num_layers: int,
    dropout: float,
    max_len: int = 1000,
    key_size: int = 768,
    query_size: int = 768,
    value_size: int = 768,
    hid_in_features: int = 768,
    mlm_in_features: int = 768,
    nsp_in_features: int = 768,
) -> None:
    """`BERTModel` with the explicit input sizes of its parts."""
    nn.Module.__init__(self)  # the native constructor would draw unused weights
    self.encoder = BERTEncoder(  # type: ignore[call-arg]
        vocab_size, num_hiddens, ffn_num_hiddens=ffn_num_hiddens, num_heads=num_heads,
        norm_shape=norm_shape, ffn_num_input=ffn_num_input, num_layers=num_layers,
        dropout=dropout, max_len=max_len, key_size=key_size, query_size=query_size,
        value_size=value_size,
    )  # fmt: skip
    hidden = nn.LazyLinear(num_hiddens)
    make_linear(hidden, hid_in_features)
    self.hidden = nn.Sequential(hidden, nn.Tanh())
    self.mlm = MaskLM(vocab_size, num_hiddens, num_inputs=mlm_in_features)
    self.nsp = NextSentencePred(num_inputs=nsp_in_features)


def is_number_of_channels(call: Arguments) -> bool:
    """Whether the second argument is a number of channels: in `Residual(64, 1)` it is a flag."""
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
