"""Names and files in untrusted folders: safe names, limits, checksums."""

import hashlib
import os
import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

from d2l.errors import D2LError

_MAX_NAME_BYTES = 120  # with a suffix it stays below the 255 that file systems allow
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def composed(name: str) -> str:
    """Return a name in Unicode's composed form (NFC); bytes that are not UTF-8 become "?".

    File names from a Mac are decomposed, which matters for Korean.
    """
    return unicodedata.normalize("NFC", name.encode(errors="replace").decode())


def safe_name(text: str) -> str:
    """Return `text` as a file name that is valid on every system.

    >>> safe_name("a/b?"), safe_name("con")
    ('a_b_', '_con')
    """
    visible = "".join(c if c.isprintable() and c not in '/\\:*?"<>|%#' else "_" for c in text)
    short = visible.encode()[:_MAX_NAME_BYTES].decode(errors="ignore").strip(" .")
    return f"_{short}" if not short or _RESERVED.fullmatch(short) else short


def distinct(names: Iterable[str], pattern: str = "{name} ({number})") -> list[str]:
    """Return the names, with a number added to duplicates, ignoring case.

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
    """Raised for a folder with too many files or bytes."""


def files_below(folder: Path, num_files: int, num_bytes: int) -> list[Path]:
    """Return all files and links in a folder, except hidden files and caches of Python and macOS.

    Links are not followed. Raises `TooManyFilesError` if there are more files or bytes than the
    limits.
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
                f"it contains more than {num_files} files or {num_bytes // 2**20} MB"
            )
    return found


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file; for a link its target, for a device "no file"."""
    if path.is_symlink():
        return f"link to {os.readlink(path)}"
    if not path.is_file():
        return "no file"
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_of_all(files: Iterable[tuple[str, Path]], mark: Callable[[Path], str] = file_hash) -> str:
    """Return one hash of named files: of each name, and of the result of `mark` for the file."""
    total = hashlib.sha256()
    for name, path in sorted(files):
        key, value = os.fsencode(name), mark(path).encode()
        total.update(b"%d %s %d %s" % (len(key), key, len(value), value))
    return total.hexdigest()
