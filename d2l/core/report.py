"""What a run shows of itself outside a notebook: a line in a terminal, and one line at its end."""

import time
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from d2l.core.progress import Progress
from d2l.plot.line import TerminalLine
from d2l.plot.live import Pacer
from d2l.plot.surface import Surface, surface

if TYPE_CHECKING:
    from d2l.core.board import ProgressBoard


@runtime_checkable
class Run(Protocol):
    """What a report reads of a trainer."""

    max_epochs: int
    epoch: int
    num_train_batches: int
    progress: Progress


class Report:
    """Shows one run, as it goes on and at its end, according to where it is looked at."""

    def __init__(self, run: Run, board: Any) -> None:
        self._run = run
        self._board: ProgressBoard = board
        self._surface: Surface = surface() if getattr(board, "display", True) else "notebook"
        self._pacer = Pacer()
        self._line: TerminalLine | None = None
        if self._surface == "terminal":
            self._line = TerminalLine(total=run.max_epochs)

    def tick(self) -> None:
        """Called after every batch; shows something about ten times a second at most."""
        if self._line is None or not self._pacer.is_due():
            return
        begun = time.monotonic()
        done = self._run.progress.num_train_batches_done / max(1, self._run.num_train_batches)
        self._line.show(done, f"{self._epoch()}  {self._speed()}  {self._metrics(digits=3)}")
        self._pacer.took(time.monotonic() - begun)

    def finish(self) -> None:
        """The last line: what a picture would show in a notebook."""
        if hasattr(self._board, "finish"):
            self._board.finish()
        if self._line is not None:
            self._line.close()
            self._line = None  # a loader that is gone through later shows nothing
        if self._surface != "notebook":
            seconds = time.monotonic() - self._run.progress.started
            result = ": ".join(filter(None, (self._epoch(), self._metrics(digits=4))))
            print(f"{result} ({seconds:.1f} s)")

    def _epoch(self) -> str:
        return f"epoch {self._run.epoch + 1}/{self._run.max_epochs}"

    def _speed(self) -> str:
        seconds = time.monotonic() - self._run.progress.started
        return f"{self._run.progress.num_train_batches_done / max(seconds, 1e-9):.0f} batches/s"

    def _metrics(self, digits: int) -> str:
        latest = self._board.latest() if hasattr(self._board, "latest") else {}
        return ", ".join(f"{name} {value:.{digits}g}" for name, value in latest.items())
