"""The interface of run observers, which are notified of the batches and epochs of a run.

The core does not import any observer; each registers a factory function.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from d2l.core.training.run import Run


@runtime_checkable
class RunObserver(Protocol):
    """Observes a run without changing any of its numbers.

    `next_batch` is the index of the next training batch of this fit to report to the observer, and
    `observes_validation` whether validation batches are reported; both are read before each batch.
    """

    next_batch: float
    observes_validation: bool

    def opened(self) -> None:
        """Called once model, optimizer and loaders are ready, before the first batch."""

    def batch_started(self, batch: Any, is_training: bool) -> None:
        """Called before a batch is yielded."""

    def batch_done(self, is_training: bool) -> None:
        """Called after the step on the batch."""

    def epoch_done(self) -> None:
        """Called at the end of an epoch, after its points were plotted."""

    def explain_nonfinite(self, loss: Any) -> str | None:
        """Return why the loss became nan or infinite, or None if unknown."""

    def failed(self, error: BaseException) -> BaseException | None:
        """Return a more helpful error to raise from this one, or None."""

    def close(self) -> None:
        """Called at the end of the run."""


Maker = Callable[["Run"], RunObserver | None]
_makers: list[Maker] = []


def observes_runs(maker: Maker) -> Maker:
    """Register a function that returns an observer for a new run, or None."""
    _makers.append(maker)
    return maker


def observer_of(run: "Run") -> RunObserver | None:
    """Return the observer of a new run."""
    made = (maker(run) for maker in _makers)
    return next((observer for observer in made if observer is not None), None)
