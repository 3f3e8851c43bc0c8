"""What a sandbox is, and what every kind of wall makes of it: one command, its environment, its place.

Knows nothing of a single kind of wall; those are the files `wall_….py`.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from d2l.grader.sandbox.cancellation import CancellationToken
from d2l.grader.sandbox.level import Level
from d2l.grader.sandbox.limits import Limits

PACKAGE = Path(__file__).parents[2]  # the folder d2l/, all that is shown of a checkout
INSIDE = "/sandbox"  # behind walls, the folder that a run may write to
GIVEN = "/given"  # behind walls, what is copied into it first
DATA = "/data"
WRITABLE = ("/tmp", "/dev/shm", INSIDE)  # file systems in memory, counted together as disk

# What is let through of the environment of whoever grades: nothing that names a place or a person.
PASSED_ON = (
    "LANG", "LC_ALL", "LC_CTYPE", "TZ",
    "MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
)  # fmt: skip


@dataclass(frozen=True)
class SandboxConfig:
    """The walls around one run.

    `data` is shown read-only and named by `D2L_DATA`; `container_image` holds a Python with the
    notebook tools, and is needed by the level CONTAINER alone. `stop` ends the runs of this sandbox
    from another thread.
    """

    level: Level
    limits: Limits
    data: Path | None = None
    network: bool = False
    container_image: str | None = None
    container_engine: str | None = None  # "docker" or "podman"; None: the first that answers
    stop: CancellationToken = field(default_factory=CancellationToken, compare=False)


@dataclass(frozen=True)
class Workspace:
    """The folder on this machine that belongs to one run, and the user that the run is.

    `root` holds `sandbox`, with the folders home, tmp, work and data: at the level LIMITS the run
    lives there, behind walls it is copied in. `user` is None when whoever grades is no root.
    """

    root: Path
    user: int | None

    @property
    def sandbox(self) -> Path:
        """The folder that the run may write to, or that is copied to where it may."""
        return self.root / "sandbox"

    @property
    def user_and_group(self) -> tuple[int, int]:
        """Who the processes of the run are."""
        if self.user is None:
            return os.getuid(), os.getgid()
        return self.user, self.user


@dataclass(frozen=True)
class LaunchSpec:
    """How to start a run behind its walls, as plain data: it is handed over as JSON."""

    command: tuple[str, ...]
    environment: dict[str, str]
    folder: str
    user: int | None = None  # whom to become before `command`
    runs_as: int | None = None  # who the processes are in the end, where nobody else is that user
    has_walls: bool = True
    written: str | None = None  # a folder of this machine whose contents count as disk
    mounted: tuple[str, ...] = ()  # file systems inside that count as disk
    afterwards: tuple[str, ...] = ()  # a command that ends what outlives the processes


def program(module: str, *options: str, bare: bool = False) -> list[str]:
    """Return the command that calls `main()` of one of this package's modules.

    Works from a checkout and installed, in isolated mode, and without the folder d2l/ itself on
    the path, where its `torch.py` would hide PyTorch. A `bare` one sees no other package.
    """
    start = (
        f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); import d2l; del sys.path[0]; "
        f"from {module} import main; main()"
    )
    return [sys.executable, "-I", *(["-S"] if bare else []), "-c", start, *options]


def environment(folder: str, data: str | None) -> dict[str, str]:
    """Return all that a run knows of its surroundings; `folder` is the one it may write to."""
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    places = {"HOME": f"{folder}/home", "TMPDIR": f"{folder}/tmp"}
    path = (f"{sys.prefix}/bin", "/usr/local/bin", "/usr/bin", "/bin")
    own = {
        "LANG": "C.UTF-8",
        "LOGNAME": "student",
        "PATH": os.pathsep.join(path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "USER": "student",
    }
    return own | passed_on | places | ({} if data is None else {"D2L_DATA": data})


def with_copied_inputs(command: Sequence[str]) -> list[str]:
    """Wrap `command`: fill the folder INSIDE with what is in GIVEN, then begin in its `work`."""
    script = f'cp -RP {GIVEN}/. {INSIDE}/ && cd {INSIDE}/work && exec "$@"'
    return ["/bin/sh", "-c", script, "sh", *command]
