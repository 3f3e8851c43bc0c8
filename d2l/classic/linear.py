"""Linear regression as functions: the model, its loss, and a step of gradient descent."""

import math
from collections.abc import Iterable
from typing import Any

import torch

from d2l.base.axes import Float, Tensor
from d2l.errors import ShapeError


def linreg(
    X: Float[Tensor, "batch num_inputs"],
    w: Float[Tensor, "num_inputs *num_outputs"],
    b: Float[Tensor, "*"] | float,
) -> Float[Tensor, "batch *num_outputs"]:
    """`X w + b`.

    >>> d2l.linreg(torch.tensor([[1., 2.]]), torch.tensor([[3.], [4.]]), 0.5)
    tensor([[11.5000]])

    Book: 23.7 Utility functions and classes
    """
    return torch.matmul(X, w) + b


def squared_loss(y_hat: Any, y: Any) -> Any:
    """Half the squared error of each example, in the shape of `y_hat`; `y` may have another shape.

    Both are tensors or NumPy arrays.

    >>> d2l.squared_loss(torch.tensor([[1.], [5.]]), torch.tensor([0., 1.]))
    tensor([[0.5000],
            [8.0000]])

    Book: 23.7 Utility functions and classes
    """
    if math.prod(y_hat.shape) != math.prod(y.shape):
        raise ShapeError(
            f"squared_loss compares value by value: y_hat is {tuple(y_hat.shape)}, y is "
            f"{tuple(y.shape)}; they need as many values"
        )
    return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2


def sgd(params: Iterable[Tensor], lr: float, batch_size: int) -> None:
    """One step of minibatch gradient descent, in place, and the gradients set to zero.

    For losses that are summed over the batch: `param -= lr * param.grad / batch_size`. Tensors
    without a gradient stay as they are.

    >>> w = torch.ones(1, requires_grad=True); (6 * w).sum().backward()
    >>> d2l.sgd([w], lr=0.1, batch_size=2); w.tolist()
    [0.699999988079071]

    Book: 23.7 Utility functions and classes
    """
    with torch.no_grad():
        for param in params:
            if param.grad is not None:
                param.sub_(lr * param.grad / batch_size)
                param.grad.zero_()
