"""A step of each player, against the losses written out, and a game that is won."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from d2l import torch as d2l


def players():
    torch.manual_seed(0)
    return nn.Linear(2, 1), nn.Linear(3, 2), torch.randn(8, 2), torch.randn(8, 3)


def step_by_hand(net, loss, lr):
    with torch.no_grad():
        gradients = torch.autograd.grad(loss, list(net.parameters()))
        return [p - lr * g for p, g in zip(net.parameters(), gradients, strict=True)]


def test_the_discriminator_steps_on_real_and_made_examples():
    net_D, net_G, X, Z = players()
    before = copy.deepcopy(net_G.state_dict())
    real, fake = net_D(X).reshape(-1), net_D(net_G(Z).detach()).reshape(-1)
    expected = (F.softplus(-real).sum() + F.softplus(fake).sum()) / 2
    weights = step_by_hand(net_D, expected, lr=0.1)
    trainer = torch.optim.SGD(net_D.parameters(), lr=0.1)
    loss_D = d2l.update_D(X, Z, net_D, net_G, nn.BCEWithLogitsLoss(reduction="sum"), trainer)
    assert loss_D.item() == pytest.approx(expected.item(), rel=1e-5)
    assert not loss_D.requires_grad
    assert all(torch.allclose(a, b) for a, b in zip(net_D.parameters(), weights, strict=True))
    assert all(torch.equal(before[name], p) for name, p in net_G.state_dict().items())
    assert all(p.grad is None for p in net_G.parameters())


def test_the_generator_steps_towards_being_taken_for_real():
    net_D, net_G, _, Z = players()
    before = copy.deepcopy(net_D.state_dict())
    expected = F.softplus(-net_D(net_G(Z))).sum()
    weights = step_by_hand(net_G, expected, lr=0.1)
    trainer = torch.optim.SGD(net_G.parameters(), lr=0.1)
    loss_G = d2l.update_G(Z, net_D, net_G, nn.BCEWithLogitsLoss(reduction="sum"), trainer)
    assert loss_G.item() == pytest.approx(expected.item(), rel=1e-5)
    assert not loss_G.requires_grad
    assert all(torch.allclose(a, b) for a, b in zip(net_G.parameters(), weights, strict=True))
    assert all(torch.equal(before[name], p) for name, p in net_D.state_dict().items())


def test_noise_may_come_in_another_number_than_the_examples():
    net_D, net_G, X, Z = players()
    trainer = torch.optim.SGD(net_D.parameters(), lr=0.1)
    loss_D = d2l.update_D(X, Z[:3], net_D, net_G, nn.BCEWithLogitsLoss(), trainer)
    assert torch.isfinite(loss_D)


def test_the_generator_learns_where_the_examples_are():
    torch.manual_seed(0)
    X = torch.randn(500, 2) * 0.3 + torch.tensor([1.0, 2.0])
    net_D = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 3), nn.Tanh(), nn.Linear(3, 1))
    net_G, loss = nn.Linear(2, 2), nn.BCEWithLogitsLoss(reduction="sum")
    trainer_D = torch.optim.Adam(net_D.parameters(), lr=0.05)
    trainer_G = torch.optim.Adam(net_G.parameters(), lr=0.01)
    for _ in range(40):
        for x in X.split(50):
            d2l.update_D(x, torch.randn(len(x), 2), net_D, net_G, loss, trainer_D)
            d2l.update_G(torch.randn(len(x), 2), net_D, net_G, loss, trainer_G)
    made = net_G(torch.randn(500, 2))
    assert torch.allclose(made.mean(0), X.mean(0), atol=0.4)
