"""Multilayer perceptrons with one hidden layer, from scratch and with layers."""

import torch
from torch import nn

from d2l.base.axes import Float, Tensor
from d2l.core.classifier import Classifier


class MLPScratch(Classifier):
    """A multilayer perceptron with one hidden ReLU layer and parameters W1, b1, W2, b2.

    Weights are drawn N(0, sigma²); outputs are logits.

    >>> model = d2l.MLPScratch(num_inputs=4, num_outputs=3, num_hiddens=16, lr=0.1)
    >>> [tuple(parameter.shape) for parameter in model.parameters()]
    [(4, 16), (16,), (16, 3), (3,)]
    >>> model(torch.rand(2, 1, 2, 2)).shape
    torch.Size([2, 3])

    Book: 5.2 Implementation of multilayer perceptrons
    """

    lr: float

    def __init__(
        self, num_inputs: int, num_outputs: int, num_hiddens: int, lr: float, sigma: float = 0.01
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.W1 = nn.Parameter(torch.randn(num_inputs, num_hiddens) * sigma)
        self.b1 = nn.Parameter(torch.zeros(num_hiddens))
        self.W2 = nn.Parameter(torch.randn(num_hiddens, num_outputs) * sigma)
        self.b2 = nn.Parameter(torch.zeros(num_outputs))

    def forward(self, X: Float[Tensor, "batch ..."]) -> Float[Tensor, "batch num_outputs"]:
        """Return the logits `relu(X W1 + b1) W2 + b2`; each example is flattened."""
        X = X.reshape((-1, self.W1.shape[0]))
        H = torch.relu(torch.matmul(X, self.W1) + self.b1)  # (batch, num_hiddens)
        return torch.matmul(H, self.W2) + self.b2


class MLP(Classifier):
    """A multilayer perceptron with one lazy hidden ReLU layer.

    Inputs are (batch, …), each example flattened; outputs are logits (batch, num_outputs).

    >>> model = d2l.MLP(num_outputs=3, num_hiddens=16, lr=0.1)
    >>> model(torch.rand(2, 1, 28, 28)).shape
    torch.Size([2, 3])

    Book: 5.2 Implementation of multilayer perceptrons
    """

    lr: float

    def __init__(self, num_outputs: int, num_hiddens: int, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Flatten(),
            nn.LazyLinear(num_hiddens),
            nn.ReLU(),
            nn.LazyLinear(num_outputs),
        )
