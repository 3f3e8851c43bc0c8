"""Inputs of unusual shapes and kinds, which PyTorch and the book's code take."""

import numpy as np
import torch
from registry import same
from torch import nn

X53, X534 = torch.linspace(-1, 1, 15).reshape(5, 3), torch.linspace(-2, 2, 60).reshape(5, 3, 4)
STATE, TOKENS = torch.linspace(-1, 1, 24).reshape(3, 8), torch.tensor([[0, 1, 2], [3, 3, 0]])


def numbered(shape):
    return torch.linspace(-1, 1, int(np.prod(shape))).reshape(shape)


class Cell(nn.Module):
    """A recurrent layer of the reader's own, with nothing that PyTorch's have."""

    def forward(self, X, H=None):
        return 2 * X, H


@same("RNN", "GRU")
def recurrent_layers_take_a_sequence_without_a_batch(d2l):
    return [layer(3, 8)(X53) for layer in (d2l.RNN, lambda n, h: d2l.GRU(n, h, 2))]


@same("RNN")
def a_recurrent_layer_takes_a_packed_sequence(d2l):
    packed = nn.utils.rnn.pack_padded_sequence(X534, [5, 3, 1])
    outputs, state = d2l.RNN(4, 8)(packed)
    return outputs.data, outputs.batch_sizes, state


@same("RNN", "GRU")
def a_recurrent_layer_may_get_a_cell_of_the_readers_own(d2l):
    layers = d2l.RNN(4, 8), d2l.GRU(4, 8, 1)
    for layer in layers:
        layer.rnn = Cell()
    return [layer(X534) for layer in layers]


STATES = {
    "a_tuple_of_one": (STATE,),
    "one_more_axis": STATE.unsqueeze(0),
    "one_more_axis_in_a_tuple": (STATE.unsqueeze(0),),
    "one_row_for_all": (STATE[0],),
    "one_row_in_an_axis": STATE[:1],
    "a_number_for_each_row": (STATE[:, :1].expand(3, 8),),
}
for title, given in STATES.items():

    def run(d2l, given=given):
        return d2l.RNNScratch(4, 8)(X534, given)

    run.__name__ = f"the_scratch_rnn_takes_{title}_as_state"
    same("RNNScratch")(run)


@same("RNNScratch")
def the_scratch_rnn_takes_a_list_of_steps_and_a_state(d2l):
    return d2l.RNNScratch(4, 8)(list(X534), (STATE,))


@same("RNNScratch")
def the_scratch_rnn_takes_inputs_of_two_axes(d2l):
    return d2l.RNNScratch(3, 8)(X53)


@same("RNNLMScratch", "RNNScratch")
def one_hot_takes_tokens_of_any_number_of_axes(d2l):
    model = d2l.RNNLMScratch(d2l.RNNScratch(4, 8), 4)
    return [model.one_hot(tokens) for tokens in (TOKENS[0], TOKENS[0, 1], TOKENS)]


@same("RNNLM", "RNN")
def a_language_model_takes_tokens_without_a_batch(d2l):
    model = d2l.RNNLM(d2l.RNN(4, 8), 4)
    model(TOKENS)
    nn.init.constant_(model.linear.weight, 0.1)
    nn.init.zeros_(model.linear.bias)
    return model(TOKENS[0])


@same("Seq2SeqEncoder")
def an_encoder_takes_tokens_without_a_batch(d2l):
    return d2l.Seq2SeqEncoder(4, 5, 6, 2)(TOKENS[0])


@same("AddNorm")
def the_second_input_of_addnorm_broadcasts(d2l):
    layer, X = d2l.AddNorm(4, 0), numbered((2, 3, 4))
    return [layer(X, X[:, :1]), layer(X, X[0, 0]), layer(X[0], X), layer(X, torch.tensor(1.0))]


