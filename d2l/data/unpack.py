"""Unpack a downloaded archive once, and recognise an unpacked one."""

import json
import os
from pathlib import Path, PurePosixPath

from d2l.data.download import sha1_of
from d2l.data.http import words
from d2l.errors import DataError
from d2l.files import archive as archives


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


MAX_BYTES_ALWAYS = 1 << 30  # whatever the size of the archive
MAX_RATIO = 25  # of text, the most compressible of the book's sets, it is below 10
MAX_ENTRIES = 1_000_000


def unpack(archive: Path, folder: Path, sha1: str | None = None) -> None:
    """Have what is in a zip or tar file in `folder`; nothing is done if it is there already.

    `sha1` is the archive's checksum, if the caller has just computed it. Raises `DataError`, and
    unpacks nothing, where a name or a link leads out of the folder, where something is neither
    file nor folder, and where more would come out than an honest archive of its size holds.
    """
    if not archive.is_file():
        raise DataError(f"asked to unpack {archive}, and there is no such file")
    sha1 = sha1 or sha1_of(archive)
    if is_unpacked(archive.name, sha1, folder):
        return
    most = max(MAX_BYTES_ALWAYS, MAX_RATIO * archive.stat().st_size)
    try:
        names = archives.unpack(archive, folder, archives.UnpackLimits(most, MAX_ENTRIES))
        write_stamp(archive.name, sha1, folder, names)
    except archives.ArchiveError as error:
        damaged = ". Delete it and download it again" if error.__cause__ else ""
        said = str(error).replace(archive.name, str(archive), 1)
        raise DataError(f"{said}{damaged}") from error
    except OSError as error:
        raise DataError(f"{archive} cannot be unpacked into {folder}: {words(error)}") from error
