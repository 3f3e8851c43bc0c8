"""Checksums of files and of whole folders, by names and contents."""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path


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
