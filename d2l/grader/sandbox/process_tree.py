"""The processes of this machine as a tree, with what each uses. Trusted, small, no dependencies."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Process:
    """One process; `memory` in bytes, what it shares with others included."""

    number: int
    parent: int
    threads: int
    memory: int


def descendants(ancestor: int) -> list[Process]:
    """Return every process below `ancestor`, itself not among them."""
    children: dict[int, list[Process]] = {}
    for process in _all_processes():
        children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    parents = [ancestor]
    while parents:
        born = children.get(parents.pop(), [])
        found += born
        parents += [process.number for process in born]
    return found


def threads_of(user: int) -> int:
    """Count the threads of all processes of a user, which is what the limit on them counts."""
    return sum(process.threads for process in _all_processes() if _owner(process) == user)


def own_memory(processes: Iterable[Process]) -> int:
    """Return the bytes of these processes with each shared page counted once among its sharers."""
    return sum(map(_proportional_memory, processes))


def _proportional_memory(process: Process) -> int:
    try:
        with open(f"/proc/{process.number}/smaps_rollup", "rb") as lines:
            found = [line.split()[1] for line in lines if line.startswith(b"Pss:")]
    except PermissionError:  # not ours to look at: the larger number stands
        return process.memory
    except OSError:  # ended in between
        return 0
    return int(found[0]) * 1024 if found else 0


def hidden_files(processes: Iterable[Process], kinds: tuple[str, ...]) -> int:
    """Return the bytes in open files that have no name: `kinds` are beginnings of what /proc says.

    A file made by `memfd_create` is "/memfd:…", a deleted one its former path.
    """
    sizes = {}
    for process in processes:
        folder = f"/proc/{process.number}/fd"
        for name in _listed(folder):
            path = f"{folder}/{name}"
            try:
                target = os.readlink(path)
                if target.endswith(" (deleted)") and target.startswith(kinds):
                    found = os.stat(path)
                    sizes[found.st_dev, found.st_ino] = found.st_blocks * 512
            except OSError:  # closed in between
                continue
    return sum(sizes.values())


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:  # ended in between, or another user's
        return []


def _owner(process: Process) -> int:
    try:
        return os.stat(f"/proc/{process.number}").st_uid
    except OSError:  # ended in between
        return -1


def _all_processes() -> Iterable[Process]:
    if not os.path.isdir("/proc/self"):
        return _all_by_psutil()
    found = (_read(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [process for process in found if process is not None]


def _read(number: int) -> Process | None:
    try:
        descriptor = os.open(f"/proc/{number}/stat", os.O_RDONLY)
    except OSError:  # ended in between
        return None
    try:
        fields = os.read(descriptor, 4096).rpartition(b")")[2].split()
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return Process(number, int(fields[1]), int(fields[17]), int(fields[21]) * _PAGE)


def _all_by_psutil() -> Iterable[Process]:
    import psutil

    wanted = ["pid", "ppid", "num_threads", "memory_info"]
    for found in psutil.process_iter(wanted):
        info = found.info
        memory = info["memory_info"].rss if info["memory_info"] else 0
        yield Process(info["pid"], info["ppid"] or 0, info["num_threads"] or 1, memory)
