"""Where a run is: what the trainer and its loaders report, and a module reads when it plots."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Literal, NamedTuple

import torch

from d2l.base.batches import count_examples
from d2l.base.devices import move
from d2l.base.seed import GeneratorStates, generator_states, set_generator_states
from d2l.engine.meter import WeightedMeans
from d2l.engine.replayed import Results
from d2l.engine.resident import ResidentLoader
from d2l.engine.streamed import StreamedLoader, fits
from d2l.scale.generators import SharedGenerators
from d2l.scale.share import SharedLoader
from d2l.scale.world import ALONE, World

Phase = Literal["idle", "train", "validate"]


class Resumed(NamedTuple):
    """Where in a training pass a run goes on, and the random generators then and at its begin."""

    num_batches: int
    at_begin: GeneratorStates
    now: GeneratorStates


class Progress:
    """The state of one run.

    `batch` is the one in work, `num_examples` how many of its examples count here, `share` which
    part that is of the whole batch of `num_whole` (all of it in a run of one process). `means` is
    what the validation pass has summed up, `results` where the steps write while they are replayed.
    `pass_states` are the random generators at the begin of the training pass, `resumed` is set when
    the next pass goes on in its middle. The functions `on_…` are set by the trainer.
    """

    def __init__(self, world: World = ALONE) -> None:
        self.world = world
        self.generators = SharedGenerators(world)
        self.pass_states: GeneratorStates | None = None
        self.resumed: Resumed | None = None
        self.num_batches_in_pass = 0
        self.share = 1.0
        self.phase: Phase = "idle"
        self.batch: Any = None
        self.num_examples = self.num_whole = 1
        self.num_gathered = 0  # examples whose gradients wait for a step
        self.num_train_batches_done = 0
        self.means = WeightedMeans()
        self.results: Results | None = None
        self.started = time.monotonic()
        self.on_batch: Callable[[], None] = _nothing
        self.on_step_done: Callable[[], None] = _nothing
        self.on_validation_step_done: Callable[[], None] = _nothing
        self.on_validating: Callable[[], None] = _nothing
        self.on_validated: Callable[[], None] = _nothing

    def enter(self, phase: Phase) -> None:
        """Begin a phase; the means of a validation pass that was left early are handed over."""
        if self.phase == "validate":
            self.on_validated()
        self.phase = phase
        if phase == "validate":
            self.on_validating()

    def count(self, batch: Any, loader: Any) -> None:
        """Note the batch that is about to be worked on."""
        self.batch = batch
        if isinstance(loader, SharedLoader):
            self.num_examples, self.num_whole = loader.num_own, loader.num_whole
            self.share = loader.num_own / loader.num_whole
        else:
            self.num_examples = self.num_whole = count_examples(batch)
        self.on_batch()

    def step_done(self) -> None:
        """Note that the work on a batch is done."""
        if self.phase != "train":
            self.on_validation_step_done()
            return
        self.num_train_batches_done += 1
        self.num_batches_in_pass += 1
        self.on_step_done()

    def pop_means(self) -> dict[str, Any]:
        """The means of the validation pass over all processes, and start afresh."""
        return self.means.pop(self.world.sum if self.world.size > 1 else None)

    @contextmanager
    def pass_begun(self) -> Iterator[int]:
        """Inside, the order of a training pass is drawn; gives how many of its batches are done."""
        resumed, self.resumed = self.resumed, None
        if resumed is not None:
            self.generators.states = resumed.at_begin
        self.pass_states = self.generators.states
        self.num_batches_in_pass = resumed.num_batches if resumed is not None else 0
        yield self.num_batches_in_pass
        if resumed is not None:
            self.generators.states = resumed.now


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
        progress.generators.follow(loader)
        if progress.world.size > 1:
            self.loader = SharedLoader(self.loader, progress.world, progress.generators)
        self.device = device
        self.progress = progress
        self.phase: Phase = phase

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Any]:
        self.progress.enter(self.phase)
        for batch in self._batches():
            moved = move(batch, self.device)
            self.progress.count(moved, self.loader)
            yield moved
            self.progress.step_done()
        self.progress.enter("idle")

    def peek(self) -> Any:
        """A first batch, without moving on any generator of random numbers."""
        before = generator_states()
        try:
            self.progress.batch = move(next(iter(self.loader)), self.device)
        finally:
            set_generator_states(before)
        return self.progress.batch

    def __getattr__(self, name: str) -> Any:
        if name == "loader":  # not there yet, while a copy is being made
            raise AttributeError(name)
        return getattr(self.loader, name)

    def _batches(self) -> Iterator[Any]:
        if self.phase != "train":
            return iter(self.loader)
        with self.progress.pass_begun() as first:
            if isinstance(self.loader, (ResidentLoader, StreamedLoader, SharedLoader)):
                return self.loader.batches(first)
            batches = iter(self.loader)
            for _ in islice(batches, first):
                pass  # whatever they draw was drawn in the run that is gone on with
            return batches


def _placed(loader: Any, device: torch.device, stream: bool | None) -> Any:
    if not isinstance(loader, ResidentLoader):
        return loader
    if stream or (stream is None and not fits(loader, device)):
        return StreamedLoader(loader, device)
    return loader.to(device)


def _nothing() -> None:
    """What happens after a batch when nobody listens."""
