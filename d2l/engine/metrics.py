"""Numbers of a run that stay on the device until they are needed: weighted means, finite losses."""

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

SECONDS_BETWEEN_READS = 0.1


class WeightedMeans:
    """Means by name over batches of unequal size: each example counts equally.

    Sums are float64 where the device has it, and are not read before `pop`.
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

    def pop(self, all_reduce: Callable[[Tensor], Tensor] | None = None) -> dict[str, Any]:
        """The means so far (0-d tensors stay tensors, on their device); then start again.

        `all_reduce` adds up what several processes have summed, sums and weights in one tensor.
        """
        sums, weights, of_logarithms = self._sums, self._weights, self._of_logarithms
        self._sums, self._weights, self._of_logarithms = {}, {}, set()
        means = {name: total / weights[name] for name, total in sums.items()}
        if all_reduce is not None and sums:
            totals = all_reduce(torch.stack([_row(sums[name], weights[name]) for name in sums]))
            means = {name: totals[i, 0] / totals[i, 1] for i, name in enumerate(sums)}
        return means | {name: means[name].exp() for name in of_logarithms}


class NonFinite(NamedTuple):
    """A loss that is nan or infinite, and which training batch of the run it belongs to."""

    batch_index: int
    value: float


class FiniteCheck:
    """Finds the first loss that is nan or infinite, without waiting for a device.

    On the CPU the answer is immediate. Losses on another device are collected there, detached, and
    read together about ten times a second.
    """

    def __init__(self, deferred: bool) -> None:
        self.deferred = deferred
        self._pending: list[tuple[int, Tensor]] = []
        self._next_read = time.monotonic() + SECONDS_BETWEEN_READS

    def add(self, loss: Tensor | float, batch_index: int) -> NonFinite | None:
        """Take in the loss of a batch; the first that is not finite, once one is known."""
        if not self.deferred:
            value = float(loss)
            return None if math.isfinite(value) else NonFinite(batch_index, value)
        self._pending.append((batch_index, torch.as_tensor(loss).detach().reshape(())))
        return self.read() if time.monotonic() >= self._next_read else None

    def read(self) -> NonFinite | None:
        """The first of the losses collected since the last call that is not finite; waits."""
        if not self._pending:
            return None
        self._next_read = time.monotonic() + SECONDS_BETWEEN_READS
        pending, self._pending = self._pending, []
        values = torch.stack([loss.float() for _, loss in pending]).tolist()
        bad = (i for i, value in enumerate(values) if not math.isfinite(value))
        return next((NonFinite(pending[i][0], values[i]) for i in bad), None)


def _row(total: Tensor | float, weight: int) -> Tensor:
    total = torch.as_tensor(total, dtype=torch.float64)
    return torch.stack([total, torch.full_like(total, weight)])


def _as_double(value: Tensor | float) -> Tensor | float:
    if not isinstance(value, Tensor):
        return float(value)
    return value.detach().to(torch.float32 if value.device.type == "mps" else torch.float64)
