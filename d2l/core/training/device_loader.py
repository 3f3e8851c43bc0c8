"""The loader of a run: yields batches on the run's device and notifies the run of each."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from d2l.base.devices import move
from d2l.engine.tensor_loaders import ResidentLoader, StreamedLoader, placed
from d2l.scale.sharding import ShardedLoader

if TYPE_CHECKING:
    from d2l.core.training.run import Run


class DeviceLoader:
    """Wraps a loader: yields batches on the run's device and notifies the run of each.

    Data in memory are copied to the device at once; with `stream`, or if they do not fit, batch by
    batch. All other attributes (`dataset`, `batch_size`, …) are those of the wrapped loader.
    """

    def __init__(self, loader: Any, run: "Run", is_training: bool) -> None:
        self.loader, self.is_training = loader, is_training
        self._run, self._device = run, run.device
        self._is_placed = isinstance(loader, ResidentLoader)
        self.source = placed(loader, run.device, run.config.stream) if self._is_placed else loader
        run.rng.track_loader(loader)
        if run.group.size > 1:
            self.source = ShardedLoader(self.source, run.group, run.rng)

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Any]:
        run = self._run
        for batch in run.start_pass(self) if run.is_open else self.loader:
            if not (self._is_placed and run.is_open):
                batch = move(batch, self._device)  # noqa: PLW2901 - the same batch, on the device
            if not run.is_open:
                yield batch
                continue
            run.batch = batch
            observer = run.observer
            if observer is not None and (
                observer.next_batch > run.num_batches_done
                if self.is_training
                else not observer.observes_validation
            ):
                observer = None
            if observer is not None:
                observer.batch_started(batch, self.is_training)
            yield batch
            if run.is_open:
                if observer is not None:
                    observer.batch_done(self.is_training)
                run.batch_done()
        if run.is_open:
            run.finish_pass()

    def __getattr__(self, name: str) -> Any:
        if name == "loader":  # not set yet, while a copy is being made
            raise AttributeError(name)
        return getattr(self.loader, name)


def batches_from(source: Any, first: int) -> Iterator[Any]:
    """Iterate over a new pass from batch `first` on; skips by index if the source has indices."""
    if isinstance(source, ShardedLoader):
        return source.batches(first)
    if isinstance(source, (ResidentLoader, StreamedLoader)):
        return source.batches(source.parts(first))
    batches = iter(source)
    for _ in islice(batches, first):
        pass  # their random numbers were drawn in the resumed run, too
    return batches
