"""Hand-written linear regression, against arithmetic done by eye and by autograd."""

import numpy as np
import pytest
import torch

from d2l import torch as d2l
from d2l.errors import ShapeError


def test_linreg_is_a_weighted_sum_per_example():
    X, w = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[10.0], [100.0]])
    assert d2l.linreg(X, w, torch.tensor([1.0])).tolist() == [[211.0], [431.0]]
    assert d2l.linreg(X, w.reshape(-1), 0).tolist() == [210.0, 430.0]


def test_squared_loss_has_the_shape_of_the_prediction():
    y_hat, y = torch.tensor([[1.0], [5.0]]), torch.tensor([0.0, 1.0])
    assert d2l.squared_loss(y_hat, y).tolist() == [[0.5], [8.0]]
    assert d2l.squared_loss(y, y_hat).tolist() == [0.5, 8.0]


def test_squared_loss_of_other_numbers_of_values_says_both_shapes():
    with pytest.raises(ShapeError, match=r"y_hat is \(2, 1\), y is \(3,\)"):
        d2l.squared_loss(torch.zeros(2, 1), torch.zeros(3))


def test_sgd_steps_like_pytorchs_on_the_mean_and_clears_the_gradients():
    X, y = torch.randn(8, 3), torch.randn(8, 1)
    ours = [torch.randn(3, 1, requires_grad=True), torch.zeros(1, requires_grad=True)]
    theirs = [param.detach().clone().requires_grad_() for param in ours]
    d2l.squared_loss(d2l.linreg(X, *ours), y).sum().backward()
    d2l.sgd(ours, lr=0.1, batch_size=8)
    (((X @ theirs[0] + theirs[1]) - y) ** 2 / 2).mean().backward()
    torch.optim.SGD(theirs, lr=0.1).step()
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)
        assert not a.grad.any()


def test_sgd_passes_over_what_has_no_gradient():
    idle = torch.ones(2, requires_grad=True)
    d2l.sgd([idle], 0.1, 4)
    assert idle.tolist() == [1.0, 1.0]


def test_arrays_have_the_loss_of_tensors():
    y_hat, y = torch.randn(4, 1), torch.randn(4)
    expected = d2l.squared_loss(y_hat, y).numpy()
    np.testing.assert_allclose(d2l.squared_loss(y_hat.numpy(), y.numpy()), expected, rtol=1e-6)
