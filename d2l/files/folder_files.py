"""The files of a folder that others filled: listed within limits, and their checksums."""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from d2l.errors import D2LError

_SKIPPED = {"__macosx", "__pycache__"}


class TooManyFilesError(D2LError, ValueError):
    """A folder that holds more than it may."""


def files_below(folder: Path, num_files: int, num_bytes: int) -> list[Path]:
    """Return all files and links in a folder, hidden ones and Python's own aside.

    No link is followed. Raises `TooManyFilesError` where there are more files or bytes than given.
    """
    found: list[Path] = []
    size = 0
    for place, folders, names in os.walk(folder):
        links = [name for name in folders if Path(place, name).is_symlink()]
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and name.lower() not in _SKIPPED and name not in links
        ]
        files = [Path(place, name) for name in (*links, *names) if not name.startswith(".")]
        size += sum(file.lstat().st_size for file in files)
        found += files
        if len(found) > num_files or size > num_bytes:
            raise TooManyFilesError(
                f"it holds more than {num_files} files or {num_bytes // 2**20} MB"
            )
    return found


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file; of a link where it leads to, of a device that it is none."""
    if path.is_symlink():
        return f"link to {os.readlink(path)}"
    if not path.is_file():
        return "no file"
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_of_all(files: Iterable[tuple[str, Path]], mark: Callable[[Path], str] = file_hash) -> str:
    """Return one hash of named files: of each name, and of what `mark` says of the file."""
    whole = hashlib.sha256()
    for name, path in sorted(files):
        said = os.fsencode(name), mark(path).encode()
        whole.update(b"%d %s %d %s" % (len(said[0]), said[0], len(said[1]), said[1]))
    return whole.hexdigest()
