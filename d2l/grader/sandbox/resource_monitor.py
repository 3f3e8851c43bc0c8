"""Measure the CPU time, memory, processes and disk usage of a run several times a second.

Memory is that of the run's cgroup if it has one. Otherwise it is the sum of pages (shared pages
counted once), page tables, unnamed files and socket buffers.
"""

import os
import time
from collections.abc import Iterable

from d2l.grader.sandbox.cgroup import ControlGroup
from d2l.grader.sandbox.isolation import LaunchSpec, Limits
from d2l.grader.sandbox.process_tree import CpuClock, Process, descendants, threads_of

LIBRARY_THREADS = 32 + 4 * (os.cpu_count() or 1)  # of numerical libraries in one process
POLL_SECONDS = 0.1
_SOCKET_BYTES = 213_000  # maximum size of a socket's send buffer (net.core.wmem_default)
_FREE_SOCKETS = 64  # a Jupyter kernel has about 40
_FILES = 100_000  # maximum number of files and folders of a run
_DEEPEST = 200  # maximum nesting of folders
_SHARE_OF_TIME = 10  # measuring the disk takes at most 1/10 of the time

Exceeded = tuple[str, str]


class ResourceMonitor:
    """Measures the process `root` and its descendants, and compares with `limits`."""

    def __init__(
        self, root: int, limits: Limits, spec: LaunchSpec, group: ControlGroup | None
    ) -> None:
        self.peak_memory = 0
        self.cpu_seconds = 0.0
        self._root, self._limits, self._spec, self._group = root, limits, spec, group
        self._clock = CpuClock()
        self._start = time.monotonic()
        self._next_look = 0.0
        self._used_disk = 0

    def exceeded_limit(self) -> Exceeded | None:
        """Return the exceeded limit and a message, None if no limit is exceeded.

        The message does not contain the measured value, which would differ from run to run.
        """
        if time.monotonic() - self._start > self._limits.stop_seconds:
            return "timeout", f"timed out after {self._limits.stop_seconds:g} s"
        if not self._spec.is_local:
            return None
        tree = descendants(self._root, with_self=True)
        return self._time(tree) or self._memory(tree) or self._processes(tree) or self._disk(tree)

    def _time(self, tree: list[Process]) -> Exceeded | None:
        self.cpu_seconds = self._clock.read(tree)
        if self.cpu_seconds > self._limits.seconds:
            return "timeout", f"used more than {self._limits.seconds:g} s of CPU time"
        return None

    def _memory(self, tree: list[Process]) -> Exceeded | None:
        limit = self._limits.memory
        if self._group is not None:
            used = max(0, self._group.memory() - self._used_disk)  # the disk is a tmpfs
        else:
            used = sum(process.memory for process in tree)
            if used > limit:
                used = sum(map(_own_memory, tree))  # shared pages were counted for each process
            used += sum(map(_page_tables, tree)) + _kept_by_descriptors(tree, ("/memfd:",))
        self.peak_memory = max(self.peak_memory, used)
        if used > limit:
            return "memory", f"used more than {_megabytes(limit)} of memory"
        return None

    def _processes(self, tree: list[Process]) -> Exceeded | None:
        limit = self._limits.processes
        found = sum(1 + max(0, process.threads - LIBRARY_THREADS) for process in tree)
        if found > limit:
            return "processes", f"started more than {limit} processes"
        return None

    def _disk(self, tree: list[Process]) -> Exceeded | None:
        start = time.monotonic()
        if start < self._next_look:
            return None
        limit = self._limits.disk
        used, files = self._on_disk(tree)
        if used >= limit or files > _FILES:
            # Measure again: a process id may have been reused by another run.
            used, files = self._on_disk(descendants(self._root, with_self=True))
        self._used_disk = used
        self._next_look = start + _SHARE_OF_TIME * (time.monotonic() - start)
        if used >= limit:
            return "disk", f"wrote more than {_megabytes(limit)} to disk"
        if files > _FILES:
            return "disk", f"created more than {_FILES:,} files, or nested folders too deeply"
        return None

    def _on_disk(self, tree: list[Process]) -> tuple[int, int]:
        if self._spec.written is None:
            return _mounted(self._spec.mounted, tree)
        used, files = _written(self._spec.written)
        return used + _kept_by_descriptors(tree, ("/",), sockets=False), files


