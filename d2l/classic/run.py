"""One run of a procedural trainer: where it is, and the line that shows it.

It stands for the `Trainer` before `core.report`, so a terminal and a pipe see the same for both.
"""

from collections.abc import Iterator
from typing import Any

import torch

from d2l.base.devices import cpu
from d2l.classic.animator import Animator
from d2l.core import preflight
from d2l.core.progress import Feed, Progress
from d2l.core.report import Report
from d2l.errors import BatchError


class ClassicRun:
    """`with ClassicRun(...) as run`: the epochs and the batches of a loop, counted and reported.

    `batches` gives those of `train_iter`, on `device`, at each pass anew.
    """

    def __init__(
        self,
        train_iter: Any,
        num_epochs: int,
        animator: Animator,
        device: torch.device | None = None,
    ) -> None:
        if not hasattr(train_iter, "__len__"):
            raise BatchError(
                f"training goes over its batches {num_epochs} times, so they need a length; found "
                f"a {type(train_iter).__name__}. Give a DataLoader, or list(train_iter)"
            )
        preflight.check_loader(len(train_iter))
        if num_epochs < 1:
            raise ValueError(f"num_epochs must be at least 1; found {num_epochs}")
        self.max_epochs = num_epochs
        self.epoch = 0
        self.num_train_batches = len(train_iter)
        self.progress = Progress()
        self.batches = Feed(train_iter, device or cpu(), self.progress, "train")
        self._report = Report(self, animator)
        self.progress.on_batch = self._report.tick

    @property
    def x(self) -> float:
        """How many epochs are done, the batch in work included: where its point is drawn."""
        return self.progress.num_train_batches_done / self.num_train_batches

    def epochs(self) -> Iterator[int]:
        """The numbers of the epochs, from 0."""
        for epoch in range(self.max_epochs):
            self.epoch = epoch
            yield epoch

    def __enter__(self) -> "ClassicRun":
        return self

    def __exit__(self, *_: object) -> None:
        self._report.finish()
