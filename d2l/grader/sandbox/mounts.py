"""What a run sees of this machine behind walls: Python, the system's programs, the data."""

import sys
from dataclasses import dataclass
from pathlib import Path

from d2l.grader.sandbox.isolation import DATA, GIVEN, INSIDE, PACKAGE, SandboxConfig, Workspace
from d2l.grader.sandbox.sandbox_uid import require_readable

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

    @property
    def parents(self) -> tuple[str, ...]:
        """The folders that must be made to hang what is shown in, outermost first."""
        found = {str(parent) for _, inside in self.shown for parent in Path(inside).parents}
        return tuple(sorted(found - {"/"}))


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


def mount_plan(sandbox: SandboxConfig, place: Workspace) -> MountPlan:
    """Say what the sandbox shows; raises `IsolationError` if its user cannot read what it must."""
    folders = python_folders()
    require_readable(
        [*folders, *([sandbox.data] if sandbox.data else [])], place.user, with_parents=False
    )
    shown = {str(folder): str(folder) for folder in folders}
    links = {}
    for path in map(Path, _SYSTEM):
        if path.is_symlink():
            links[str(path)] = str(path.readlink())
        elif path.is_dir():
            shown[str(path)] = str(path)
    kept = (f"/etc/{name}" for name in _ETC + (_ETC_NETWORK if sandbox.network else ()))
    shown |= {path: path for path in [*kept, _PROCESSORS] if Path(path).exists()}
    shown |= {path: f"/etc/{Path(path).name}" for path in _write_etc(place)}
    shown[str(place.sandbox)] = GIVEN
    if sandbox.data is not None:
        shown[str(sandbox.data.resolve())] = DATA
    return MountPlan(_by_depth(shown), tuple((target, path) for path, target in links.items()))


def _by_depth(shown: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(shown.items(), key=lambda pair: pair[1].count("/")))


def _write_etc(place: Workspace) -> list[str]:
    folder = place.root / "etc"
    folder.mkdir()
    user, group = place.user_and_group
    contents = {
        "passwd": f"student:x:{user}:{group}::{INSIDE}/home:/bin/sh\n",
        "group": f"student:x:{group}:\n",
        "hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    }
    for name, text in contents.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)
    return [str(folder / name) for name in contents]
