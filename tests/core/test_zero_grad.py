"""Gradients are forgotten as the optimizer says, whoever wrote its `zero_grad`."""

import torch
from readers import LazyNet, TwoClasses
from torch import nn

from d2l import torch as d2l
from d2l.core.trainer import zero_grad


def layer_with_gradients():
    layer = nn.Linear(2, 3)
    layer(torch.ones(1, 2)).sum().backward()
    return layer


def test_pytorchs_own_forgets_the_gradients_of_every_group():
    first, second = layer_with_gradients(), layer_with_gradients()
    optimizer = torch.optim.Adam([{"params": first.parameters()}, {"params": second.parameters()}])
    zero_grad(optimizer)
    assert all(p.grad is None for layer in (first, second) for p in layer.parameters())


class KeepsHalf(torch.optim.SGD):
    def zero_grad(self, set_to_none=True):
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.grad *= 0.5


class FromScratch:
    def zero_grad(self):
        self.was_called = True


def test_a_zero_grad_of_the_readers_own_is_called():
    layer = layer_with_gradients()
    zero_grad(KeepsHalf(layer.parameters(), lr=0.1))
    assert torch.equal(layer.weight.grad, torch.full((3, 2), 0.5))
    own = FromScratch()
    zero_grad(own)
    assert own.was_called


def test_one_that_is_replaced_on_the_optimizer_or_on_pytorchs_class_is_called(monkeypatch):
    layer, calls = layer_with_gradients(), []
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    optimizer.zero_grad = lambda: calls.append("instance")
    zero_grad(optimizer)
    monkeypatch.setattr(torch.optim.Optimizer, "zero_grad", lambda self: calls.append("class"))
    zero_grad(torch.optim.SGD(layer.parameters(), lr=0.1))
    assert calls == ["instance", "class"]
    assert layer.weight.grad is not None


def test_a_run_gives_the_same_numbers_either_way(monkeypatch):
    losses = []
    for _ in range(2):
        torch.manual_seed(0)
        model = LazyNet()
        d2l.Trainer(2, seed=0).fit(model, TwoClasses())
        losses.append(model.board.points["train_loss"])
        monkeypatch.setattr("d2l.core.trainer.zero_grad", lambda optimizer: optimizer.zero_grad())
    assert losses[0] == losses[1]
