"""Metrics that stay on the device until they are read."""

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

STEP_LOSS = "the loss of the step"
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
        """Add the mean over a batch of `num_examples` examples; `geometric` averages logarithms."""
        if geometric:
            batch_mean = torch.as_tensor(batch_mean).log()
            self._of_logarithms.add(name)
        self._sums[name] = self._sums.get(name, 0.0) + _as_double(batch_mean) * num_examples
        self._weights[name] = self._weights.get(name, 0) + num_examples

    def pop(self, all_reduce: Callable[[Tensor], Tensor] | None = None) -> dict[str, Any]:
        """Return the means and reset; 0-d tensors stay tensors on their device.

        `all_reduce` sums one tensor of sums and weights over several processes.
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
    """Finds the first loss that is nan or infinite, without synchronizing at each step.

    On the CPU each loss is checked immediately. Losses on another device are collected there,
    detached, and read together about ten times a second.
    """

    def __init__(self, deferred: bool) -> None:
        self.deferred = deferred
        self._pending: list[tuple[int, Tensor]] = []
        self._next_read = time.monotonic() + SECONDS_BETWEEN_READS

    def add(self, loss: Tensor | float, batch_index: int) -> NonFinite | None:
        """Add the loss of a batch; return the first that is not finite, once one was found."""
        if not self.deferred:
            value = float(loss)
            return None if math.isfinite(value) else NonFinite(batch_index, value)
        self._pending.append((batch_index, torch.as_tensor(loss).detach().reshape(())))
        return self.read() if time.monotonic() >= self._next_read else None

    def read(self) -> NonFinite | None:
        """Return the first loss since the last call that is not finite; synchronizes."""
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


class ResultTable:
    """A table on the device with the values of each step of a pass: a column per name."""

    def __init__(self, num_batches: int, device: torch.device) -> None:
        self.cursor = torch.zeros(1, dtype=torch.int64, device=device)
        self._num_batches = num_batches
        self._columns: dict[str, Tensor] = {}

    def write(self, name: str, value: Tensor | float) -> None:
        """Write a value of the step at the cursor; does not synchronize."""
        if name not in self._columns:
            self._columns[name] = self.cursor.new_zeros(self._num_batches, dtype=torch.float32)
        column = self._columns[name]
        if isinstance(value, Tensor):
            column.index_copy_(0, self.cursor, value.detach().reshape(1).to(column))
        else:
            column.index_fill_(0, self.cursor, value)

    def tensors(self) -> dict[str, Tensor]:
        """Return the table's tensors by name."""
        return {"cursor": self.cursor, **self._columns}

    def snapshot(self, first: int, last: int) -> "Snapshot":
        """Start to copy the values of the batches first ≤ i < last to the host; asynchronous."""
        if not self._columns or first == last:
            return Snapshot((), torch.empty(0, 0))
        columns = [column[first:last] for column in self._columns.values()]
        return Snapshot(tuple(self._columns), torch.stack(columns))


class Snapshot:
    """A copy of some rows of a `ResultTable`, `values` of shape (names, batches)."""

    def __init__(self, names: tuple[str, ...], values: Tensor) -> None:
        self._names, self._values = names, values
        self._copied: torch.cuda.Event | None = None
        if values.is_cuda:
            with torch.cuda.device(values.device):
                pinned = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
                self._values = pinned.copy_(values, non_blocking=True)
                self._copied = torch.cuda.Event()
                self._copied.record()

    def is_here(self) -> bool:
        """Whether the values can be read without synchronizing."""
        return self._copied is None or self._copied.query()

    def read(self) -> dict[str, list[float]]:
        """Return the values by name; waits for the copy if it is not done."""
        if self._copied is not None:
            self._copied.synchronize()
        return dict(zip(self._names, self._values.tolist(), strict=True))
