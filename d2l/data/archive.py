"""Archives, unpacked inside their folder alone: everything is looked at before anything is written.

Nothing in an archive is trusted: not its names, not its links, not its sizes. A link becomes a copy
of what it stands for in the archive, so that no link is ever made.
"""

import lzma
import os
import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from io import BufferedIOBase
from pathlib import Path, PureWindowsPath

from d2l.data.archive_entries import Archive, Entry, open_archive
from d2l.data.archive_stamp import is_unpacked, write_stamp
from d2l.data.download import sha1_of
from d2l.data.transport import words
from d2l.errors import DataError

MAX_BYTES_ALWAYS = 1 << 30  # whatever the size of the archive
MAX_RATIO = 25  # of text, the most compressible of the book's sets, it is below 10
MAX_ENTRIES = 1_000_000
_DAMAGED = (
    EOFError, KeyError, NotImplementedError, RuntimeError, UnicodeError,
    lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


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
    try:
        with open_archive(archive) as opened:
            entries = _checked(opened, archive, folder)
            _write(opened, entries, folder, _max_bytes(archive))
        write_stamp(archive.name, sha1, folder, [entry.name for entry in entries])
    except DataError:
        raise
    except _DAMAGED as error:
        raise DataError(
            f"{archive} cannot be unpacked: {words(error)}. Delete it and download it again"
        ) from error
    except OSError as error:
        raise DataError(f"{archive} cannot be unpacked into {folder}: {words(error)}") from error


def _checked(opened: Archive, archive: Path, folder: Path) -> list[Entry]:
    """Every entry, each found harmless."""
    entries: list[Entry] = []
    room, total = _max_bytes(archive), 0
    for entry in opened.entries(folder):
        _check_name(entry, archive)
        entries.append(entry)
        total += entry.num_bytes
        if total > room or len(entries) > MAX_ENTRIES:
            raise DataError(
                f"{archive} ({archive.stat().st_size:,} bytes) is not unpacked: more than "
                f"{room:,} bytes or {MAX_ENTRIES:,} files would come out of it"
            )
    _check_links_on_the_way(entries, archive, folder)
    _check_space(total, archive, folder)
    return entries


def _check_name(entry: Entry, archive: Path) -> None:
    path = PureWindowsPath(entry.name)  # knows / and \\ and drives; what it refuses is bad anywhere
    leaves = ".." in path.parts or path.root or re.match("[A-Za-z]:", entry.name)
    if leaves or not path.parts or "\0" in entry.name:
        raise DataError(f"{archive} is not unpacked: its entry {entry.name!r} leaves the folder")
    if entry.problem:
        raise DataError(f"{archive} is not unpacked: its entry {entry.name!r} is {entry.problem}")


def _check_links_on_the_way(entries: Iterable[Entry], archive: Path, folder: Path) -> None:
    """Refuse to write through links that are in the folder already and lead out of it."""
    home = folder.resolve()
    for parent in {(folder / entry.name).parent for entry in entries}:
        if not parent.resolve().is_relative_to(home):
            raise DataError(
                f"{archive} is not unpacked: {parent} leads to {parent.resolve()}, out of {home}"
            )


def _check_space(total: int, archive: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if total > free:
        raise DataError(
            f"{archive} is not unpacked: it holds {total:,} bytes, "
            f"and {folder} has room for {free:,}"
        )


def _write(opened: Archive, entries: Iterable[Entry], folder: Path, room: int) -> None:
    for entry in entries:
        target = folder / entry.name
        if entry.is_folder:
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with opened.read(entry) as source:
            room -= _copy(source, target, room)


def _copy(source: BufferedIOBase, target: Path, room: int) -> int:
    """Write one file, whole or not at all; links that were at its place are replaced."""
    temporary = target.with_name(f".{target.name[:200]}.{os.getpid()}")
    written = 0
    try:
        with temporary.open("wb") as file:
            while chunk := source.read(1 << 20):
                written += len(chunk)
                if written > room:
                    raise DataError(f"more comes out of the archive than it said, at {target}")
                file.write(chunk)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return written


def _max_bytes(archive: Path) -> int:
    return max(MAX_BYTES_ALWAYS, MAX_RATIO * archive.stat().st_size)
