"""Limits by control groups and processor affinity."""

import functools
import os
import shutil
import subprocess
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from d2l.grader.sandbox.isolation import Limits

_ROOT = Path("/sys/fs/cgroup")
_TRIAL_SECONDS = 10
# Fields of memory.stat that count; reclaimable memory (cached files) is excluded.
_COUNTED = (b"anon", b"shmem", b"sock")
_KERNEL = (b"pagetables", b"kernel_stack", b"slab")  # since Linux 5.18 their sum is `kernel`


@dataclass(frozen=True)
class ControlGroup:
    """The control group of a process."""

    folder: Path

    def memory(self) -> int:
        """Return the bytes of all its processes: pages, page tables, kernel structures, sockets."""
        try:
            lines = (self.folder / "memory.stat").read_bytes().splitlines()
        except OSError:  # the last process has ended
            return 0
        found = dict(line.split() for line in lines if line.count(b" ") == 1)
        kernel = (b"kernel",) if b"kernel" in found else _KERNEL
        return sum(int(found.get(name, 0)) for name in (*_COUNTED, *kernel))


@functools.cache
def unavailable() -> str:
    """Return why runs cannot have their own control group on this machine, "" if they can."""
    if shutil.which("systemd-run") is None:
        return "systemd-run is not installed"
    if not (_ROOT / "cgroup.controllers").exists():
        return "this system does not use cgroup v2 only"
    trial = [*_scope(Limits(), 64), "true"]
    try:
        done = subprocess.run(
            trial, capture_output=True, text=True, timeout=_TRIAL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"systemd-run: {error}"
    return (done.stderr.strip().splitlines() or ["systemd-run failed"])[-1] * bool(done.returncode)


def in_own_group(command: tuple[str, ...], limits: Limits, max_threads: int) -> tuple[str, ...]:
    """Return `command`, wrapped to start in a control group with the limits if available."""
    return command if unavailable() else (*_scope(limits, max_threads), *command)


def group_of(process: int) -> ControlGroup | None:
    """Return the control group of a process started with `in_own_group`, None if it has none."""
    if unavailable():
        return None
    try:
        path = Path(f"/proc/{process}/cgroup").read_text().partition("::")[2].strip()
    except OSError:  # it has ended
        return None
    folder = _ROOT / path.lstrip("/")
    return ControlGroup(folder) if folder.name.startswith("d2l-") else None


def _scope(limits: Limits, max_threads: int) -> tuple[str, ...]:
    user = ("--user",) if os.geteuid() else ()
    # Above the limit, so that the monitor ends the run first and reports the reason.
    properties = {
        "MemoryMax": limits.memory + limits.disk + 2**28,
        "MemorySwapMax": 0,
        "TasksMax": max_threads,
        "CPUWeight": 50,
    }
    options = (f"--property={name}={value}" for name, value in properties.items())
    name = f"--unit=d2l-{uuid.uuid4().hex[:12]}"
    return ("systemd-run", *user, "--scope", "--quiet", "--collect", name, *options, "--")


_in_use: Counter[int] = Counter()
_lock = threading.Lock()


@contextmanager
def cores_of_one_run(count: int | None) -> Iterator[Sequence[int]]:
    """Reserve and yield the `count` cores with the fewest runs.

    Yields an empty sequence (all cores may be used) if `count` is None, or if the system cannot
    bind processes to cores.
    """
    if count is None or not hasattr(os, "sched_setaffinity"):
        yield ()
        return
    with _lock:
        allowed = sorted(os.sched_getaffinity(0))
        # Two graders on one machine start with different cores.
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
    """Bind the processes that this thread starts to `cores`; if empty, do nothing."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)  # affects only this thread
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
