"""The checks on training and evaluation mode."""

import torch
from loops import X, mlp, sgd, trained, watched, y
from torch import nn
from torch.nn import functional as F


def dropping():
    return nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))


def normalising():
    return nn.Sequential(nn.Linear(12, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))


class Function(nn.Module):
    def __init__(self, asks):
        super().__init__()
        self.hidden, self.head, self.asks = nn.Linear(12, 16), nn.Linear(16, 3), asks

    def forward(self, X):
        H = torch.relu(self.hidden(X))
        return self.head(F.dropout(H, 0.5, self.training) if self.asks else F.dropout(H, 0.5))


def evaluated(net, before=lambda net: net.eval(), after=lambda net: net.train(), times=1):
    """The kinds of the hints where every sixth step is followed by a validation."""
    optimizer, X_val = sgd(net), torch.randn(20, 12)

    def step(i):
        optimizer.zero_grad()
        F.cross_entropy(net(X), y).backward()
        optimizer.step()
        if i % 6 == 5:
            before(net)
            with torch.no_grad():
                for _ in range(times):
                    net(X_val)
            after(net)

    return watched(net, optimizer, step, 14)


def test_a_validation_in_training_mode_is_seen():
    for make in (dropping, normalising):
        assert evaluated(make(), before=lambda net: None) == ["mode-not-switched"]
        assert evaluated(make()) == []
    assert evaluated(mlp(), before=lambda net: None) == []


def test_dropout_on_purpose_is_right():
    only_dropout = lambda net: [net.eval(), net[2].train()]  # noqa: E731
    assert evaluated(dropping(), before=only_dropout) == []
    assert evaluated(dropping(), before=lambda net: None, times=8) == []


def test_dropout_that_does_not_ask_for_the_mode_is_seen():
    assert evaluated(Function(asks=False)) == ["mode-not-switched"]
    assert evaluated(Function(asks=True)) == []


def test_targets_that_are_computed_in_each_step_are_right():
    net = dropping()
    optimizer = sgd(net)

    def step(i):
        with torch.no_grad():
            target = net(X + 1)
        optimizer.zero_grad()
        F.mse_loss(net(X), target).backward()
        optimizer.step()

    assert watched(net, optimizer, step, 12) == []


def test_a_model_that_stays_in_evaluation_mode_is_seen():
    for make in (dropping, normalising):
        assert evaluated(make(), after=lambda net: None) == ["mode-not-switched"]


def test_a_new_model_that_learns_in_evaluation_mode_is_seen():
    assert trained(dropping().eval()) == ["mode-not-switched"]
    assert trained(normalising().eval()) == ["mode-not-switched"]


def test_frozen_statistics_are_right():
    net = normalising()
    with torch.no_grad():
        net(X)
    assert trained(net.eval()) == []
    part = normalising()
    part.train()
    part[1].eval()
    assert trained(part) == []
