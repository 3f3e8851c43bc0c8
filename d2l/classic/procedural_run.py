"""One run of a `train_…` function: its position, and progress reports.

It has the interface that the progress reporter expects of a `Trainer`'s run.
"""

import time
from collections.abc import Iterable, Iterator
from typing import Any

import torch

from d2l.base.batches import peek
from d2l.base.devices import cpu, move
from d2l.base.seed import generator_states, set_generator_states
from d2l.classic.animator import Animator
from d2l.core import checks
from d2l.core.training.progress_reporter import ProgressReporter
from d2l.engine.tensor_loaders import ResidentLoader, placed


class ClassicRun:
    """Context manager that counts and reports the epochs and batches of a training loop.

    Each iteration of `batches` yields those of `train_iter`, moved to `device` if given. The
    batches of an iterator are stored, because every epoch needs all of them.
    """

    def __init__(
        self,
        train_iter: Any,
        num_epochs: int,
        animator: Animator,
        device: torch.device | None = None,
    ) -> None:
        if not hasattr(train_iter, "__len__"):
            train_iter = _with_length(train_iter)
        checks.check_has_batches(len(train_iter))
        if num_epochs < 1:
            raise ValueError(f"num_epochs must be at least 1; found {num_epochs}")
        self.max_epochs, self.num_train_batches = num_epochs, len(train_iter)
        self.epoch = self.num_batches_done = 0
        self.started = time.monotonic()
        self._device = device
        self._source = train_iter
        if device is not None and isinstance(train_iter, ResidentLoader):
            self._source = placed(train_iter, device, None)
        self._reporter = ProgressReporter(self, animator)
        self._next_report = self.started

    @property
    def batches(self) -> Iterator[Any]:
        """The batches of one epoch; the current one counts as done."""
        for batch in self._source:
            self.num_batches_done += 1
            yield batch if self._device is None else move(batch, self._device)
            if time.monotonic() >= self._next_report:
                self._next_report = self._reporter.update()

    def peek(self) -> Any:
        """Return a first batch, by default on the CPU, without advancing random generators."""
        return peek(self._source, self._device or cpu())

    @property
    def num_epochs_done(self) -> float:
        """Number of epochs done, including the current batch: the x value of its point."""
        return self.num_batches_done / self.num_train_batches

    def epochs(self) -> Iterator[int]:
        """Yield the indices of the epochs, from 0."""
        for epoch in range(self.max_epochs):
            self.epoch = epoch
            yield epoch
            self._reporter.epoch_done()

    def describe_position(self) -> str:
        """Return the current epoch as text: `epoch 2/10`."""
        return f"epoch {self.epoch + 1}/{self.max_epochs}"

    def flush(self) -> None:
        """Do nothing: the loops read their own sums."""

    def __enter__(self) -> "ClassicRun":
        return self

    def __exit__(self, *_: object) -> None:
        self._reporter.finish()


class _Counted:
    """A re-iterable of batches with a length, counted in a first pass."""

    def __init__(self, batches: Iterable[Any]) -> None:
        self._batches = batches
        self._count = sum(1 for _ in batches)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._batches)

    def __len__(self) -> int:
        return self._count


def _with_length(batches: Iterable[Any]) -> Any:
    """Return the batches with a length; counting does not advance the random generators."""
    before = generator_states()
    if iter(batches) is batches:
        return list(batches)  # counting would exhaust it
    counted = _Counted(batches)
    set_generator_states(before)
    return counted
