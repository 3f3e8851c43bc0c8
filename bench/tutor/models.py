"""Models of the right twins: what a student's classifier looks like without a mistake."""

import torch
from torch import nn

from d2l import torch as d2l


class ClothesMLP(d2l.Classifier):
    """One hidden layer of ReLUs."""

    def __init__(self, num_hiddens=64, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Flatten(), nn.LazyLinear(num_hiddens), nn.ReLU(), nn.LazyLinear(10)
        )


class ScratchMLP(d2l.Classifier):
    """The same with parameters of its own."""

    def __init__(self, num_hiddens=64, lr=0.1, sigma=0.05):
        super().__init__()
        self.save_hyperparameters()
        self.W1 = nn.Parameter(torch.randn(784, num_hiddens) * sigma)
        self.b1 = nn.Parameter(torch.zeros(num_hiddens))
        self.W2 = nn.Parameter(torch.randn(num_hiddens, 10) * sigma)
        self.b2 = nn.Parameter(torch.zeros(10))

    def forward(self, X):
        H = torch.relu(X.reshape(-1, 784) @ self.W1 + self.b1)
        return H @ self.W2 + self.b2


class PriceModel(d2l.Module):
    """Linear regression."""

    def __init__(self, lr=0.05):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Linear(6, 1)

    def loss(self, y_hat, y):
        return ((y_hat - y) ** 2 / 2).mean()


class SignalRNN(d2l.Classifier):
    """A GRU over (batch, time, channels), brought to (time, batch, channels)."""

    def __init__(self, num_hiddens=16, lr=0.5):
        super().__init__()
        self.save_hyperparameters()
        self.rnn = nn.GRU(4, num_hiddens)
        self.head = nn.Linear(num_hiddens, 4)

    def forward(self, X):
        outputs, _ = self.rnn(X.transpose(0, 1))
        return self.head(outputs[-1])


class RingsMLP(d2l.Classifier):
    """A classifier of points of the plane."""

    def __init__(self, num_hiddens=32, lr=0.3):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Linear(2, num_hiddens), nn.ReLU(), nn.Linear(num_hiddens, 2))
