"""The note beside what was unpacked: of which archive it is, and what there has to be.

It is written last, so what was unpacked by half has none. It is only believed while every file it
names is there.
"""

import json
import os
from pathlib import Path, PurePosixPath


def is_unpacked(name: str, sha1: str, folder: Path) -> bool:
    """Whether everything from the archive of this name and checksum is in `folder`."""
    stamp = _read(name, folder)
    if stamp.get("sha1") != sha1:
        return False
    return all(os.path.exists(f"{folder}/{entry}") for entry in stamp["entries"])


def top_names(name: str, folder: Path) -> set[str]:
    """What an archive unpacked into `folder` put there, at the top."""
    return {PurePosixPath(entry).parts[0] for entry in _read(name, folder).get("entries", ())}


def write_stamp(name: str, sha1: str, folder: Path, entries: list[str]) -> None:
    """Note that these entries of an archive are all in `folder`."""
    stamp = _path(name, folder)
    temporary = stamp.with_name(f"{stamp.name}.{os.getpid()}")
    temporary.write_text(json.dumps({"sha1": sha1, "entries": entries}), encoding="utf-8")
    os.replace(temporary, stamp)


def _read(name: str, folder: Path) -> dict:
    try:
        stamp = json.loads(_path(name, folder).read_text(encoding="utf-8"))
        return stamp if isinstance(stamp["entries"], list) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _path(name: str, folder: Path) -> Path:
    return folder / f".{name}.unpacked"
