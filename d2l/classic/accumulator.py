"""Running sums, as the procedural training loops keep them."""

from typing import Any

import torch
from torch import Tensor

from d2l.errors import ShapeError
from d2l.plot.curves import as_value


class Accumulator:
    """Sums of `n` numbers.

    Numbers on a GPU are summed there, and read when a sum is asked for, not before.

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
                f"this Accumulator keeps {len(self._sums)} sums, so add takes as many numbers; "
                f"found {len(args)}. Make it with Accumulator({len(args)})"
            )
        sums = zip(self._sums, args, strict=True)
        self._sums = [total + _number(value) for total, value in sums]

    def reset(self) -> None:
        """Begin at 0 again.

        Book: 23.7 Utility functions and classes
        """
        self._sums = [0.0] * len(self._sums)

    @property
    def data(self) -> list[float]:
        """All sums; waits for the device they are on."""
        self._sums[:] = [float(total) for total in self._sums]
        return self._sums

    @data.setter
    def data(self, value: list[Any]) -> None:
        self._sums = value

    def __getitem__(self, idx: Any) -> Any:
        return self.data[idx] if isinstance(idx, slice) else float(self._sums[idx])


def sums_on_device(metric: Accumulator) -> list[Any]:
    """The sums where they are: no wait for the device."""
    return metric._sums


def _number(value: Any) -> Any:
    if isinstance(value, Tensor) and value.numel() != 1:
        raise ShapeError(
            f"an Accumulator sums numbers; found a tensor of shape {tuple(value.shape)}. "
            "Add its sum: metric.add(l.sum(), …)"
        )
    number = as_value(value)
    is_wide = isinstance(number, Tensor) and number.device.type != "mps"
    return number.to(torch.float64) if is_wide else number
