"""The processes of this machine as a tree, their resource usage, and killing those of a run."""

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from d2l.grader.sandbox.isolation import MARK

_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_KILL_SECONDS = 30.0  # for processes stuck in the kernel, as on a network file system
_PAUSE_SECONDS = 0.005


@dataclass(frozen=True)
class Process:
    """One process; `memory` in bytes, including shared pages; times in seconds of CPU time."""

    number: int
    parent: int
    threads: int
    memory: int
    seconds: float  # of the process itself
    reaped_seconds: float  # of children that ended and were waited for
    start: int  # start time; with `number` it identifies the process


def descendants(ancestor: int, *, with_self: bool = False) -> list[Process]:
    """Return all descendants of `ancestor`, and itself if `with_self`."""
    children: dict[int, list[Process]] = {}
    found: list[Process] = []
    for process in all_processes():
        children.setdefault(process.parent, []).append(process)
        if with_self and process.number == ancestor:
            found.append(process)
    parents = [ancestor]
    while parents:
        below = children.get(parents.pop(), [])
        found += below
        parents += [process.number for process in below]
    return found


def threads_of(user: int) -> int:
    """Return the number of threads of all processes of a user, as RLIMIT_NPROC counts them."""
    return sum(process.threads for process in all_processes() if _owner(process.number) == user)


class CpuClock:
    """CPU time of a process tree, including processes that have ended; it never decreases.

    The time of a process that ends is added to that of the process that waits for it. If none
    waits, the time last measured while it ran still counts.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], float] = {}
        self._seconds = 0.0

    def read(self, tree: Iterable[Process], reaped_seconds: float = 0.0) -> float:
        """Return the seconds used so far; `reaped_seconds` are those of the caller's children."""
        waited = reaped_seconds
        for process in tree:
            self._seen[process.number, process.start] = process.seconds
            waited += process.seconds + process.reaped_seconds
        self._seconds = max(self._seconds, waited, sum(self._seen.values()))
        return self._seconds


def kill_run(root: int | None, user: int | None, mark: str) -> None:
    """Kill the descendants of `root`, then `root`, and all processes with the run's user or mark.

    Repeats until none is left, since processes may start while others are listed. `user` is used by
    this run only; `root` is None if it has ended and was waited for.
    """
    if root is not None:
        _signal(root, signal.SIGSTOP)  # still adopts orphans, but starts no processes
    deadline = time.monotonic() + _KILL_SECONDS
    while time.monotonic() < deadline:
        below = [] if root is None else descendants(root)
        alive = {process.number for process in below if process.memory}
        alive |= _marked(user, mark) - {root or 0}
        if not alive:
            break
        for number in alive:
            _signal(number, signal.SIGKILL)
        time.sleep(_PAUSE_SECONDS)
    if root is not None:
        _signal(root, signal.SIGKILL)


def _signal(number: int, kind: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(number, kind)


def _marked(user: int | None, mark: str) -> set[int]:
    """Return processes of the run that may have left its tree, except zombies."""
    if user is None and not mark:
        return set()
    own = os.geteuid() if user is None else user
    entry = f"{MARK}={mark}".encode()
    found = set()
    for process in all_processes():
        if _owner(process.number) != own or not process.memory:
            continue
        if user is not None or entry in _environment(process.number):
            found.add(process.number)
    return found


def _environment(number: int) -> list[bytes]:
    try:
        return Path(f"/proc/{number}/environ").read_bytes().split(b"\0")
    except OSError:  # ended meanwhile, or not permitted
        return []


def _owner(number: int) -> int:
    try:
        return os.stat(f"/proc/{number}").st_uid
    except OSError:  # ended meanwhile
        return -1


def all_processes() -> Iterable[Process]:
    """Return all visible processes of this machine."""
    if not os.path.isdir("/proc/self"):
        return _all_by_psutil()
    found = (_read(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [process for process in found if process is not None]


def _read(number: int) -> Process | None:
    try:
        with open(f"/proc/{number}/stat", "rb", buffering=0) as file:
            fields = file.read(4096).rpartition(b")")[2].split()
    except OSError:  # ended meanwhile
        return None
    times = [int(field) / _TICK for field in fields[11:15]]
    return Process(
        number=number,
        parent=int(fields[1]),
        threads=int(fields[17]),
        memory=int(fields[21]) * _PAGE,
        seconds=times[0] + times[1],
        reaped_seconds=times[2] + times[3],
        start=int(fields[19]),
    )


def _all_by_psutil() -> Iterable[Process]:
    import psutil

    fields = ["pid", "ppid", "num_threads", "memory_info", "cpu_times", "create_time"]
    for found in psutil.process_iter(fields):
        info = found.info
        times = info["cpu_times"]
        yield Process(
            number=info["pid"],
            parent=info["ppid"] or 0,
            threads=info["num_threads"] or 1,
            memory=info["memory_info"].rss if info["memory_info"] else 0,
            seconds=times.user + times.system if times else 0.0,
            reaped_seconds=0.0,
            start=int(info["create_time"] or 0),
        )
