"""Minibatch stochastic gradient descent from scratch, for any list of tensors."""

from collections.abc import Iterable, Iterator

from torch import Tensor

from d2l.core.hyperparameters import HyperParameters


class SGD(HyperParameters):
    """Minibatch stochastic gradient descent: `param -= lr * param.grad`.

    `params` are updated in place; those without a gradient stay as they are. A negative `lr`
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
            params = list(params)  # it could be read only once
        self.save_hyperparameters()

    def step(self) -> None:
        """One step against the gradient. Call it under `torch.no_grad()`, as the trainer does."""
        for param in self.params:
            if param.grad is not None:
                param.sub_(self.lr * param.grad)

    def zero_grad(self) -> None:
        """Set the gradients to None."""
        for param in self.params:
            param.grad = None
