"""The checks on learning rates, decay and schedules, by what they did in an epoch."""

import pytest
import torch
from loops import X, mlp, sgd, trained, watched, y
from torch import nn
from torch.nn import functional as F

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.mark.parametrize("lr", [1e-3, 0.01, 0.1, 0.5])
def test_rates_that_are_used_are_right(lr):
    net = mlp()
    assert trained(net, sgd(net, lr), num_steps=40) == []


def test_a_rate_that_is_too_high_is_seen():
    net = mlp()
    assert trained(net, sgd(net, lr=500.0), num_steps=40) == ["lr-too-high"]
    linear = nn.Linear(12, 1)
    hints = trained(linear, sgd(linear, 5.0), 60, F.mse_loss, X, torch.randn(32, 1))
    assert hints == ["lr-too-high"]


def test_a_rate_that_is_too_low_is_seen():
    net = mlp()
    assert trained(net, sgd(net, lr=1e-6), num_steps=40) == ["lr-too-low"]
    assert trained(net, sgd(net, lr=1e-6), num_steps=20) == []


def test_a_loss_that_has_reached_its_minimum_is_right():
    net = nn.Linear(12, 1)
    target = net(X).detach()
    assert trained(net, sgd(net, 0.01), 40, F.mse_loss, X, target) == []


def scheduled(gamma, num_steps=40):
    net = mlp()
    optimizer = sgd(net, 0.1)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma)

    def step(i):
        optimizer.zero_grad()
        F.cross_entropy(net(X), y).backward()
        optimizer.step()
        schedule.step()

    return watched(net, optimizer, step, num_steps)


def test_a_schedule_that_is_stepped_in_each_batch_is_seen():
    assert scheduled(0.1) == ["plateau-schedule"]
    assert scheduled(0.95) == []


def test_a_cosine_over_the_run_and_a_warm_up_are_right():
    net = mlp()
    optimizer = sgd(net, 0.3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.3, total_steps=41)

    def step(i):
        optimizer.zero_grad()
        F.cross_entropy(net(X), y).backward()
        optimizer.step()
        schedule.step()

    assert watched(net, optimizer, step, 40) == []


def test_a_decay_that_holds_the_weights_at_zero_is_seen():
    net = mlp()
    assert trained(net, sgd(net, 0.1, weight_decay=3), num_steps=40) == ["plateau-weight-decay"]
    net = mlp()
    assert trained(net, sgd(net, 0.1, weight_decay=1e-3), num_steps=40) == []
