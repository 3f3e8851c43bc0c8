"""Folders that data files are read from and downloaded to: the caller's folder and `D2L_DATA`.

The rule is the same for every data set: `D2L_DATA` replaces the book's default folder `../data`;
if the caller passes another folder, `D2L_DATA` is searched after it.
"""

import os
from pathlib import Path

BOOK_FOLDER = "../data"


def search_dirs(folder: str | os.PathLike[str] = BOOK_FOLDER) -> list[Path]:
    """Return the folders to search, in order of preference."""
    shared = os.environ.get("D2L_DATA")
    own = Path(folder)
    if not shared:
        return [own]
    is_default = os.path.normpath(own) == os.path.normpath(BOOK_FOLDER)
    return [Path(shared), own] if is_default else [own, Path(shared)]


def download_dir(folder: str | os.PathLike[str] = BOOK_FOLDER) -> Path:
    """Return the folder for a new file: the first writable one, else the first one.

    A folder passed by the caller is never replaced by another.
    """
    choice = search_dirs(folder)
    if choice[0] == Path(folder):
        return choice[0]
    return next((place for place in choice if is_writable(place)), choice[0])


def is_writable(folder: Path) -> bool:
    """Whether files can be created in `folder`, or `folder` itself if it does not exist yet."""
    there = next((place for place in (folder, *folder.absolute().parents) if place.exists()), None)
    return there is not None and there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def is_offline() -> bool:
    """Whether the environment variable `D2L_OFFLINE` disables network access."""
    return os.environ.get("D2L_OFFLINE", "0") not in ("", "0")
