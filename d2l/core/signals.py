"""Ctrl-C and SIGTERM as a wish that a run grants at the end of a step, not in the middle of it."""

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

NOTED = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """Inside `with`, notes the signals that ask for an end; `wanted` is the one that came, or 0.

    A second Ctrl-C is not waited with. What the program was told to ignore, as a shell tells those
    in the background, stays ignored. Outside the main thread, where Python does not allow it,
    nothing is noted and everything is as without this class. One of several processes speaks.
    """

    def __init__(self, *, speaks: bool = True) -> None:
        self.wanted = 0
        self._speaks = speaks
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Signals":
        if threading.current_thread() is threading.main_thread():
            before = {number: signal.getsignal(number) for number in NOTED}
            self._before = {n: h for n, h in before.items() if h not in (signal.SIG_IGN, None)}
            for number in self._before:
                signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT == self.wanted:
            raise KeyboardInterrupt
        if not self.wanted and self._speaks:
            again = "; Ctrl-C again stops at once" if number == signal.SIGINT else ""
            print(f"\nfinishing this step, then stopping{again}", file=sys.stderr, flush=True)
        self.wanted = self.wanted or number


def leave(number: int) -> None:
    """End as a program does that got this signal: with the status 130 or 143."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)
