"""Padding: where lengths are given, what lies beyond them counts for nothing."""

import pytest
import torch
from torch.nn import functional as F

from d2l import torch as d2l


def scores(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def by_hand(X, lengths):
    """Each row by itself: the softmax of its first numbers, then zeros."""
    rows = torch.zeros_like(X)
    for i, of_example in enumerate(X):
        for j, row in enumerate(of_example):
            length = int(lengths[i][j])
            rows[i, j, :length] = torch.softmax(row[:length], 0)
    return rows


@pytest.mark.parametrize("lens", [[2, 3], [0, 4], [9, 1]])
def test_a_length_for_each_example_leaves_the_other_keys_out(lens):
    X = scores(2, 3, 4)
    expected = by_hand(X, [[min(length, 4)] * 3 for length in lens])
    assert torch.allclose(d2l.masked_softmax(X, torch.tensor(lens)), expected)


def test_a_length_for_each_query_leaves_the_other_keys_out():
    X, lens = scores(2, 3, 4), [[1, 0, 3], [4, 2, 0]]
    assert torch.allclose(d2l.masked_softmax(X, torch.tensor(lens)), by_hand(X, lens))


def test_without_lengths_the_softmax_is_over_all():
    X = scores(2, 3, 4)
    assert torch.equal(d2l.masked_softmax(X, None), torch.softmax(X, -1))


def test_the_scores_are_left_as_they_were():
    X = scores(2, 3, 4)
    before = X.clone()
    d2l.masked_softmax(X, torch.tensor([1, 2]))
    assert torch.equal(X, before)


def test_garbage_in_the_padding_does_no_harm():
    X = scores(1, 1, 4)
    X[..., 2:] = torch.tensor([float("nan"), float("inf")])
    weights = d2l.masked_softmax(X, torch.tensor([2]))
    assert torch.allclose(weights[..., :2], torch.softmax(X[..., :2], -1))
    assert weights[..., 2:].tolist() == [[[0, 0]]]


def test_scores_lower_than_any_stand_in_keep_their_order():
    X = torch.tensor([[[-2e6, -2e6 - 1, 0.0]]])
    weights = d2l.masked_softmax(X, torch.tensor([2]))
    assert torch.allclose(weights, torch.tensor([[[0.7311, 0.2689, 0.0]]]), atol=1e-4)


def test_rows_without_a_valid_key_have_no_gradient_and_no_nan():
    X = scores(2, 1, 3).requires_grad_()
    (d2l.masked_softmax(X, torch.tensor([0, 2])) ** 2).sum().backward()
    assert X.grad[0].tolist() == [[0, 0, 0]]
    assert X.grad[1, 0, :2].abs().min() > 0
    assert X.grad.isfinite().all()


def test_half_precision_keeps_its_rows_summing_to_one():
    weights = d2l.masked_softmax(scores(2, 3, 4).half(), torch.tensor([2, 3]))
    assert torch.allclose(weights.sum(-1), torch.ones(2, 3).half(), atol=1e-3)


def test_steps_beyond_an_examples_length_get_the_value_in_a_copy():
    X = torch.arange(12).reshape(2, 3, 2)
    before = X.clone()
    masked = d2l.sequence_mask(X, torch.tensor([1, 2]), value=-1)
    assert masked.tolist() == [[[0, 1], [-1, -1], [-1, -1]], [[6, 7], [8, 9], [-1, -1]]]
    assert torch.equal(X, before)


def test_the_masked_loss_is_the_sum_over_valid_tokens_by_the_number_of_steps():
    pred, label, lens = scores(3, 4, 5), torch.arange(12).reshape(3, 4) % 5, [4, 2, 0]
    each = [
        F.cross_entropy(pred[i, :n], label[i, :n], reduction="sum") / 4 for i, n in enumerate(lens)
    ]
    found = d2l.MaskedSoftmaxCELoss()(pred, label, torch.tensor(lens))
    assert torch.allclose(found, torch.stack(each))


def test_the_masked_loss_takes_what_cross_entropy_takes():
    pred, label = scores(1, 2, 3), torch.tensor([[0, 2]])
    weight = torch.tensor([1.0, 1.0, 3.0])
    loss = d2l.MaskedSoftmaxCELoss(weight=weight, label_smoothing=0.1)
    expected = F.cross_entropy(pred[0], label[0], weight, reduction="sum", label_smoothing=0.1) / 2
    assert torch.allclose(loss(pred, label, torch.tensor([2])), expected)


def test_the_masked_loss_ignores_a_label_where_it_is_told_to():
    pred, label = scores(1, 3, 3), torch.tensor([[0, 2, 1]])
    expected = F.cross_entropy(pred[0, :2], label[0, :2], reduction="sum") / 3
    found = d2l.MaskedSoftmaxCELoss(ignore_index=1)(pred, label, torch.tensor([3]))
    assert torch.allclose(found, expected)
