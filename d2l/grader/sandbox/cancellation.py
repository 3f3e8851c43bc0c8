"""Ends runs from another thread: all runs of a class share one token."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class CancellationToken:
    """Once cancelled, ends all subscribed runs and every run that starts later."""

    def __init__(self) -> None:
        self.is_cancelled = False
        self._lock = threading.Lock()
        self._subscribers: list[Callable[[], None]] = []

    def cancel(self) -> None:
        """End all runs; they return as soon as no process of theirs is left."""
        with self._lock:
            self.is_cancelled = True
            for end in self._subscribers:
                end()

    @contextmanager
    def subscribed(self, end: Callable[[], None]) -> Iterator[None]:
        """Call `end` at a cancellation, as long as the block lasts; at once if it has happened."""
        with self._lock:
            self._subscribers.append(end)
            if self.is_cancelled:
                end()
        try:
            yield
        finally:
            with self._lock:
                self._subscribers.remove(end)
