"""Where a run is: what the trainer and its loaders report, and a module reads when it plots."""

import time
from collections.abc import Callable, Iterator, Mapping, Sized
from typing import Any, Literal

import torch

from d2l.base.devices import move
from d2l.engine.meter import WeightedMeans
from d2l.engine.replayed import Results
from d2l.engine.resident import ResidentLoader
from d2l.engine.streamed import StreamedLoader, fits

Phase = Literal["idle", "train", "validate"]


class Progress:
    """The state of one run.

    `batch` is the one in work, `num_examples` its size, `means` what the validation pass has summed
    up, `results` where the steps write while they are replayed. `on_batch` and `on_validated` are
    set by the trainer.
    """

    def __init__(self) -> None:
        self.phase: Phase = "idle"
        self.batch: Any = None
        self.num_examples = 1
        self.num_train_batches_done = 0
        self.means = WeightedMeans()
        self.results: Results | None = None
        self.started = time.monotonic()
        self.on_batch: Callable[[], None] = _nothing
        self.on_validated: Callable[[], None] = _nothing

    def enter(self, phase: Phase) -> None:
        """Begin a phase; the means of a validation pass that was left early are handed over."""
        if self.phase == "validate":
            self.on_validated()
        self.phase = phase

    def count(self, batch: Any) -> None:
        """Note the batch that is about to be worked on."""
        self.batch = batch
        self.num_examples = count_examples(batch)
        self.num_train_batches_done += self.phase == "train"
        self.on_batch()


class Feed:
    """A reader's loader as the trainer hands it out: on the run's device, and counted.

    Data in memory move to the device whole; with `stream`, or if they do not fit, batch by batch.
    Everything else (`dataset`, `batch_size`, …) is the loader's own.
    """

    def __init__(
        self,
        loader: Any,
        device: torch.device,
        progress: Progress,
        phase: Phase,
        stream: bool | None = None,
    ) -> None:
        self.loader = _placed(loader, device, stream)
        self.device = device
        self.progress = progress
        self.phase: Phase = phase

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Any]:
        self.progress.enter(self.phase)
        for batch in self.loader:
            moved = move(batch, self.device)
            self.progress.count(moved)
            yield moved
        self.progress.enter("idle")

    def peek(self) -> Any:
        """A first batch, without moving on any generator of random numbers."""
        with torch.random.fork_rng(devices=[]):
            self.progress.batch = move(next(iter(self.loader)), self.device)
        return self.progress.batch

    def __getattr__(self, name: str) -> Any:
        if name == "loader":  # not there yet, while a copy is being made
            raise AttributeError(name)
        return getattr(self.loader, name)


def _placed(loader: Any, device: torch.device, stream: bool | None) -> Any:
    if not isinstance(loader, ResidentLoader):
        return loader
    if stream or (stream is None and not fits(loader, device)):
        return StreamedLoader(loader, device)
    return loader.to(device)


def count_examples(batch: Any) -> int:
    """How many examples a batch holds: the length of its first part; 1 where it has none."""
    while isinstance(batch, (list, tuple, Mapping)) and len(batch):
        batch = next(iter(batch.values())) if isinstance(batch, Mapping) else batch[0]
    if isinstance(batch, torch.Tensor):
        return batch.shape[0] if batch.ndim else 1
    return len(batch) if isinstance(batch, Sized) and len(batch) else 1


def _nothing() -> None:
    """What happens after a batch when nobody listens."""
