"""What a loss is given, how it is reduced, its sign, and its graph."""

import pytest
import torch
from loops import X, kinds, mlp, sgd, watched, y
from torch import nn
from torch.nn import functional as F

from d2l import torch as d2l

TARGETS = X[:, :1] - 2 * X[:, 1:2]


def loop(loss, net=None, num_steps=4, optimizer=None):
    """The kinds of hints in a few steps of `loss(net)`."""
    torch.manual_seed(0)
    net = net or mlp()
    optimizer = optimizer or sgd(net)

    def step(i):
        optimizer.zero_grad()
        loss(net).backward()
        optimizer.step()

    return watched(net, optimizer, step, num_steps)


def gives_logits(net):
    return F.cross_entropy(net(X), y)


WRONG = {
    "softmax-before-cross-entropy": lambda net: F.cross_entropy(net(X).softmax(1), y),
    "nll-of-probabilities": lambda net: F.nll_loss(net(X).softmax(1), y),
    "sigmoid-before-logits-loss": lambda net: F.binary_cross_entropy_with_logits(
        torch.sigmoid(net(X)), F.one_hot(y, 3).float()
    ),
    "relu-on-outputs": lambda net: F.cross_entropy(torch.relu(net(X)), y),
    "sigmoid-before-logits-loss ": lambda net: F.cross_entropy(torch.sigmoid(net(X)), y),
    "softmax-over-batch": lambda net: F.nll_loss(F.log_softmax(net(X), dim=0), y),
    "one-output-for-classes": lambda net: F.cross_entropy(net(X)[:, :1], torch.zeros_like(y)),
    "labels-out-of-reach": lambda net: F.mse_loss(torch.sigmoid(net(X)[:, :1]), 9 * TARGETS),
    "loss-broadcasts": lambda net: ((net(X)[:, :1] - TARGETS.reshape(-1)) ** 2).mean(),
    "loss-broadcasts ": lambda net: (
        F.softplus(net(X)[:, :1]) - net(X)[:, :1] * (TARGETS > 0).float().reshape(-1)
    ).mean(),
    "loss-negated": lambda net: F.log_softmax(net(X), 1)[torch.arange(len(y)), y].mean(),
    "graph-cut": lambda net: torch.tensor(gives_logits(net).item(), requires_grad=True),
}
RIGHT = {
    "logits": gives_logits,
    "nll of log-softmax": lambda net: F.nll_loss(F.log_softmax(net(X), 1), y),
    "own cross-entropy": lambda net: -net(X).softmax(1)[torch.arange(len(y)), y].log().mean(),
    "bce of probabilities": lambda net: F.binary_cross_entropy(
        torch.sigmoid(net(X)), F.one_hot(y, 3).float()
    ),
    "squared error of a sigmoid": lambda net: F.mse_loss(
        torch.sigmoid(net(X)), F.one_hot(y, 3).float()
    ),
    "one shape": lambda net: F.mse_loss(net(X)[:, :1], TARGETS),
    "pairs on purpose": lambda net: (net(X)[:, :1] - net(X)[:, 1]).square().mean(),
    "a density above 1": lambda net: (
        -torch.distributions.Normal(net(X[:, :]).mean() * 0, 0.01 + 0 * net(X).std())
        .log_prob(0 * net(X))
        .mean()
    ),
    "minimax, as Goodfellow wrote it": lambda net: torch.log(
        1 - torch.sigmoid(net(X)).mean(1)
    ).mean(),
    "a reward": lambda net: -(net(X).softmax(1).max(1).values.log() * 2.0).mean(),
    "sums over features": lambda net: (
        F.mse_loss(net(X), 0 * X[:, :3], reduction="none").sum(1).mean()
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_loss_is_named(kind):
    assert loop(WRONG[kind]) == [kind.strip()]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_loss_is_left_alone(name):
    assert loop(RIGHT[name]) == []


def test_a_negated_loss_is_right_where_the_optimizer_maximizes():
    net = mlp()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, maximize=True)
    assert loop(lambda net: -gives_logits(net), net, optimizer=optimizer) == []


def summed(net):
    return F.cross_entropy(net(X), y, reduction="sum")


def test_a_sum_is_named_where_its_steps_make_it_rise_and_not_with_a_rate_for_it():
    net = mlp()
    assert loop(summed, net, 8, sgd(net, 30.0)) == ["loss-summed"]
    net = mlp()
    assert loop(summed, net, 8, sgd(net, 0.001)) == []


def test_two_players_with_summed_losses_are_right():
    torch.manual_seed(0)
    net_D, net_G = nn.Linear(2, 1), nn.Linear(2, 2)
    trainer_D, trainer_G = torch.optim.Adam(net_D.parameters(), 0.3), sgd(net_G)
    loss = nn.BCEWithLogitsLoss(reduction="sum")
    with d2l.watching(net_D, trainer_D) as watch:
        for _ in range(20):
            Z = torch.randn(16, 2)
            d2l.update_D(torch.randn(16, 2) + 3, Z, net_D, net_G, loss, trainer_D)
            d2l.update_G(Z, net_D, net_G, loss, trainer_G)
    assert kinds(watch) == []


class Body(nn.Module):
    def __init__(self, cut):
        super().__init__()
        self.cut, self.body, self.head = cut, nn.Linear(12, 16), nn.Linear(16, 3)

    def forward(self, X):
        return self.head(self.cut(torch.relu(self.body(X))))


CUTS = {
    "detach": lambda H: H.detach(),
    "data": lambda H: H.data,
    "numpy": lambda H: torch.from_numpy(H.detach().numpy() * 1.0),
}


@pytest.mark.parametrize("name", CUTS)
def test_a_graph_that_is_cut_is_named(name):
    assert loop(gives_logits, Body(CUTS[name])) == ["graph-cut"]


class WithoutGraph(Body):
    def forward(self, X):
        with torch.no_grad():
            H = torch.relu(self.body(X))
        return self.head(H)


def test_a_body_under_no_grad_is_named_where_the_optimizer_is_to_train_it():
    net = WithoutGraph(None)
    assert loop(gives_logits, net) == ["graph-cut"]
    net = WithoutGraph(None)
    assert loop(gives_logits, net, optimizer=sgd(net.head)) == []


def test_a_trained_body_under_a_new_head_and_values_that_are_only_read_are_right():
    def read(H):
        H.detach().mean().item()
        return H

    assert loop(gives_logits, Body(read)) == []
    net = Body(lambda H: H)
    assert loop(gives_logits, net, 20) == []
    net.cut = CUTS["detach"]
    net.head = nn.Linear(16, 3)
    assert loop(gives_logits, net) == []


def test_what_made_a_loss_infinite_is_named():
    wide = nn.Linear(12, 3)
    nn.init.constant_(wide.weight, 300.0)
    nn.init.uniform_(wide.bias)

    def own(net):
        E = torch.exp(net(X))
        return -(E / E.sum(1, keepdim=True))[torch.arange(len(y)), y].log().mean()

    assert loop(own, wide, 1) == ["exp-overflow"]
    assert loop(lambda net: -torch.log(torch.relu(net(X)) * 0).mean(), None, 1) == ["log-of-zero"]
