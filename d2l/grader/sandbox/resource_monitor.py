"""What a run uses, measured several times a second: memory, processes, disk. Trusted, small."""

import os
import time
from typing import Any

from d2l.grader.sandbox.process_tree import Process, descendants, hidden_files, own_memory

LIBRARY_THREADS = 32 + 4 * (os.cpu_count() or 1)  # that numerical libraries start in one process
_FILES = 100_000  # how many files and folders a run may have
_DEEPEST = 200  # how many folders within each other
_SHARE_OF_TIME = 10  # looking through the files takes at most one part in so many


class ResourceMonitor:
    """Measures the processes below this one against the limits of a plan."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.peak_memory = 0
        self._next_look = 0.0

    def exceeded_limit(self) -> tuple[str, str] | None:
        """Return the limit that is broken and a sentence on it; None if none is.

        The sentence is the same in each run: how much was used when it was seen is chance.
        """
        tree = descendants(os.getpid())
        return self._memory(tree) or self._processes(tree) or self._disk(tree)

    def _memory(self, tree: list[Process]) -> tuple[str, str] | None:
        limit = self.plan["memory"]
        used = sum(process.memory for process in tree)
        if used > limit:
            used = own_memory(tree)  # what workers share was counted once for each
        used += hidden_files(tree, ("/memfd:",))
        self.peak_memory = max(self.peak_memory, used)
        if used > limit:
            return "memory", f"it used too much memory; {_megabytes(limit)} are allowed"
        return None

    def _processes(self, tree: list[Process]) -> tuple[str, str] | None:
        limit = self.plan["processes"]
        found = sum(1 + max(0, process.threads - LIBRARY_THREADS) for process in tree)
        if found > limit:
            return "processes", f"it had too many processes; {limit} are allowed"
        return None

    def _disk(self, tree: list[Process]) -> tuple[str, str] | None:
        start = time.monotonic()
        if start < self._next_look:
            return None
        limit = self.plan["disk"]
        used, files = self._on_disk(tree)
        if used >= limit or files > _FILES:
            # Once more: a process may have ended, and its number be one of another run's by now.
            used, files = self._on_disk(descendants(os.getpid()))
        self._next_look = start + _SHARE_OF_TIME * (time.monotonic() - start)
        if used >= limit:
            return "disk", f"it wrote too much to disk; {_megabytes(limit)} are allowed"
        if files > _FILES:
            return "disk", f"it made more than {_FILES:,} files, or nested them too deeply"
        return None

    def _on_disk(self, tree: list[Process]) -> tuple[int, int]:
        if self.plan["written"] is None:
            return _mounted(self.plan["mounted"], tree)
        used, files = _written(self.plan["written"])
        return used + hidden_files(tree, ("/",)), files


def _mounted(folders: list[str], tree: list[Process]) -> tuple[int, int]:
    """Return bytes and files of file systems that only the run sees, through one that sees them."""
    for process in reversed(tree):
        root = f"/proc/{process.number}/root"
        try:
            if os.path.samefile(root, "/"):  # still on its way in, and sees this machine
                continue
            found = [os.statvfs(root + folder) for folder in folders]
        except OSError:  # ended in between, or half way in
            continue
        used = sum((one.f_blocks - one.f_bfree) * one.f_frsize for one in found)
        return used, sum(one.f_files - one.f_ffree for one in found)
    return 0, 0


def _written(folder: str) -> tuple[int, int]:
    """Return bytes and files of a folder; a file counts as one block at least."""
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
    """Return of each entry its size on disk, and its path if it is a folder."""
    found: list[tuple[str | None, int]] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                size = max(entry.stat(follow_symlinks=False).st_blocks * 512, 4096)
                is_folder = entry.is_dir(follow_symlinks=False)
                found.append((entry.path if is_folder else None, size))
                if len(found) > _FILES:
                    break
    except OSError:  # taken away in between
        pass
    return found


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MB"
