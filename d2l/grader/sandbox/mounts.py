"""What a run sees of this machine in bubblewrap: Python, the system programs, the data."""

import sys
from dataclasses import dataclass
from pathlib import Path

from d2l.grader.sandbox.isolation import DATA, GUEST_ROOT, PACKAGE, SandboxConfig
from d2l.grader.sandbox.workspace import require_readable

_ETC = (
    "alternatives", "fonts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types",
)  # fmt: skip
_ETC_NETWORK = ("ca-certificates", "pki", "resolv.conf", "services", "ssl")
_SYSTEM = ("/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin")
_PROCESSORS = "/sys/devices/system/cpu"  # where PyTorch and the C library count them


@dataclass(frozen=True)
class MountPlan:
    """Paths shown read-only, as (outside, inside), parents first; links as (target, inside)."""

    shown: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    files: dict[str, str]  # the text of small files, by their path inside

    @property
    def parents(self) -> tuple[str, ...]:
        """The folders that must be made to hang what is shown in, outermost first."""
        paths = [*(inside for _, inside in self.shown), *self.files]
        found = {str(parent) for path in paths for parent in Path(path).parents}
        return tuple(sorted(found - {"/"}))


def mount_plan(
    sandbox: SandboxConfig, user: int | None, user_and_group: tuple[int, int]
) -> MountPlan:
    """Say what the sandbox shows; raises `IsolationError` if its user cannot read what it must."""
    folders = python_folders()
    require_readable([*folders, *([sandbox.data] if sandbox.data else [])], user, False)
    shown = {str(folder): str(folder) for folder in folders}
    links = {}
    for path in map(Path, _SYSTEM):
        if path.is_symlink():
            links[str(path)] = str(path.readlink())
        elif path.is_dir():
            shown[str(path)] = str(path)
    kept = (f"/etc/{name}" for name in _ETC + (_ETC_NETWORK if sandbox.network else ()))
    shown |= {path: path for path in [*kept, _PROCESSORS] if Path(path).exists()}
    if sandbox.data is not None:
        shown[str(sandbox.data.resolve())] = DATA
    by_depth = sorted(shown.items(), key=lambda pair: pair[1].count("/"))
    targets = tuple((target, path) for path, target in links.items())
    return MountPlan(tuple(by_depth), targets, _etc_files(*user_and_group))


def python_folders() -> list[Path]:
    """Return the folders of this Python and of this package, none within another."""
    wanted = {Path(sys.prefix), Path(sys.base_prefix), PACKAGE, Path("/usr"), *_linked()}
    wanted |= {folder.resolve() for folder in wanted}
    return sorted(folder for folder in wanted if not wanted & set(folder.parents))


def _linked() -> list[Path]:
    # python -> /opt/python-3/bin/python -> …: each step of the way must be there.
    steps = [Path(sys.executable)]
    while steps[-1].is_symlink():
        steps.append(steps[-1].parent / steps[-1].readlink())
    return [step.parents[1] for step in steps if step.parent.name == "bin"]


def _etc_files(user: int, group: int) -> dict[str, str]:
    return {
        "/etc/passwd": f"student:x:{user}:{group}::{GUEST_ROOT}/home:/bin/sh\n",
        "/etc/group": f"student:x:{group}:\n",
        "/etc/hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    }
