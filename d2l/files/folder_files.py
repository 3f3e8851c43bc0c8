"""Names and files in a folder that others filled: safe names, limits, checksums."""

import hashlib
import os
import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

from d2l.errors import D2LError

_LONGEST = 120  # bytes; with a suffix it stays below the 255 that file systems take
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def composed(name: str) -> str:
    """Return a name in Unicode's composed form, as people write it; what is not UTF-8 becomes "?".

    Korean names from a Mac are decomposed.
    """
    return unicodedata.normalize("NFC", name.encode(errors="replace").decode())


def safe_name(text: str) -> str:
    """Return `text` as the name of a file that every system takes.

    >>> safe_name("a/b?"), safe_name("con")
    ('a_b_', '_con')
    """
    visible = "".join(c if c.isprintable() and c not in '/\\:*?"<>|%#' else "_" for c in text)
    short = visible.encode()[:_LONGEST].decode(errors="ignore").strip(" .")
    return f"_{short}" if not short or _RESERVED.fullmatch(short) else short


def distinct(names: Iterable[str], pattern: str = "{name} ({number})") -> list[str]:
    """Return the names, those numbered that were there before, in whatever case.

    >>> distinct(["a", "b", "A"])
    ['a', 'b', 'A (2)']
    """
    taken: set[str] = set()
    found = []
    for name in names:
        number, candidate = 1, name
        while candidate.casefold() in taken:
            number += 1
            candidate = pattern.format(name=name, number=number)
        taken.add(candidate.casefold())
        found.append(candidate)
    return found


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
