"""The workspace of one run: its initial files, its user, and the paths visible inside."""

import io
import os
import re
import secrets
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from d2l.grader.sandbox.isolation import (
    DATA,
    FOLDERS,
    GUEST_ROOT,
    PACKAGE,
    IsolationError,
    SandboxConfig,
)

_ETC = (
    "alternatives", "fonts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types",
)  # fmt: skip
_ETC_NETWORK = ("ca-certificates", "pki", "resolv.conf", "services", "ssl")
_SYSTEM = ("/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin")
_PROCESSORS = "/sys/devices/system/cpu"  # read by PyTorch and the C library to count cores


@dataclass(frozen=True)
class MountPlan:
    """Read-only mounts as (outside, inside), parents first, and links as (target, inside)."""

    shown: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    files: dict[str, str]  # contents of small files, by their path inside

    @property
    def parents(self) -> tuple[str, ...]:
        """The folders to create as parents of the mounts, outermost first."""
        paths = [*(inside for _, inside in self.shown), *self.files]
        found = {str(parent) for path in paths for parent in Path(path).parents}
        return tuple(sorted(found - {"/"}))


def mount_plan(
    sandbox: SandboxConfig, user: int | None, user_and_group: tuple[int, int]
) -> MountPlan:
    """Return the mounts of a sandbox; raises `IsolationError` if its user cannot read one."""
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
    """Return the folders of this Python and of this package, none inside another."""
    folders = {Path(sys.prefix), Path(sys.base_prefix), PACKAGE, Path("/usr"), *_linked()}
    folders |= {folder.resolve() for folder in folders}
    return sorted(folder for folder in folders if not folders & set(folder.parents))


def _linked() -> list[Path]:
    # python -> /opt/python-3/bin/python -> …: each link of the chain must be visible.
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


_PREFIX = "d2l-sandbox-"
_NAME = re.compile(rf"{_PREFIX}(\d+)-\w+")


@dataclass(frozen=True)
class Workspace:
    """The inputs and the user of one run; `user` is None unless the grader is root."""

    files: Path | None
    user: int | None
    name: str  # unique on this machine

    @property
    def user_and_group(self) -> tuple[int, int]:
        """The user and group ids of the processes of the run."""
        if self.user is None:
            return os.getuid(), os.getgid()
        return self.user, self.user

    def archive(self) -> bytes:
        """Return the inputs as a tar file, which is unpacked inside.

        Links are kept as links: their targets may be files that the run must not read.
        """
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for source, target in self._sources():
                for path in [source, *sorted(source.rglob("*"))]:
                    archive.inodes = {}  # type: ignore[attr-defined]  # store hard links as files
                    name = Path(target, path.relative_to(source))
                    archive.add(path, name, recursive=False, filter=self._as_own)
        return packed.getvalue()

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Create a folder with the inputs on this machine, and remove it at the end."""
        remove_stale_folders()
        root = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")).resolve()
        try:
            root.chmod(0o711)  # other users may traverse it
            own = root / "sandbox"
            own.mkdir(mode=0o700)
            for name in FOLDERS:
                (own / name).mkdir(mode=0o700)
            for source, target in self._sources():
                place = own / target
                place.parent.mkdir(parents=True, exist_ok=True)
                if source.is_dir():
                    shutil.copytree(source, place, True, _special_files, dirs_exist_ok=True)
                else:
                    shutil.copyfile(source, place)
            if self.user is not None:
                for path in (own, *own.rglob("*")):
                    os.chown(path, self.user, self.user, follow_symlinks=False)
            yield own
        finally:
            remove_folder(root)

    def _sources(self) -> Iterator[tuple[Path, str]]:
        if self.files is not None:
            yield self.files, "work"
        # Otherwise Matplotlib would search for fonts in each run, which takes seconds.
        known = Path.home() / ".cache" / "matplotlib"
        for file in known.glob("fontlist-*.json"):
            yield file, f"home/.cache/matplotlib/{file.name}"

    def _as_own(self, member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if not (member.isreg() or member.isdir() or member.issym()):
            return None
        member.uid, member.gid = self.user_and_group
        member.uname = member.gname = ""
        member.mode |= stat.S_IRUSR | stat.S_IWUSR | (stat.S_IXUSR if member.isdir() else 0)
        return member


def new_workspace(files: Path | None) -> Workspace:
    """Return the workspace of one run, with copies of `files` in its folder `work`."""
    return Workspace(files, unprivileged_user(), f"{_PREFIX}{os.urandom(6).hex()}")


def remove_folder(folder: Path) -> None:
    """Remove a run's folder with all contents; do nothing if it does not exist."""
    # shutil.rmtree fails on folders nested a thousand levels deep.
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
        if folder.exists():
            subprocess.run([*command, "--", folder], capture_output=True, check=False)


def remove_stale_folders() -> None:
    """Remove the folders left by killed graders of this user."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        found = _NAME.fullmatch(folder.name)
        try:
            is_own = folder.lstat().st_uid == os.getuid() and not folder.is_symlink()
        except OSError:  # removed meanwhile
            continue
        if found and is_own and not Path(f"/proc/{found[1]}").exists():
            remove_folder(folder)


def _special_files(folder: str, names: list[str]) -> list[str]:
    kept = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)
    modes = {name: os.lstat(os.path.join(folder, name)).st_mode for name in names}
    return [name for name, mode in modes.items() if not any(kind(mode) for kind in kept)]


# Unassigned in systemd's table of user ids: between its last range (1,879,048,191) and 2^31.
_UNUSED = range(1_900_000_000, 2_100_000_000)
_UNUSED_IN_CONTAINERS = range(20_000, 60_000)  # there only 65,536 ids are mapped


def unprivileged_user() -> int | None:
    """Return a random user id for one run, None unless this process is root.

    With a separate user, runs cannot inspect or signal each other, and the limit on processes,
    which the kernel counts per user and ignores for root, applies to this run only.
    """
    if os.geteuid() != 0:
        return None
    mapped = _mapped_users()
    for numbers in (_UNUSED, _UNUSED_IN_CONTAINERS):
        if numbers.start in mapped and numbers[-1] in mapped:
            return secrets.choice(numbers)
    raise IsolationError(
        "as root, d2l runs submissions as an unprivileged user; this user namespace "
        f"maps no user ids from {_UNUSED_IN_CONTAINERS.start}. Run d2l as an ordinary user"
    )


def _mapped_users() -> range:
    try:
        first, _, count = Path("/proc/self/uid_map").read_text().split()[:3]
    except OSError:  # without user namespaces, all ids are available
        return range(2**32)
    return range(int(first), int(first) + int(count))


def require_readable(folders: Iterable[Path], user: int | None, with_parents: bool) -> None:
    """Raise `IsolationError` for a folder that the unprivileged `user` cannot read.

    In a sandbox the folder itself is mounted; without isolation its parents must be accessible too.
    """
    if user is None:
        return
    for folder in folders:
        parents = list(folder.resolve().parents) if with_parents else []
        closed = [parent for parent in parents if not parent.stat().st_mode & 0o001]
        if folder.stat().st_mode & 0o005 != 0o005:
            closed.insert(0, folder)
        if closed:
            raise IsolationError(
                f"when d2l runs as root, submissions run as an unprivileged user, who cannot read "
                f"{closed[-1]} (required for {folder}). "
                f"Use `chmod o+rx {closed[-1]}`, or run d2l as an ordinary user"
                + (", or with --isolation bubblewrap" if with_parents else "")
                + "."
            )