MASKED = {
    "two_axes": ((2, 4), torch.tensor([[3], [2]])),
    "two_axes_of_more_rows": ((6, 4), torch.tensor([[1, 2, 3], [3, 2, 1]])),
    "four_axes_and_a_length_for_each_row": (
        (2, 3, 2, 4),
        1 + torch.arange(12).reshape(2, 3, 2) % 4,
    ),
    "four_axes_and_lengths_repeated": ((2, 3, 2, 4), torch.tensor([1, 2, 3, 4])),
    "one_axis": ((4,), torch.tensor(2)),
    "three_axes_and_lengths_in_another_shape": ((2, 3, 4), torch.tensor([[1, 2], [3, 4], [1, 2]])),
    "no_examples": ((0, 3, 4), torch.zeros(0, dtype=torch.int64)),
    "fractional_lengths": ((2, 3, 4), torch.tensor([2.5, 1.0])),
}
for title, (shape, lens) in MASKED.items():

    def run(d2l, shape=shape, lens=lens):
        return d2l.masked_softmax(numbered(shape), lens)

    run.__name__ = f"masked_softmax_of_{title}"
    same("masked_softmax")(run)


@same("AdditiveAttention")
def keys_of_one_example_serve_all_in_additive_attention(d2l):
    attention, parts = d2l.AdditiveAttention(8, 0), numbered((2, 5, 4))
    return attention(parts, parts[:1], parts, torch.tensor([2, 4]))


@same("DotProductAttention", "AdditiveAttention")
def lengths_may_have_any_shape_with_one_for_each_query(d2l):
    parts, lens = numbered((2, 5, 4)), torch.tensor([[1, 2], [3, 4], [5, 1], [2, 3], [4, 5]])
    layers = d2l.DotProductAttention(0), d2l.AdditiveAttention(8, 0)
    return [layer(parts, parts, parts, lens) for layer in layers]


@same("DotProductAttention", "AdditiveAttention")
def attention_takes_a_batch_without_examples(d2l):
    parts, lens = torch.zeros(0, 5, 4), torch.zeros(0, dtype=torch.int64)
    layers = d2l.DotProductAttention(0), d2l.AdditiveAttention(8, 0)
    return [layer(parts, parts, parts, given) for layer in layers for given in (None, lens)]


@same("MultiHeadAttention")
def multi_head_attention_ignores_other_keywords(d2l):
    attention = d2l.MultiHeadAttention(8, 2, 0, bias=True, key_size=3, foo=1)
    parts = numbered((2, 5, 4))
    return attention(parts, parts, parts, None)


@same("MultiHeadAttention")
def values_of_multi_head_attention_may_have_another_axis(d2l):
    parts = numbered((2, 5, 4))
    return d2l.MultiHeadAttention(8, 2, 0)(parts, parts, numbered((2, 5, 3, 2)), None)


@same("BERTEncoder")
def segments_broadcast(d2l):
    encoder, segments = d2l.BERTEncoder(4, 8, 9, 2, 1, 0), TOKENS % 2
    return [encoder(TOKENS, given, None) for given in (segments, segments[:1], segments[0])]


@same("MaskLM", "NextSentencePred")
def the_tasks_of_bert_take_other_axes(d2l):
    positions = torch.tensor([[0, 1], [2, 0]])
    mlm = [d2l.MaskLM(4, 8)(numbered(s), positions) for s in ((2, 3, 4), (2, 3, 2, 4), (2, 3))]
    return mlm, [d2l.NextSentencePred()(numbered(shape)) for shape in ((2, 3, 8), (8,))]


@same("corr2d")
def cross_correlation_of_arrays(d2l):
    X, K = np.arange(12.0).reshape(3, 4), np.ones((2, 2))
    return d2l.corr2d(X, K), d2l.corr2d(torch.ones(3, 4), K.astype(np.float32))


@same("corr2d")
def cross_correlation_with_a_kernel_of_one_more_than_fits(d2l):
    return d2l.corr2d(torch.ones(2, 4), torch.ones(3, 1)), d2l.corr2d(X53, torch.ones(0, 2))


@same("SGD")
def sgd_takes_any_rate(d2l):
    found = []
    for lr in (0, -0.5, 0.25):
        w = torch.ones(2, requires_grad=True)
        w.grad = torch.tensor([1.0, 2.0])
        with torch.no_grad():
            d2l.SGD([w], lr).step()
        found.append(w)
    return found


@same("RNNLMScratch", "RNNScratch", "Vocab")
def a_negative_number_of_predictions(d2l):
    vocab = d2l.Vocab(list("abcd"))
    model = d2l.RNNLMScratch(d2l.RNNScratch(len(vocab), 8), len(vocab))
    return [model.predict("abc", n, vocab) for n in (0, -1, -7)]
