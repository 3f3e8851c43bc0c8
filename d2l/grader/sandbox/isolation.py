"""Configuration of a sandbox: level of isolation, limits, and how a command is started in it.

The levels are implemented in `bubblewrap`, `container` and `no_isolation`.
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

PACKAGE = Path(__file__).parents[2]  # the folder d2l/, the only visible part of a checkout
GUEST_ROOT = "/sandbox"  # the folder that a run may write to
INPUT_MOUNT = "/given"  # in a container, the inputs that are first copied into GUEST_ROOT
DATA = "/data"
COLAB_FOLDER = "/content"  # the working folder on Colab: here a link to that of the run
WRITABLE = ("/tmp", "/dev/shm", GUEST_ROOT)  # file systems in memory, counted together as disk
FOLDERS = ("home", "tmp", "work", "data")  # in GUEST_ROOT
MARK = "D2L_SANDBOX"  # the environment variable that marks the processes of one run

# Variables passed on from the grader's environment; none contains a path or a name.
_PASSED_ON = ("LANG", "LC_ALL", "LC_CTYPE", "TZ")
_THREADS = ("MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class IsolationError(D2LError, RuntimeError):
    """The requested isolation is not available on this machine."""


class Level(IntEnum):
    """The level of isolation of a run; each includes the guarantees of lower levels."""

    NONE = 1  # limits on time, memory, processes, output and disk; nothing is hidden
    BUBBLEWRAP = 2  # no network, separate process ids, only selected folders visible
    CONTAINER = 3  # docker or podman with a separate image

    @property
    def title(self) -> str:
        """The name on the command line, such as `bubblewrap`."""
        return self.name.lower()


class CancellationToken:
    """Once cancelled, stops all subscribed runs and every run started later."""

    def __init__(self) -> None:
        self.is_cancelled = False
        self._lock = threading.Lock()
        self._subscribers: list[Callable[[], None]] = []

    def cancel(self) -> None:
        """Stop all runs; they return as soon as their processes have ended."""
        with self._lock:
            self.is_cancelled = True
            for end in self._subscribers:
                end()

    @contextmanager
    def subscribed(self, end: Callable[[], None]) -> Iterator[None]:
        """Call `end` on cancellation during the block; at once if already cancelled."""
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
    """The limits of one run; times in seconds, sizes in bytes.

    Times are CPU times of all processes of the run, so that results do not depend on the load of
    the machine. Wall time limits stop runs that sleep or hang; their defaults are generous.
    """

    seconds: float = 600  # the whole run, CPU
    cell_seconds: float | None = None  # one cell, CPU; None: only `seconds` applies
    wall_seconds: float | None = None  # the whole run; None: 5 times `seconds`
    memory: int = 4 * 2**30  # of all processes of the run together
    processes: int = 64  # processes, and threads in excess of those of the libraries
    output: int = 16 * 2**20  # all bytes sent to the grader, including frames
    cell_characters: int = 100_000  # text kept of one cell; the rest is counted and truncated
    disk: int = 512 * 2**20  # all files written by the run
    threads: int | None = None  # threads of numerical libraries, and cores; None: all

    @property
    def stop_seconds(self) -> float:
        """Wall time after which the whole run is stopped."""
        return 5 * self.seconds if self.wall_seconds is None else self.wall_seconds


@dataclass(frozen=True)
class SandboxConfig:
    """The sandbox of one run.

    `data` is mounted read-only and its path is in `D2L_DATA`; `container_image` contains Python
    with the notebook tools, and is required by the level CONTAINER only. `cancellation` stops the
    runs of this configuration from another thread.
    """

    level: Level
    limits: Limits
    data: Path | None = None
    network: bool = False
    container_image: str | None = None
    container_engine: str | None = None  # "docker" or "podman"; None: the first that responds
    cancellation: CancellationToken = field(default_factory=CancellationToken, compare=False)


@dataclass(frozen=True)
class LaunchSpec:
    """How to start a run in its sandbox."""

    command: tuple[str, ...]
    environment: dict[str, str]
    folder: str
    user: int | None = None  # user id that starts `command`
    runs_as: int | None = None  # final user id of the processes, if used by this run only
    passed: tuple[int, ...] = ()  # open descriptors that `command` reads, closed after its start
    written: str | None = None  # a folder of this machine that counts as disk
    mounted: tuple[str, ...] = ()  # file systems inside that count as disk
    info: int | None = None  # descriptor to which bubblewrap reports its child
    is_local: bool = True  # whether the processes run, and are measured, on this machine
    afterwards: tuple[str, ...] = ()  # a command that removes what outlives the processes


def module_command(module: str, *options: str) -> list[str]:
    """Return the command that calls `main()` of one of this package's modules.

    Works both from a checkout and installed. Python runs in isolated mode, and without the folder
    d2l/ itself on the path, where its `torch.py` would hide PyTorch.
    """
    start = (
        f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); import d2l; del sys.path[0]; "
        f"from {module} import main; main()"
    )
    return [sys.executable, "-I", "-c", start, *options]


def guest_environment(sandbox: SandboxConfig, folder: str, data: str | None) -> dict[str, str]:
    """Return the complete environment of a run; `folder` is its writable folder."""
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
        "OMP_WAIT_POLICY": "PASSIVE",  # spinning threads would use CPU time while waiting
        "PATH": os.pathsep.join(path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "TMPDIR": f"{folder}/tmp",
        "USER": "student",
    }
    return own | passed_on | counts | ({} if data is None else {"D2L_DATA": data})


def with_limits(command: Sequence[str], limits: Limits, max_threads: int) -> list[str]:
    """Wrap `command` in the system's limits on each process.

    A second line of defence: the resource monitor enforces limits on all processes together.
    """
    room = limits.memory + 2**30  # PyTorch maps about a gigabyte that it never uses
    sizes = {"core": 0, "fsize": limits.disk, "nofile": 512, "data": room, "nproc": max_threads}
    return ["prlimit", *(f"--{name}={size}" for name, size in sizes.items()), "--", *command]
