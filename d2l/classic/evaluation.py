"""Running sums, and the accuracy or loss of a model on a data set."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from d2l.base.axes import Float, Shaped, Tensor
from d2l.base.devices import move
from d2l.base.public_names import is_replaced
from d2l.errors import DataError, ShapeError
from d2l.plot.curves import as_value


class Accumulator:
    """Sums of `n` numbers.

    Numbers on a GPU are summed there; they are read only when a sum is accessed.

    >>> metric = d2l.Accumulator(2)
    >>> metric.add(torch.tensor(3.0), 1)
    >>> metric.add(0.5, 1)
    >>> metric[0], metric[1]
    (3.5, 2.0)

    Book: 23.7 Utility functions and classes
    """

    def __init__(self, n: int) -> None:
        self._sums: list[Any] = [0.0] * n

    def add(self, *args: Any) -> None:
        """Add one number to each sum: floats or tensors of one element, with gradients or without.

        Book: 23.7 Utility functions and classes
        """
        if len(args) != len(self._sums):
            raise ShapeError(
                f"add expects {len(self._sums)} numbers, one per sum of this Accumulator; found "
                f"{len(args)}. Create it as Accumulator({len(args)})"
            )
        sums = zip(self._sums, args, strict=True)
        self._sums = [total + _number(value) for total, value in sums]

    def reset(self) -> None:
        """Reset all sums to 0.

        Book: 23.7 Utility functions and classes
        """
        self._sums = [0.0] * len(self._sums)

    @property
    def data(self) -> list[float]:
        """All sums; synchronizes with the device."""
        self._sums[:] = [float(total) for total in self._sums]
        return self._sums

    @data.setter
    def data(self, value: list[Any]) -> None:
        self._sums = value

    def __getitem__(self, idx: Any) -> Any:
        return self.data[idx] if isinstance(idx, slice) else float(self._sums[idx])


def sums_on_device(metric: Accumulator) -> list[Any]:
    """Return the sums on their device, without synchronization."""
    return metric._sums


def _number(value: Any) -> Any:
    if isinstance(value, Tensor) and value.numel() != 1:
        raise ShapeError(
            f"an Accumulator adds numbers; found a tensor of shape {tuple(value.shape)}. Add "
            "its sum instead: metric.add(l.sum(), …)"
        )
    number = as_value(value)
    is_wide = isinstance(number, Tensor) and number.device.type != "mps"
    return number.to(torch.float64) if is_wide else number


def accuracy(y_hat: Shaped[Tensor, "batch ..."], y: Shaped[Tensor, "..."]) -> float:
    """Return the number of correct predictions (not their fraction).

    `y_hat` contains scores (batch, classes, ...) or predicted labels in the shape of `y`; a single
    label is broadcast.

    >>> d2l.accuracy(torch.tensor([[2.0, 1.0], [0.0, 5.0], [3.0, 1.0]]), torch.tensor([0, 1, 1]))
    2.0

    Book: 23.7 Utility functions and classes
    """
    return float(_num_equal(y_hat, y))


def count_correct(
    y_hat: Shaped[Tensor, "batch ..."], y: Shaped[Tensor, "..."]
) -> Float[Tensor, ""]:
    """Return `accuracy` without synchronization; uses a user's replacement of `d2l.accuracy`."""
    if is_replaced("accuracy"):
        return torch.as_tensor(accuracy(y_hat, y), dtype=torch.float32, device=y.device)
    return _num_equal(y_hat, y)


def _num_equal(y_hat: Shaped[Tensor, "batch ..."], y: Shaped[Tensor, "..."]) -> Float[Tensor, ""]:
    labels = y_hat
    if y_hat.ndim > 1 and y_hat.shape[1] > 1:
        labels = y_hat.argmax(dim=1)
    elif y_hat.numel() == y.numel():
        labels = y_hat.reshape(y.shape)  # (batch, 1) and (batch,) would broadcast
    try:
        is_correct = labels.to(y.dtype) == y
    except RuntimeError as error:
        raise ShapeError(
            f"accuracy expects scores (batch, classes, ...) and labels (batch, ...); found "
            f"y_hat of shape {tuple(y_hat.shape)} and y of shape {tuple(y.shape)}"
        ) from error
    return is_correct.sum().to(torch.float32)


def evaluate_accuracy(net: Callable[..., Tensor], data_iter: Iterable[Any]) -> float:
    """Return the fraction of correct predictions over the batches `(X, y)` of `data_iter`.

    `net` is a function or an `nn.Module`; a module is left in evaluation mode, and batches are
    moved to the device of its parameters.

    >>> d2l.evaluate_accuracy(lambda X: X, [(torch.eye(2), torch.tensor([0, 0]))])
    0.5

    Book: 3.6 Softmax regression from scratch (0.17.6)
    """
    return _accuracy_of(net, data_iter, None)


def evaluate_accuracy_gpu(
    net: Callable[..., Tensor],
    data_iter: Iterable[Any],
    device: torch.device | str | None = None,
) -> float:
    """Return the fraction of correct predictions over the batches `(X, y)` of `data_iter`.

    Batches are moved to `device`, by default that of the net's parameters; `X` may be a list of
    tensors. An `nn.Module` is left in evaluation mode.

    >>> d2l.evaluate_accuracy_gpu(lambda X: X, [(torch.eye(2), torch.tensor([0, 0]))])
    0.5

    Book: 23.7 Utility functions and classes
    """
    return _accuracy_of(net, data_iter, device)


def _accuracy_of(
    net: Callable[..., Tensor], data_iter: Iterable[Any], device: torch.device | str | None
) -> float:
    if isinstance(net, nn.Module):
        net.eval()
        device = device or next((parameter.device for parameter in net.parameters()), None)
    metric = Accumulator(2)  # correct predictions, predictions
    with torch.no_grad():
        for batch in data_iter:
            X, y = batch if device is None else move(tuple(batch), torch.device(device))
            metric.add(count_correct(net(X), y), y.numel())
    return _ratio(metric[0], metric[1])


def evaluate_loss(
    net: Callable[..., Tensor], data_iter: Iterable[Any], loss: Callable[..., Tensor]
) -> float:
    """Return the mean loss over the batches `(X, y)` of `data_iter`; each example counts equally.

    `loss(net(X), y)` returns one value per example, or the mean of the batch; `y` is reshaped to
    the net's output if it has as many elements.

    >>> data = [(torch.tensor([[1.0], [2.0]]), torch.tensor([0.0, 0.0]))]
    >>> d2l.evaluate_loss(lambda X: 2 * X, data, lambda y_hat, y: (y_hat - y) ** 2)
    10.0

    Book: 23.7 Utility functions and classes
    """
    metric = Accumulator(2)  # losses, number of losses
    with torch.no_grad():
        for X, y in data_iter:
            y_hat = net(X)
            l = loss(y_hat, y.reshape(y_hat.shape) if y.numel() == y_hat.numel() else y)
            count = l.numel() if l.ndim else len(y)
            metric.add(l.sum() if l.ndim else l * count, count)
    return _ratio(metric[0], metric[1])


def _ratio(total: float, count: float) -> float:
    if count == 0:
        raise DataError("data_iter must yield at least one batch (X, y); found no examples")
    return total / count
