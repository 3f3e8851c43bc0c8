"""The folder on this machine that one run has to itself, from before its start to after its end."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from d2l.grader.sandbox.isolation import Workspace
from d2l.grader.sandbox.kill_tree import remove_folder
from d2l.grader.sandbox.sandbox_uid import unprivileged_user

_FOLDERS = ("home", "tmp", "work", "data")


@contextmanager
def temp_workspace(files: Path | None) -> Iterator[Workspace]:
    """Make a place with copies of `files` in its folder `work`, and remove it at the end."""
    root = Path(tempfile.mkdtemp(prefix="d2l-sandbox-")).resolve()
    try:
        root.chmod(0o711)  # others may pass, to what is theirs
        place = Workspace(root, unprivileged_user())
        _furnish(place, files)
        yield place
    finally:
        remove_folder(root)


def _furnish(place: Workspace, files: Path | None) -> None:
    place.sandbox.mkdir(mode=0o700)
    for name in _FOLDERS:
        (place.sandbox / name).mkdir(mode=0o700)
    if files is not None:
        _copy(files, place.sandbox / "work")
    _hand_over_fonts(place.sandbox / "home")
    if place.user is not None:
        _give(place.sandbox, place.user)


def _copy(files: Path, target: Path) -> None:
    # Links stay links: what they point to is not copied for somebody who might not see it.
    shutil.copytree(files, target, symlinks=True, ignore=_special, dirs_exist_ok=True)


def _hand_over_fonts(home: Path) -> None:
    # Else each run searches the machine for fonts, for seconds, the first time it draws.
    known = Path.home() / ".cache" / "matplotlib"
    for file in known.glob("fontlist-*.json"):
        kept = home / ".cache" / "matplotlib"
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, kept / file.name)


def _special(folder: str, names: list[str]) -> list[str]:
    kept = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)
    modes = {name: os.lstat(os.path.join(folder, name)).st_mode for name in names}
    return [name for name, mode in modes.items() if not any(kind(mode) for kind in kept)]


def _give(folder: Path, user: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user, follow_symlinks=False)
