"""Linear regression, from scratch and concise, and its optimizer."""

from collections.abc import Iterable, Iterator

import torch
from torch import nn

from d2l.base.axes import Float, Shaped, Tensor
from d2l.core.classifier import Classifier
from d2l.core.hyperparameters import HyperParameters
from d2l.core.module import Module


class SGD(HyperParameters):
    """Minibatch stochastic gradient descent: `param -= lr * param.grad`.

    `params` are updated in place; those without a gradient are unchanged. A negative `lr`
    ascends.

    >>> w = torch.tensor([3.0], requires_grad=True)
    >>> (w**2).backward()
    >>> with torch.no_grad():
    ...     d2l.SGD([w], lr=0.25).step()
    >>> w.item()
    1.5

    Book: 3.4 Linear regression implementation from scratch
    """

    params: Iterable[Tensor]
    lr: float

    def __init__(self, params: Iterable[Tensor], lr: float) -> None:
        if isinstance(params, Iterator):
            params = list(params)  # an iterator can be read only once
        self.save_hyperparameters()

    def step(self) -> None:
        """Update the parameters. Call it under `torch.no_grad()`, as the trainer does."""
        for param in self.params:
            if param.grad is not None:
                param.sub_(self.lr * param.grad)

    def zero_grad(self) -> None:
        """Set the gradients to None."""
        for param in self.params:
            param.grad = None


Inputs = Float[Tensor, "*batch num_inputs"]  # aliases, because TorchScript cannot parse subscripts
Outputs = Float[Tensor, "*batch 1"]
Images = Float[Tensor, "batch ..."]
Logits = Float[Tensor, "batch num_outputs"]


class LinearRegressionScratch(Module):
    """Linear regression with tensors `w` (num_inputs, 1), drawn N(0, sigma²), and `b` (1,).

    >>> model = d2l.LinearRegressionScratch(num_inputs=2, lr=0.03)
    >>> model(torch.ones(5, 2)).shape
    torch.Size([5, 1])
    >>> model.loss(torch.tensor([[3.0]]), torch.tensor([[1.0]]))
    tensor(2.)

    Book: 3.4 Linear regression implementation from scratch
    """

    lr: float

    def __init__(self, num_inputs: int, lr: float, sigma: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.w = torch.normal(0, sigma, (num_inputs, 1), requires_grad=True)
        self.b = torch.zeros(1, requires_grad=True)

    def forward(self, X: Inputs) -> Outputs:
        """Return `X w + b`."""
        return torch.matmul(X, self.w) + self.b

    def loss(
        self, y_hat: Float[Tensor, "batch 1"], y: Float[Tensor, "batch 1"]
    ) -> Float[Tensor, ""]:
        """Return half the mean squared error."""
        return ((y_hat - y) ** 2 / 2).mean()

    def configure_optimizers(self) -> SGD:
        """Return `d2l.SGD` on `w` and `b`."""
        return SGD([self.w, self.b], self.lr)


class LinearRegression(Module):
    """Linear regression with one lazy layer `net`: weights drawn N(0, 0.01²), bias 0.

    >>> model = d2l.LinearRegression(lr=0.03)
    >>> model(torch.ones(5, 2)).shape
    torch.Size([5, 1])
    >>> model.get_w_b()[0].shape, model.get_w_b()[1]
    (torch.Size([1, 2]), tensor([0.]))

    Book: 3.5 Concise implementation of linear regression
    """

    lr: float

    def __init__(self, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = _SmallLazyLinear(1)

    def forward(self, X: Inputs) -> Outputs:
        """Return `X w + b`."""
        return self.net(X)

    def loss(
        self, y_hat: Float[Tensor, "batch 1"], y: Float[Tensor, "batch 1"]
    ) -> Float[Tensor, ""]:
        """Return the mean squared error."""
        return nn.functional.mse_loss(y_hat, y)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return PyTorch's SGD."""
        return torch.optim.SGD(self.parameters(), self.lr)

    def get_w_b(self) -> tuple[Float[Tensor, "1 num_inputs"], Float[Tensor, "1"]]:
        """Return the weights and the bias, which share memory with the layer."""
        return self.net.weight.data, self.net.bias.data


class SoftmaxRegressionScratch(Classifier):
    """Softmax regression with tensors `W` (num_inputs, num_outputs) and `b` (num_outputs,).

    Outputs are probabilities, not logits.

    >>> model = d2l.SoftmaxRegressionScratch(num_inputs=4, num_outputs=3, lr=0.1)
    >>> model(torch.rand(2, 1, 2, 2)).shape
    torch.Size([2, 3])
    >>> model.loss(torch.tensor([[0.5, 0.25, 0.25]]), torch.tensor([0]))
    tensor(0.6931)

    Book: 4.4 Softmax regression implementation from scratch
    """

    lr: float

    def __init__(self, num_inputs: int, num_outputs: int, lr: float, sigma: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.W = torch.normal(0, sigma, size=(num_inputs, num_outputs), requires_grad=True)
        self.b = torch.zeros(num_outputs, requires_grad=True)

    def parameters(self, recurse: bool = True) -> list[Tensor]:  # type: ignore[override]
        """Return `[W, b]`."""
        return [self.W, self.b]

    def forward(self, X: Images) -> Logits:
        """Return `softmax(X W + b)`; each example is flattened."""
        return softmax(torch.matmul(X.reshape((-1, self.W.shape[0])), self.W) + self.b)

    def loss(
        self,
        Y_hat: Float[Tensor, "batch num_outputs"],
        Y: Shaped[Tensor, "batch"],
        averaged: bool = True,
    ) -> Float[Tensor, "..."]:
        """Return the cross-entropy of probabilities and labels, averaged or one per example."""
        losses = -torch.log(Y_hat.gather(1, Y.reshape(-1, 1)).reshape(-1))
        return losses.mean() if averaged else losses


class SoftmaxRegression(Classifier):
    """Softmax regression with one lazy layer; outputs are logits.

    >>> model = d2l.SoftmaxRegression(num_outputs=3, lr=0.1)
    >>> model(torch.rand(2, 1, 28, 28)).shape
    torch.Size([2, 3])

    Book: 4.5 Concise implementation of softmax regression
    """

    lr: float

    def __init__(self, num_outputs: int, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.LazyLinear(num_outputs))

    def forward(self, X: Images) -> Logits:
        """Return the logits; each example is flattened."""
        return self.net(X)


def softmax(X: Float[Tensor, "batch num_outputs"]) -> Float[Tensor, "batch num_outputs"]:
    """Return the softmax of each row; the row's maximum is subtracted first for stability."""
    X_exp = torch.exp(X - X.amax(dim=1, keepdim=True))
    return X_exp / X_exp.sum(1, keepdim=True)


class _SmallLazyLinear(nn.LazyLinear):
    """A lazy layer with initial weights drawn N(0, 0.01²); loaded weights are kept."""

    def _get_name(self) -> str:  # prints like the book's layer
        return "LazyLinear"

    def initialize_parameters(self, X: Tensor) -> None:
        is_new = self.has_uninitialized_params()
        super().initialize_parameters(X)
        if is_new:
            nn.init.normal_(self.weight, 0, 0.01)
            nn.init.zeros_(self.bias)
