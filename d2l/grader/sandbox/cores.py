"""Which cores a run may use, so that runs side by side do not slow each other down."""

import os
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_in_use: Counter[int] = Counter()
_lock = threading.Lock()


@contextmanager
def cores_of_one_run(count: int | None) -> Iterator[Sequence[int]]:
    """Give the `count` cores with the fewest runs on them, as long as the block lasts.

    None, and a system that does not bind processes to cores, gives none: all may be used.
    """
    if count is None or not hasattr(os, "sched_setaffinity"):
        yield ()
        return
    with _lock:
        allowed = sorted(os.sched_getaffinity(0))
        # Two graders on one machine begin with different cores.
        ranked = sorted(allowed, key=lambda core: (_in_use[core], (core + os.getpid()) % 64))
        chosen = ranked[:count]
        _in_use.update(chosen)
    try:
        yield chosen
    finally:
        with _lock:
            _in_use.subtract(chosen)


@contextmanager
def started_on(cores: Sequence[int]) -> Iterator[None]:
    """Bind the processes that this thread starts in the block to `cores`; to none where empty."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)  # of this thread alone
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
