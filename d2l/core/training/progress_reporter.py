"""What a run prints outside a notebook: a line in a terminal, a line per epoch elsewhere."""

import time
from typing import Any, Protocol, runtime_checkable

from d2l.core.board import board_curves, finish_board
from d2l.plot.frontend import TerminalLine, detect_frontend
from d2l.plot.live import MAX_SHARE_OF_TIME, MIN_SECONDS_BETWEEN_PICTURES


@runtime_checkable
class Reported(Protocol):
    """What the reporter reads of a run."""

    max_epochs: int
    num_batches_done: int
    started: float

    @property
    def num_epochs_done(self) -> float:
        """How far the run is."""
        ...

    def flush(self) -> None:
        """Have every value on the board."""
        ...

    def describe_position(self) -> str:
        """The epoch of the run and their number."""
        ...


class ProgressReporter:
    """Reports one run while it goes on and at its end, in the way of the front end.

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
        """Bring the terminal's line up to date; when to call this again."""
        begun = time.monotonic()
        if self._line is not None:
            text = f"{self._run.describe_position()}  {self._speed()}  {self._metrics(digits=3)}"
            self._line.show(self._run.num_epochs_done, text)
        now = time.monotonic()
        return now + max(MIN_SECONDS_BETWEEN_PICTURES, (now - begun) / MAX_SHARE_OF_TIME)

    def epoch_done(self) -> None:
        """A line for the epoch, where lines stay: in a file or a pipe."""
        if self._frontend == "plain":
            self._run.flush()
            print(self._result(), flush=True)

    def finish(self) -> None:
        """The last picture, and the last line: what a picture would show in a notebook."""
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
