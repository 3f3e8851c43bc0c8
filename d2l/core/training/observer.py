"""What may look at a run from outside: it is told of the parts, the batches and the epochs.

The core does not import any observer: each registers the function that makes it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from d2l.core.training.run import Run


@runtime_checkable
class RunObserver(Protocol):
    """Looks at a run and changes no number of it.

    `next_batch` is the number of the next training batch of this fit that it wants to be told of,
    and `wants_validation` whether it wants the validation batches; the loop asks before each batch.
    """

    next_batch: float
    wants_validation: bool

    def opened(self) -> None:
        """Model, optimizer and loaders are ready; nothing was trained yet."""

    def batch_started(self, batch: Any, is_training: bool) -> None:
        """A batch is about to be handed out."""

    def batch_done(self, is_training: bool) -> None:
        """The program is done with the batch."""

    def epoch_done(self) -> None:
        """An epoch is over, its points are on the board."""

    def explain_nonfinite(self, loss: Any) -> str | None:
        """Why the loss became nan or infinite, or None where that is not known."""

    def failed(self, error: BaseException) -> BaseException | None:
        """A better error to raise from this one, or None."""

    def close(self) -> None:
        """The run is over."""


Maker = Callable[["Run"], RunObserver | None]
_makers: list[Maker] = []


def observes_runs(maker: Maker) -> Maker:
    """Register what makes an observer for each run that is opened, or returns None."""
    _makers.append(maker)
    return maker


def observer_of(run: "Run") -> RunObserver | None:
    """The observer of a run that is about to be opened."""
    made = (maker(run) for maker in _makers)
    return next((observer for observer in made if observer is not None), None)
