"""Defer Ctrl-C and SIGTERM to the end of the current training step."""

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

DEFERRED = (signal.SIGINT, signal.SIGTERM)


class SignalHandler:
    """Inside `with`, notes signals that ask the program to stop; `received` is the first, or 0.

    A second Ctrl-C interrupts at once. Signals that the program was told to ignore, as shells tell
    those in the background, stay ignored. Outside the main thread, where Python does not allow
    handlers, nothing changes. Only the `verbose` one of several processes prints.
    """

    def __init__(self, *, verbose: bool = True) -> None:
        self.received = 0
        self._verbose = verbose
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "SignalHandler":
        if threading.current_thread() is threading.main_thread():
            before = {number: signal.getsignal(number) for number in DEFERRED}
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
        if number == signal.SIGINT == self.received:
            raise KeyboardInterrupt
        if not self.received and self._verbose:
            again = "; Ctrl-C again stops at once" if number == signal.SIGINT else ""
            print(f"\nfinishing this step, then stopping{again}", file=sys.stderr, flush=True)
        self.received = self.received or number


def exit_for_signal(number: int) -> None:
    """End as a program that received this signal does: with the status 130 or 143."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)
