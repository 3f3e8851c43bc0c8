"""Extract a downloaded archive once; a marker file records what was extracted."""

import json
import os
from pathlib import Path, PurePosixPath

from d2l.data.download import sha1_of
from d2l.data.http import describe_error
from d2l.errors import DataError
from d2l.files import archive as archives


def is_unpacked(name: str, sha1: str, folder: Path) -> bool:
    """Whether all entries of the archive of this name and checksum are in `folder`."""
    marker = _read(name, folder)
    if marker.get("sha1") != sha1:
        return False
    return all(os.path.exists(f"{folder}/{entry}") for entry in marker["entries"])


def top_names(name: str, folder: Path) -> set[str]:
    """Return the top-level names that an archive extracted into `folder`."""
    return {PurePosixPath(entry).parts[0] for entry in _read(name, folder).get("entries", ())}


def write_marker(name: str, sha1: str, folder: Path, entries: list[str]) -> None:
    """Record that these entries of an archive were extracted into `folder`."""
    marker = _path(name, folder)
    temporary = marker.with_name(f"{marker.name}.{os.getpid()}")
    temporary.write_text(json.dumps({"sha1": sha1, "entries": entries}), encoding="utf-8")
    os.replace(temporary, marker)


def _read(name: str, folder: Path) -> dict:
    try:
        marker = json.loads(_path(name, folder).read_text(encoding="utf-8"))
        return marker if isinstance(marker["entries"], list) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _path(name: str, folder: Path) -> Path:
    return folder / f".{name}.unpacked"


MAX_BYTES_ALWAYS = 1 << 30  # regardless of the archive's size
MAX_RATIO = 25  # text, the most compressible of the book's data, is below 10
MAX_ENTRIES = 1_000_000


def unpack(archive: Path, folder: Path, sha1: str | None = None) -> None:
    """Extract a zip or tar file into `folder`, unless that was done before.

    `sha1` is the archive's checksum, if the caller has just computed it. Raises `DataError` and
    extracts nothing if an entry or a link leads out of the folder, an entry is neither a file nor a
    folder, or the contents exceed the size limits.
    """
    if not archive.is_file():
        raise DataError(f"the archive {archive} does not exist")
    sha1 = sha1 or sha1_of(archive)
    if is_unpacked(archive.name, sha1, folder):
        return
    most = max(MAX_BYTES_ALWAYS, MAX_RATIO * archive.stat().st_size)
    try:
        names = archives.unpack(archive, folder, archives.UnpackLimits(most, MAX_ENTRIES))
        write_marker(archive.name, sha1, folder, names)
    except archives.ArchiveError as error:
        hint = ". Delete it and download it again" if error.__cause__ else ""
        message = str(error).replace(archive.name, str(archive), 1)
        raise DataError(f"{message}{hint}") from error
    except OSError as error:
        raise DataError(
            f"{archive} cannot be extracted into {folder}: {describe_error(error)}"
        ) from error
