"""Accuracy and loss over a data set: every example weighs the same; and clipped gradients."""

import math

import pytest
import torch
from torch import nn

from d2l import torch as d2l
from d2l.errors import DataError, ShapeError


def test_accuracy_counts_the_rows_whose_largest_score_is_at_the_label():
    scores = torch.tensor([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5], [0.9, 0.0, 0.1]])
    assert d2l.accuracy(scores, torch.tensor([2, 0, 0])) == 2.0
    assert type(d2l.accuracy(scores, torch.tensor([2, 0, 0]))) is float


def test_accuracy_compares_labels_that_were_predicted_already():
    y = torch.tensor([1, 0, 1])
    assert d2l.accuracy(torch.tensor([1.0, 1.0, 1.0]), y) == 2.0
    assert d2l.accuracy(torch.tensor([[1.0], [1.0], [1.0]]), y) == 2.0  # not all with all


def test_accuracy_counts_pixels():
    scores, y = torch.rand(2, 3, 4, 5), torch.randint(0, 3, (2, 4, 5))
    right = 0
    for i, j, k in torch.cartesian_prod(torch.arange(2), torch.arange(4), torch.arange(5)).tolist():
        right += scores[i, :, j, k].tolist().index(max(scores[i, :, j, k])) == y[i, j, k]
    assert d2l.accuracy(scores, y) == right


def test_accuracy_names_shapes_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"y_hat of shape \(4, 3\) and y of shape \(2,\)"):
        d2l.accuracy(torch.rand(4, 3), torch.tensor([1, 1]))


def batches_of(X, y, sizes):
    return list(zip(X.split(sizes), y.split(sizes), strict=True))


def test_evaluate_accuracy_gives_each_prediction_the_same_weight():
    net = nn.Sequential(nn.Identity(), nn.Dropout(0.9))
    X, y = torch.eye(5), torch.tensor([0, 1, 2, 3, 0])
    assert d2l.evaluate_accuracy_gpu(net, batches_of(X, y, [4, 1])) == 4 / 5
    assert not net.training


def test_evaluate_accuracy_takes_lists_of_inputs_functions_and_a_device():
    batches = [([torch.eye(2), torch.zeros(2, 2)], torch.tensor([0, 0]))]
    for device in (None, "cpu", torch.device("cpu")):
        assert d2l.evaluate_accuracy_gpu(lambda X: X[0] + X[1], batches, device) == 0.5


@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_evaluate_loss_gives_each_example_the_same_weight(reduction):
    X, y = torch.randn(5, 3), torch.randn(5)
    net = nn.Linear(3, 1)
    errors = [(float(net(x).detach()) - float(t)) ** 2 for x, t in zip(X, y, strict=True)]
    loss = nn.MSELoss(reduction=reduction)
    found = d2l.evaluate_loss(net, batches_of(X, y, [4, 1]), loss)
    assert found == pytest.approx(sum(errors) / 5, rel=1e-5)


def test_evaluate_loss_takes_classes():
    X, y = torch.randn(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    expected = -sum(float(X[i].log_softmax(0)[y[i]]) for i in range(6)) / 6
    found = d2l.evaluate_loss(nn.Identity(), batches_of(X, y, [4, 2]), nn.CrossEntropyLoss())
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "evaluate",
    [
        lambda: d2l.evaluate_loss(nn.Identity(), [], nn.MSELoss()),
        lambda: d2l.evaluate_accuracy_gpu(nn.Identity(), []),
    ],
)
def test_nothing_to_evaluate_is_an_error(evaluate):
    with pytest.raises(DataError, match="no examples"):
        evaluate()


class FromScratch:
    def __init__(self):
        self.params = [torch.ones(2, requires_grad=True), torch.ones(1, requires_grad=True)]


def test_gradients_are_scaled_together_to_the_norm_asked_for():
    net = FromScratch()
    w, b = net.params
    (3 * w.sum() + 4 * b.sum()).backward()  # gradients 3, 3 and 4
    norm = math.sqrt(9 + 9 + 16)
    d2l.grad_clipping(net, 100)
    assert (w.grad.tolist(), b.grad.tolist()) == ([3, 3], [4])
    d2l.grad_clipping(net, 1)
    assert w.grad.tolist() == pytest.approx([3 / norm, 3 / norm])
    assert b.grad.tolist() == pytest.approx([4 / norm])


def test_parameters_without_a_gradient_are_passed_over():
    net = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    d2l.grad_clipping(net, 1)
    net[0](torch.tensor([[5.0]])).sum().backward()
    d2l.grad_clipping(net, 1)
    assert net[0].weight.grad.item() == pytest.approx(5 / math.sqrt(26))
    assert net[1].weight.grad is None
