"""Numbers of a run that stay on the device until somebody looks: weighted means, a nan watch."""

import math
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

SECONDS_BETWEEN_READS = 0.1


class WeightedMeans:
    """Means by name over batches of unequal size: every example weighs the same.

    Sums are float64 where the device has it, and are read by nobody before `pop`.
    """

    def __init__(self) -> None:
        self._sums: dict[str, Any] = {}
        self._weights: dict[str, int] = {}
        self._of_logarithms: set[str] = set()

    def add(
        self, name: str, batch_mean: Tensor | float, num_examples: int, geometric: bool = False
    ) -> None:
        """Add the mean over a batch of `num_examples` examples, towards a geometric mean or not."""
        if geometric:
            batch_mean = torch.as_tensor(batch_mean).log()
            self._of_logarithms.add(name)
        self._sums[name] = self._sums.get(name, 0.0) + _as_double(batch_mean) * num_examples
        self._weights[name] = self._weights.get(name, 0) + num_examples

    def pop(self, over_all: Callable[[Tensor], Tensor] | None = None) -> dict[str, Any]:
        """The means so far (0-d tensors stay tensors, on their device), and start afresh.

        `over_all` adds up what several processes have summed, sums and weights in one tensor.
        """
        sums, weights, of_logarithms = self._sums, self._weights, self._of_logarithms
        self._sums, self._weights, self._of_logarithms = {}, {}, set()
        means = {name: total / weights[name] for name, total in sums.items()}
        if over_all is not None and sums:
            totals = over_all(torch.stack([_row(sums[name], weights[name]) for name in sums]))
            means = {name: totals[i, 0] / totals[i, 1] for i, name in enumerate(sums)}
        return means | {name: means[name].exp() for name in of_logarithms}


class FiniteWatch:
    """Finds the first batch whose loss is nan or infinite, without waiting for a device.

    On the CPU the answer is there at once. On another device the first bad batch is kept as a
    number on that device and read about ten times a second.
    """

    def __init__(self, deferred: bool) -> None:
        self.deferred = deferred
        self._seen: tuple[Tensor, int] | None = None
        self._first_bad: Tensor | None = None
        self._next_read = 0.0

    def note(self, loss: Tensor, batch_index: int) -> tuple[int, float] | None:
        """Look at the loss of a batch; the first bad batch and its loss, once one is known.

        The same tensor is looked at once a batch, whoever hands it in: on a GPU each look is
        several kernels.
        """
        if self._seen is not None and self._seen[0] is loss and self._seen[1] == batch_index:
            return None
        self._seen = (loss, batch_index)
        if not self.deferred:
            value = loss.item()
            return None if math.isfinite(value) else (batch_index, value)
        self._remember(loss.detach().reshape(()).float(), batch_index)
        if time.monotonic() < self._next_read:
            return None
        return self.read()

    def read(self) -> tuple[int, float] | None:
        """The first bad batch noted so far and its loss; waits for the device."""
        if self._first_bad is None:
            return None
        self._next_read = time.monotonic() + SECONDS_BETWEEN_READS
        batch_index, value = self._first_bad.tolist()
        return None if batch_index < 0 else (int(batch_index), value)

    def _remember(self, loss: Tensor, batch_index: int) -> None:
        if self._first_bad is None:
            self._first_bad = torch.tensor([-1.0, 0.0], device=loss.device)
        here = torch.stack([torch.full_like(loss, batch_index), loss])
        is_first = ~torch.isfinite(loss) & (self._first_bad[0] < 0)
        self._first_bad = torch.where(is_first, here, self._first_bad)


def _row(total: Tensor | float, weight: int) -> Tensor:
    total = torch.as_tensor(total, dtype=torch.float64)
    return torch.stack([total, torch.full_like(total, weight)])


def _as_double(value: Tensor | float) -> Tensor | float:
    if not isinstance(value, Tensor):
        return float(value)
    return value.detach().to(torch.float32 if value.device.type == "mps" else torch.float64)
