"""Small loops by hand, with the mistakes that the tests need."""

import torch
from torch import nn
from torch.nn import functional as F

from d2l import torch as d2l

X, y = torch.randn(32, 12), torch.randint(0, 3, (32,))


def mlp():
    return nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 3))


def sgd(net, lr=0.1, **options):
    return torch.optim.SGD(net.parameters(), lr=lr, **options)


def kinds(watch):
    return [hint.kind for hint in watch.hints]


def watched(net, optimizer, step, num_steps=10):
    """The kinds of the hints for a loop whose step is a function of its number."""
    with d2l.watching(net, optimizer) as watch:
        for i in range(num_steps):
            step(i)
    return kinds(watch)


def trained(net, optimizer=None, num_steps=10, loss=F.cross_entropy, inputs=X, labels=y):
    """The kinds of the hints for the usual loop."""
    optimizer = optimizer or sgd(net)

    def step(i):
        optimizer.zero_grad()
        loss(net(inputs), labels).backward()
        with torch.no_grad():
            optimizer.step()

    return watched(net, optimizer, step, num_steps)
