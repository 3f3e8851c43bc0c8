"""Wrong shapes, as a reader meets them: the argument, its shape, and the one that was expected."""

import jaxtyping
import pytest
import torch

from d2l import torch as d2l
from d2l.errors import ShapeError


@pytest.fixture(autouse=True)
def _as_a_reader(monkeypatch):
    """Without the contracts of the tests, which would find these mistakes first."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def ones(*shape):
    return torch.ones(shape)


def tokens(*shape):
    return torch.ones(shape, dtype=torch.int64)


def lens(*shape):
    return torch.ones(shape, dtype=torch.int64)


Q, K = ones(2, 3, 4), ones(2, 5, 4)
ATTENTION = {
    "dot": lambda: d2l.DotProductAttention(0),
    "additive": lambda: d2l.AdditiveAttention(4, 0),
    "heads": lambda: d2l.MultiHeadAttention(4, 2, 0),
}
ONE_OR_EACH = r"valid_lens must have the shape \(2,\) or \(2, 3\)"


@pytest.mark.parametrize("kind", ATTENTION)
@pytest.mark.parametrize("shape", [(3,), (4,), (2, 4), (3, 3), (2, 2, 1), ()])
def test_lengths_that_fit_neither_examples_nor_queries_are_an_error(kind, shape):
    with pytest.raises(ShapeError, match=ONE_OR_EACH):
        ATTENTION[kind]()(Q, K, K, lens(*shape))


@pytest.mark.parametrize("shape", [(3,), (2, 4)])
def test_lengths_that_do_not_fit_the_scores_are_an_error(shape):
    with pytest.raises(ShapeError, match=ONE_OR_EACH):
        d2l.masked_softmax(ones(2, 3, 4), lens(*shape))


@pytest.mark.parametrize("kind", ATTENTION)
@pytest.mark.parametrize("parts, what", [
    ((Q[0], K, K), r"queries must have the shape \(batch, queries, query_size\); found \(3, 4\)"),
    ((Q, K[0], K), "keys"),
    ((Q, ones(3, 5, 4), K), "keys"),
    ((Q, K, K[:, :4]), "values"),
])  # fmt: skip
def test_parts_of_attention_that_do_not_fit_are_an_error(kind, parts, what):
    with pytest.raises((ShapeError), match=what):
        ATTENTION[kind]()(*parts, None)


CALLS = [
    (lambda: d2l.DotProductAttention(0)(Q, ones(2, 5, 3), K),
     r"keys must have the shape \(batch, keys, 4\); found \(2, 5, 3\)"),
    (lambda: d2l.masked_softmax(ones(3, 4), lens(3)), r"X must .* found \(3, 4\)"),
    (lambda: d2l.sequence_mask(ones(2, 3), lens(3)), r"valid_len must .* \(2,\); found \(3,\)"),
    (lambda: d2l.sequence_mask(ones(3), lens(3)), r"X must .* \(batch, num_steps\); found \(3,\)"),
    (lambda: d2l.MaskedSoftmaxCELoss()(ones(2, 3, 5), tokens(2, 4), lens(2)),
     r"label must .* \(2, 3\); found \(2, 4\)"),
    (lambda: d2l.RNNScratch(4, 5)(ones(2, 3)), r"inputs .* \(num_steps, batch, 4\).* \(2, 3\)"),
    (lambda: d2l.RNNScratch(4, 5)(ones(7, 2, 4), ones(3, 5)), r"state .* \(2, 5\); found \(3, 5\)"),
    (lambda: d2l.GRU(4, 5)(ones(7, 2, 3)), r"inputs .* 4\); found \(7, 2, 3\)\. Time comes first"),
    (lambda: d2l.RNNScratch(4, 5)([ones(2, 3)], ones(2, 5)), r"each step of inputs .*\(2, 3\)"),
    (lambda: d2l.Seq2SeqEncoder(4, 5, 6, 1)(tokens(2, 3, 1)), r"X .* found \(2, 3, 1\)"),
    (lambda: d2l.PositionalEncoding(4, 0)(ones(2, 3, 5)), r"X .* num_steps, 4\).*\(2, 3, 5\)"),
    (lambda: d2l.PositionalEncoding(4, 0, max_len=9)(ones(2, 10, 4)),
     r"\(2, 10, 4\) has 10 steps, but there are positions for 9 only. .*max_len=10"),
    (lambda: d2l.AddNorm(4, 0)(Q, ones(2, 2, 4)), r"Y .* \(2, 3, 4\); found \(2, 2, 4\)"),
    (lambda: d2l.TransformerEncoder(9, 4, 8, 2, 1, 0)(tokens(3), None), r"X .* found \(3,\)"),
    (lambda: d2l.TransformerEncoder(9, 4, 8, 2, 1, 0)(tokens(2, 3), lens(3)), ONE_OR_EACH),
    (lambda: d2l.BERTEncoder(9, 4, 8, 2, 1, 0)(tokens(2, 3), tokens(2, 4), None),
     r"segments .* \(2, 3\); found \(2, 4\)"),
    (lambda: d2l.BERTEncoder(9, 4, 8, 2, 1, 0, max_len=2)(tokens(2, 3), tokens(2, 3), None),
     r"positions for 2 only. .*max_len=3"),
    (lambda: d2l.MaskLM(9, 4)(Q, tokens(3, 1)), r"pred_positions .* \(2, num_preds\).* \(3, 1\)"),
]  # fmt: skip


@pytest.mark.parametrize("call, what", CALLS)
def test_a_tensor_of_another_shape_is_named_with_the_shape_expected(call, what):
    with pytest.raises(ShapeError, match=what) as caught:
        call()
    assert isinstance(caught.value, RuntimeError)  # as programs for 1.0.3 catch it
    assert caught.value.__cause__ is not None  # PyTorch was let try