def max_threads(processes: int, user: int | None) -> int:
    """Return a limit on threads that is reached only far above the limit on processes.

    The kernel counts all threads of a user, so those that an ordinary user already has are added.
    """
    room = 2 * processes + 8 * LIBRARY_THREADS
    return room if user is not None else room + threads_of(os.getuid())


def _own_memory(process: Process) -> int:
    try:
        with open(f"/proc/{process.number}/smaps_rollup", "rb") as lines:
            found = [line.split()[1] for line in lines if line.startswith(b"Pss:")]
    except PermissionError:  # fall back to the larger value
        return process.memory
    except OSError:  # ended meanwhile
        return 0
    return int(found[0]) * 1024 if found else 0


def _page_tables(process: Process) -> int:
    try:
        with open(f"/proc/{process.number}/status", "rb") as lines:
            found = [line.split()[1] for line in lines if line.startswith(b"VmPTE:")]
    except OSError:  # ended meanwhile
        return 0
    return int(found[0]) * 1024 if found else 0


def _kept_by_descriptors(
    processes: Iterable[Process], kinds: tuple[str, ...], sockets: bool = True
) -> int:
    """Return the bytes of unnamed open files, and the maximum size of socket buffers.

    `kinds` are prefixes of paths in /proc: a file made by `memfd_create` is "/memfd:…", a deleted
    file has its former path.
    """
    sizes: dict[tuple[int, int], int] = {}
    num_sockets = 0
    for process in processes:
        folder = f"/proc/{process.number}/fd"
        for name in _listed(folder):
            path = f"{folder}/{name}"
            try:
                target = os.readlink(path)
                if target.endswith(" (deleted)") and target.startswith(kinds):
                    found = os.stat(path)
                    sizes[found.st_dev, found.st_ino] = found.st_blocks * 512
            except OSError:  # closed meanwhile
                continue
            num_sockets += target.startswith("socket:")
    buffers = _SOCKET_BYTES * max(0, num_sockets - _FREE_SOCKETS) if sockets else 0
    return sum(sizes.values()) + buffers


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:  # ended meanwhile, or of another user
        return []


def _mounted(folders: tuple[str, ...], tree: list[Process]) -> tuple[int, int]:
    """Return bytes and files of the run's own file systems, read through one of its processes."""
    for process in reversed(tree):
        root = f"/proc/{process.number}/root"
        try:
            if os.path.samefile(root, "/"):  # has not entered its namespaces yet
                continue
            found = [os.statvfs(root + folder) for folder in folders]
        except OSError:  # ended meanwhile, or not set up yet
            continue
        used = sum((one.f_blocks - one.f_bfree) * one.f_frsize for one in found)
        return used, sum(one.f_files - one.f_ffree for one in found)
    return 0, 0


def _written(folder: str) -> tuple[int, int]:
    """Return bytes and files of a folder; each file counts as at least one block."""
    used = files = 0
    waiting = [(folder, 0)]
    while waiting and files <= _FILES:
        path, depth = waiting.pop()
        if depth > _DEEPEST:
            return used, _FILES + 1
        for entry, size in _entries(path):
            used += size
            files += 1
            if entry is not None:
                waiting.append((entry, depth + 1))
    return used, files


def _entries(path: str) -> list[tuple[str | None, int]]:
    """Return the path of each entry that is a folder, otherwise None, and its size on disk."""
    found: list[tuple[str | None, int]] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                size = max(entry.stat(follow_symlinks=False).st_blocks * 512, 4096)
                is_folder = entry.is_dir(follow_symlinks=False)
                found.append((entry.path if is_folder else None, size))
                if len(found) > _FILES:
                    break
    except OSError:  # removed meanwhile
        pass
    return found


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MB"
