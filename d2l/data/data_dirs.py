"""Where files of data are looked for and kept: the caller's folder, and what `D2L_DATA` names.

One rule for every set: `D2L_DATA` stands for the book's folder `../data`, and is looked in as well
where a caller names a folder of their own.
"""

import os
from pathlib import Path

BOOK_FOLDER = "../data"


def folders(folder: str | os.PathLike[str] = BOOK_FOLDER) -> list[Path]:
    """The folders to look in, best first."""
    shared = os.environ.get("D2L_DATA")
    own = Path(folder)
    if not shared:
        return [own]
    is_default = os.path.normpath(own) == os.path.normpath(BOOK_FOLDER)
    return [Path(shared), own] if is_default else [own, Path(shared)]


def keeping_folder(folder: str | os.PathLike[str] = BOOK_FOLDER) -> Path:
    """The folder that a new file goes to: the first one that can be written to, if there is one.

    A folder that the caller named is never swapped for another.
    """
    choice = folders(folder)
    if choice[0] == Path(folder):
        return choice[0]
    return next((place for place in choice if is_writable(place)), choice[0])


def is_writable(folder: Path) -> bool:
    """Whether files can be made in `folder`, or the folder itself where it is not there yet."""
    there = next((place for place in (folder, *folder.absolute().parents) if place.exists()), None)
    return there is not None and there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def is_offline() -> bool:
    """Whether the environment variable `D2L_OFFLINE` forbids the network."""
    return os.environ.get("D2L_OFFLINE", "0") not in ("", "0")
