"""One run of a procedural trainer: where it is, and the lines that report it.

The progress reporter sees it as it sees the run of a `Trainer`.
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
    """`with ClassicRun(...) as run`: the epochs and the batches of a loop, counted and reported.

    `batches` gives those of `train_iter`, each time it is iterated, on `device`; without one, where
    they are. The batches of an iterator are kept, because every epoch goes over all of them.
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
        """The batches of a pass; the one in work counts as done."""
        for batch in self._source:
            self.num_batches_done += 1
            yield batch if self._device is None else move(batch, self._device)
            if time.monotonic() >= self._next_report:
                self._next_report = self._reporter.update()

    def peek(self) -> Any:
        """A first batch, on the CPU if no device was named; no random generator advances."""
        return peek(self._source, self._device or cpu())

    @property
    def num_epochs_done(self) -> float:
        """How many epochs are done, the batch in work included: where its point is drawn."""
        return self.num_batches_done / self.num_train_batches

    def epochs(self) -> Iterator[int]:
        """The indices of the epochs, from 0."""
        for epoch in range(self.max_epochs):
            self.epoch = epoch
            yield epoch
            self._reporter.epoch_done()

    def describe_position(self) -> str:
        """The epoch in work: `epoch 2/10`."""
        return f"epoch {self.epoch + 1}/{self.max_epochs}"

    def flush(self) -> None:
        """Nothing waits: the loops read their own sums."""

    def __enter__(self) -> "ClassicRun":
        return self

    def __exit__(self, *_: object) -> None:
        self._reporter.finish()


class _Counted:
    """Batches that can be gone over again and again, and how many there are in the first pass."""

    def __init__(self, batches: Iterable[Any]) -> None:
        self._batches = batches
        self._count = sum(1 for _ in batches)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._batches)

    def __len__(self) -> int:
        return self._count


def _with_length(batches: Iterable[Any]) -> Any:
    """The batches with their number; counting them leaves the random generators where they were."""
    before = generator_states()
    if iter(batches) is batches:
        return list(batches)  # it is used up
    counted = _Counted(batches)
    set_generator_states(before)
    return counted
