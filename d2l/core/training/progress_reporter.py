"""Progress output outside a notebook: a live line in a terminal, one line per epoch in a pipe."""

import time
from typing import Any, Protocol, runtime_checkable

from d2l.core.board import board_curves, finish_board
from d2l.plot.frontend import TerminalLine, detect_frontend
from d2l.plot.live import MAX_SHARE_OF_TIME, MIN_SECONDS_BETWEEN_PICTURES


@runtime_checkable
class Reported(Protocol):
    """The attributes of a run that the reporter reads."""

    max_epochs: int
    num_batches_done: int
    started: float

    @property
    def num_epochs_done(self) -> float:
        """How many epochs are done, as a fraction."""
        ...

    def flush(self) -> None:
        """Plot all values."""
        ...

    def describe_position(self) -> str:
        """Return the current epoch and the number of epochs."""
        ...


class ProgressReporter:
    """Reports the progress and the result of one run in a terminal or a pipe.

    `board` holds the curves whose last values are shown; with `display=False` nothing is printed.
    """

    def __init__(self, run: Reported, board: Any) -> None:
        self._run, self._board = run, board
        is_shown = getattr(board, "display", True)
        self._frontend = detect_frontend() if is_shown else "notebook"
        self._last_line: str | None = None
        self._line: TerminalLine | None = None
        if self._frontend == "terminal":
            self._line = TerminalLine(total=run.max_epochs)

    def update(self) -> float:
        """Update the terminal's line; return the time at which to call this again."""
        started = time.monotonic()
        if self._line is not None:
            text = f"{self._run.describe_position()}  {self._speed()}  {self._metrics(digits=3)}"
            self._line.show(self._run.num_epochs_done, text)
        now = time.monotonic()
        return now + max(MIN_SECONDS_BETWEEN_PICTURES, (now - started) / MAX_SHARE_OF_TIME)

    def epoch_done(self) -> None:
        """Print a line for the epoch if the output is a file or a pipe."""
        if self._frontend == "plain":
            self._run.flush()
            print(self._result(), flush=True)

    def finish(self) -> None:
        """Draw the last picture, and print the last line outside a notebook."""
        finish_board(self._board)
        if self._line is not None:
            self._line.close()
        if self._frontend != "notebook" and self._last_line != self._describe():
            print(self._result())

    def _result(self) -> str:
        self._last_line = self._describe()
        return f"{self._last_line} ({time.monotonic() - self._run.started:.1f} s)"

    def _describe(self) -> str:
        parts = (self._run.describe_position(), self._metrics(digits=4))
        return ": ".join(filter(None, parts))

    def _speed(self) -> str:
        seconds = time.monotonic() - self._run.started
        return f"{self._run.num_batches_done / max(seconds, 1e-9):.0f} batches/s"

    def _metrics(self, digits: int) -> str:
        curves = board_curves(self._board)
        latest = {} if curves is None else curves.latest()
        return ", ".join(f"{name} {value:.{digits}g}" for name, value in latest.items())
