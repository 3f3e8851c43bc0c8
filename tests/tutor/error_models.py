"""Models and loops with a mistake that PyTorch raises an error about."""

import torch
from torch import nn
from torch.nn import functional as F

from d2l import torch as d2l

N = 32
X, y = torch.rand(N, 1, 28, 28), torch.arange(N) % 10
rows, logits = X.flatten(1), torch.randn(N, 10, requires_grad=True)
steps = torch.rand(5, N, 4)


def net(*layers):
    return nn.Sequential(*layers)


def loss_of(model, X=X, y=y, loss=F.cross_entropy):
    return lambda: loss(model(X), y).backward()


def run(model, X=X):
    return lambda: model(X)


class Own(nn.Module):
    """A model whose forward is the function that it is given."""

    def __init__(self, forward, **held):
        super().__init__()
        self.function = forward
        for name, value in held.items():
            setattr(self, name, value)

    def forward(self, *inputs):
        return self.function(self, *inputs)


class Forgets(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(784, 10)

    def forward(self, X):
        self.net(X)


class NoSelf(nn.Module):
    def forward(X):  # noqa: N805
        return X


class TwoInputs(nn.Module):
    def forward(self, X, state):
        return X


class Width(nn.Module):
    def __init__(self, num_hiddens):
        super().__init__()
        self.net = nn.Linear(784, num_hiddens)

    def forward(self, X):
        return self.net(X).reshape(-1, self.num_hiddens)


class SavedWidth(d2l.Classifier):
    def __init__(self, num_hiddens):
        super().__init__()
        self.net = nn.Linear(784, num_hiddens)

    def forward(self, X):
        return self.net(X).reshape(-1, self.num_hiddens)


class NoInit(nn.Module):
    def __init__(self):
        self.net = nn.Linear(784, 10)


class NoInitNoLayer(nn.Module):
    def __init__(self):
        self.w = torch.zeros(784, 10, requires_grad=True)

    def forward(self, X):
        return X @ self.w


def update_by_hand():
    w = torch.zeros(784, 10, requires_grad=True)
    F.cross_entropy(rows @ w, y).backward()
    w -= 0.1 * w.grad


def own_loss_without_grad(model):
    def forward():
        with torch.no_grad():
            y_hat = model(X)
        F.cross_entropy(y_hat, y).backward()

    return forward


def in_place_sigmoid(model, X):
    H = torch.sigmoid(model.hidden(X))
    H += 1
    return H


def in_place_mask(model, X):
    H = torch.exp(model.hidden(X))
    H[H > 1] = 1
    return H


def step_between():
    model = nn.Sequential(nn.Linear(784, 8), nn.Linear(8, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with d2l.watching(model, optimizer):
        first, second = model(rows).mean(), (model(rows) ** 2).mean()
        first.backward()
        optimizer.step()
        second.backward()


class KeepsState(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.head, self.state = nn.RNN(4, 8), nn.Linear(8, 10), None

    def forward(self, X):
        H, self.state = self.rnn(X, self.state)
        return self.head(H[-1])


def two_steps(model, X):
    def program():
        for _ in range(2):
            F.cross_entropy(model(X), y).backward()

    return program


def same_loss_twice(model):
    def program():
        l = F.cross_entropy(model(X), y)
        l.backward()
        l.backward()

    return program


def in_a_frame(model, X, y):
    return F.cross_entropy(model(X), y)
