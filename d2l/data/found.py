"""Is a file on this machine the one asked for? Told by its checksum, or by where it came from."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from d2l.data.download import sha1_of
from d2l.data.transport import words
from d2l.errors import DataError

_NOT_IN_NAMES = r'[\\/:*?"<>|]' if os.name == "nt" else "[/]"


def file_name(address: str) -> str:
    """The name under which the file behind an address is kept: its last part, query and all."""
    parts = urlsplit(address)
    name = parts.path.rpartition("/")[2]
    if name in ("", ".", "..") or "\\" in name:
        raise DataError(f"asked to download {address!r}, in which there is no file name")
    return re.sub(_NOT_IN_NAMES, "_", f"{name}?{parts.query}" if parts.query else name)


def fault_of(path: Path, address: str, sha1: str | None) -> str | None:
    """Why a file here is not the one with this checksum, or from this address; None if it is.

    Without a checksum, a file that somebody put here by hand is believed.
    """
    if not path.is_file():
        return "not a file" if path.exists() else "not there"
    try:
        if sha1 is None:
            origin = _origin(path)
            return None if origin in ("", address) else f"another file, from {origin}"
        found = sha1_of(path)
    except OSError as error:
        return words(error)
    if found == sha1.lower():
        return None
    return f"damaged, or another file: {path.stat().st_size} bytes with sha1 {found}"


def note_origin(path: Path, address: str) -> None:
    """Note where a file came from; with an empty address, that it is not known."""
    note = _note(path)
    if address:
        note.write_text(address, encoding="utf-8")
    else:
        note.unlink(missing_ok=True)


def _origin(path: Path) -> str:
    note = _note(path)
    return note.read_text(encoding="utf-8") if note.is_file() else ""


def _note(path: Path) -> Path:
    return path.with_name(f".{path.name}.origin")
