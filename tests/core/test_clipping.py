"""Clipping: all gradients together, none missing."""

import pytest
import torch
from readers import PlainLine

from d2l import torch as d2l


def test_gradients_are_scaled_together_to_the_given_norm():
    model = torch.nn.Linear(2, 1, bias=False)
    model.weight.grad = torch.tensor([[3.0, 4.0]])  # norm 5
    d2l.Trainer(max_epochs=1).clip_gradients(1, model)
    assert torch.allclose(model.weight.grad, torch.tensor([[0.6, 0.8]]))


def test_small_and_zero_gradients_stay_as_they_are():
    model = torch.nn.Linear(2, 1, bias=False)
    for grad in (torch.tensor([[0.3, 0.4]]), torch.zeros(1, 2)):
        model.weight.grad = grad.clone()
        d2l.Trainer(max_epochs=1).clip_gradients(1, model)
        assert torch.equal(model.weight.grad, grad)


def test_a_parameter_without_gradient_is_passed_over():
    model = torch.nn.Linear(2, 1)
    model.weight.grad = torch.tensor([[3.0, 4.0]])
    d2l.Trainer(max_epochs=1).clip_gradients(1, model)
    assert model.bias.grad is None
    assert model.weight.grad.norm().item() == pytest.approx(1)


def test_plain_tensors_are_clipped_too():
    model = PlainLine(2, lr=0.1)
    model.w.grad = torch.tensor([[30.0], [40.0]])
    d2l.Trainer(max_epochs=1).clip_gradients(1, model)
    assert model.w.grad.norm().item() == pytest.approx(1)
