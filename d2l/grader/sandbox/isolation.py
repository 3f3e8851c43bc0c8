"""What a sandbox is: its level of isolation, its limits, and how a command is started in it.

Knows nothing of a single kind of isolation; those are `bubblewrap`, `container`, `no_isolation`.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from d2l.errors import D2LError

PACKAGE = Path(__file__).parents[2]  # the folder d2l/, all that is shown of a checkout
GUEST_ROOT = "/sandbox"  # the folder that a run may write to
INPUT_MOUNT = "/given"  # in a container, what is copied into GUEST_ROOT first
DATA = "/data"
COLAB_FOLDER = "/content"  # the folder of a notebook on Colab: here a link to the run's own
WRITABLE = ("/tmp", "/dev/shm", GUEST_ROOT)  # file systems in memory, counted together as disk
FOLDERS = ("home", "tmp", "work", "data")  # in GUEST_ROOT
MARK = "D2L_SANDBOX"  # the environment variable that marks the processes of one run

# What is passed on of the grader's environment: nothing that names a place or a person.
_PASSED_ON = ("LANG", "LC_ALL", "LC_CTYPE", "TZ")
_THREADS = ("MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class IsolationError(D2LError, RuntimeError):
    """Isolation that was requested and is not available on this machine."""


class Level(IntEnum):
    """How strongly a run is isolated; each level has what those below it have."""

    NONE = 1  # time, memory, processes, output and disk are bounded; nothing is hidden
    BUBBLEWRAP = 2  # no network, own process numbers, only chosen folders visible
    CONTAINER = 3  # docker or podman: an image of its own

    @property
    def title(self) -> str:
        """The word that the command line has for it: `bubblewrap`."""
        return self.name.lower()


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


@dataclass(frozen=True)
class Limits:
    """The bounds of one run; time in seconds, sizes in bytes.

    Time is CPU time of all processes of the run, so that a busy machine changes no result. The
    stops by wall time are for what sleeps or hangs; without a value they are generous multiples.
    """

    seconds: float = 600  # the whole run, CPU
    cell_seconds: float | None = None  # one cell, CPU; None: only the whole counts
    wall_seconds: float | None = None  # the whole run; None: 5 times `seconds`
    memory: int = 4 * 2**30  # of all processes of the run together
    processes: int = 64  # processes, and threads beyond those of the libraries
    output: int = 16 * 2**20  # everything that crosses back, frames included
    cell_characters: int = 100_000  # text kept of one cell; the rest is counted and cut
    disk: int = 512 * 2**20  # everything that the run writes
    threads: int | None = None  # of numerical libraries, and cores to run on; None: all

    @property
    def stop_seconds(self) -> float:
        """Wall time after which the whole run is ended."""
        return 5 * self.seconds if self.wall_seconds is None else self.wall_seconds


@dataclass(frozen=True)
class SandboxConfig:
    """The sandbox of one run.

    `data` is shown read-only and named by `D2L_DATA`; `container_image` holds a Python with the
    notebook tools, and is needed by the level CONTAINER alone. `cancellation` ends the runs of
    this configuration from another thread.
    """

    level: Level
    limits: Limits
    data: Path | None = None
    network: bool = False
    container_image: str | None = None
    container_engine: str | None = None  # "docker" or "podman"; None: the first that answers
    cancellation: CancellationToken = field(default_factory=CancellationToken, compare=False)


@dataclass(frozen=True)
class LaunchSpec:
    """How to start a run in its sandbox."""

    command: tuple[str, ...]
    environment: dict[str, str]
    folder: str
    user: int | None = None  # whom to become before `command`
    runs_as: int | None = None  # who the processes are in the end, where nobody else is that user
    passed: tuple[int, ...] = ()  # open descriptors that `command` reads, closed once it started
    written: str | None = None  # a folder of this machine whose contents count as disk
    mounted: tuple[str, ...] = ()  # file systems inside that count as disk
    info: int | None = None  # where bubblewrap reports its child
    is_local: bool = True  # whether the processes are this machine's to be measured
    afterwards: tuple[str, ...] = ()  # a command that ends what outlives the processes


def module_command(module: str, *options: str) -> list[str]:
    """Return the command that calls `main()` of one of this package's modules.

    Works from a checkout and installed, in isolated mode, and without the folder d2l/ itself on
    the path, where its `torch.py` would hide PyTorch.
    """
    start = (
        f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); import d2l; del sys.path[0]; "
        f"from {module} import main; main()"
    )
    return [sys.executable, "-I", "-c", start, *options]


def guest_environment(sandbox: SandboxConfig, folder: str, data: str | None) -> dict[str, str]:
    """Return the whole environment of a run; `folder` is the one that it may write to."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    threads = sandbox.limits.threads
    counts = {name: os.environ[name] for name in _THREADS if name in os.environ}
    if threads is not None:
        counts = dict.fromkeys(_THREADS, str(threads))
    path = (f"{sys.prefix}/bin", "/usr/local/bin", "/usr/bin", "/bin")
    own = {
        "HOME": f"{folder}/home",
        "LANG": "C.UTF-8",
        "LOGNAME": "student",
        "OMP_WAIT_POLICY": "PASSIVE",  # a thread that spins uses CPU time while it waits
        "PATH": os.pathsep.join(path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "TMPDIR": f"{folder}/tmp",
        "USER": "student",
    }
    return own | passed_on | counts | ({} if data is None else {"D2L_DATA": data})


def with_limits(command: Sequence[str], limits: Limits, max_threads: int) -> list[str]:
    """Wrap `command` in the limits that the system keeps on each process.

    A second line: what counts are all processes together, which the resource monitor measures.
    """
    room = limits.memory + 2**30  # PyTorch maps about a gigabyte that it never touches
    sizes = {"core": 0, "fsize": limits.disk, "nofile": 512, "data": room, "nproc": max_threads}
    return ["prlimit", *(f"--{name}={size}" for name, size in sizes.items()), "--", *command]
