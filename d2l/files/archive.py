"""Unpack a zip or tar file within limits; everything is looked at before anything is written.

Nothing in an archive is trusted: not its names, its links or its sizes. A link becomes a copy of
what it stands for in the archive, so that no link is ever made.
"""

import lzma
import os
import posixpath
import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path, PureWindowsPath
from stat import S_ISDIR, S_ISREG
from tempfile import TemporaryDirectory
from typing import Any, cast

from d2l.errors import D2LError

_USUAL = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MOST_BYTES_OF_ENTRY = 1_000  # of its name, extra fields and comment, in the list of a zip


@dataclass(frozen=True)
class Entry:
    """A file or a folder in an archive; `problem` says what else it is, where it is neither."""

    name: str
    is_folder: bool
    num_bytes: int
    num_packed: int
    problem: str
    member: Any


class ZipArchive:
    """An open zip file."""

    def __init__(self, opened: zipfile.ZipFile, is_strict: bool) -> None:
        self._opened, self._is_strict = opened, is_strict

    def entries(self, folder: Path) -> Iterator[Entry]:
        """What is in it, in its order, judged for being unpacked into `folder`."""
        for member in self._opened.infolist():
            mode = member.external_attr >> 16  # of Unix; 0 where another system wrote the archive
            is_plain = not mode & 0o170000 or S_ISREG(mode) or S_ISDIR(mode)
            problem = "" if is_plain else "a link or a device"
            if member.flag_bits & 0x1:
                problem = "encrypted"
            elif self._is_strict and member.compress_type not in _USUAL:
                problem = "compressed by another method than zip's usual one"
            name = member.orig_filename
            size, packed = member.file_size, member.compress_size
            is_folder = name.endswith(("/", "\\"))
            yield Entry(name, is_folder, size, packed, problem, member)

    def read(self, entry: Entry) -> BufferedIOBase:
        """The contents of a file in it."""
        return cast(BufferedIOBase, self._opened.open(entry.member))


class TarArchive:
    """An open tar file, compressed or not."""

    def __init__(self, opened: tarfile.TarFile) -> None:
        self._opened = opened

    def entries(self, folder: Path) -> Iterator[Entry]:
        """What is in it, in its order, judged for being unpacked into `folder`."""
        for member in self._opened:
            problem = _problem(member, folder)
            if not _is_root(member):
                yield Entry(member.name, member.isdir(), member.size, member.size, problem, member)

    def read(self, entry: Entry) -> BufferedIOBase:
        """The contents of a file in it."""
        file = self._opened.extractfile(entry.member)
        if file is None:
            raise tarfile.TarError(
                f"{entry.name!r} is a link to a folder, which cannot be unpacked"
            )
        return cast(BufferedIOBase, file)


Archive = ZipArchive | TarArchive


@contextmanager
def open_archive(path: Path, *, only_zip: bool = False, most: int = 0) -> Iterator[Archive]:
    """The archive in a file, recognised by its contents and not by its name.

    With `only_zip` it is a plain zip, whose list of entries is read if it can be one of `most`.
    """
    # A tar file first, since one that ends in a zip file is both.
    if not only_zip and tarfile.is_tarfile(path):
        with tarfile.open(path) as opened_tar:
            yield TarArchive(opened_tar)
    elif zipfile.is_zipfile(path):
        if only_zip and _directory_bytes(path) > most * _MOST_BYTES_OF_ENTRY:
            raise zipfile.BadZipFile(f"it lists more than {most:,} files")
        with zipfile.ZipFile(path) as opened_zip:
            yield ZipArchive(opened_zip, is_strict=only_zip)
    else:
        kind = "zip" if only_zip else "zip or tar"
        raise zipfile.BadZipFile(f"it is no {kind} file, or not a whole one")


def _directory_bytes(path: Path) -> int:
    """The size of a zip's list of entries, which is read whole; huge where it needs zip64."""
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - 2**16 - 22))
        end = file.read()
    place = end.rfind(b"PK\5\6") + 12
    return int.from_bytes(end[place : place + 4], "little")


def _is_root(member: tarfile.TarInfo) -> bool:
    return member.isdir() and member.name in (".", "./")


def _problem(member: tarfile.TarInfo, folder: Path) -> str:
    """What is against unpacking a member, found by ourselves and by Python's own filter."""
    if member.issym() or member.islnk():
        start = posixpath.dirname(member.name) if member.issym() else ""
        end = posixpath.normpath(posixpath.join(start, member.linkname))
        if posixpath.isabs(end) or end == ".." or end.startswith("../"):
            return f"a link out of the folder, to {member.linkname!r}"
    elif not (member.isreg() or member.isdir()):
        return "neither file nor folder"
    data_filter = getattr(tarfile, "data_filter", None)  # from Python 3.11.4 on
    if data_filter is not None:
        try:
            data_filter(member, str(folder))
        except tarfile.FilterError as error:
            return f"refused by Python: {error}"
    return ""


_SMALL = 2**20  # a file of repeated lines may be packed better than a ratio allows
_CHUNK = 2**18
_DAMAGED = (
    EOFError, KeyError, MemoryError, NotImplementedError, OverflowError, RuntimeError,
    UnicodeError, ValueError, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
# What is called with the name of an entry that is left out, and why.
OnBadEntry = Callable[[str, str], None]


class ArchiveError(D2LError, ValueError):
    """An archive that is damaged, dangerous or too large."""


@dataclass(frozen=True)
class UnpackLimits:
    """What may come out of an archive.

    `ratio` is how many times larger than packed a file above 1 MB may be. A strict one must be a
    plain zip: no links, no passwords, no name twice (in any case), only names that can be printed.
    """

    num_bytes: int
    num_files: int
    ratio: int | None = None
    is_strict: bool = False


def unpack(
    archive: Path, folder: Path, limits: UnpackLimits, on_bad_entry: OnBadEntry | None = None
) -> list[str]:
    """Unpack `archive` into `folder` and return the names of what was in it.

    Raises `ArchiveError`, with nothing written outside `folder`, where a name or a link leads out
    of it and where more would come out than `limits` allow; `OSError` where it cannot be written.
    With `on_bad_entry` only an entry with a bad name is left out; one that is bad otherwise
    becomes an empty file.
    """
    try:
        with open_archive(archive, only_zip=limits.is_strict, most=limits.num_files) as opened:
            entries = _checked(opened, archive, folder, limits, on_bad_entry)
            _write(opened, entries, folder, limits.num_bytes, on_bad_entry)
        return [_plain(entry) for entry in entries]
    except ArchiveError:
        raise
    except _DAMAGED as error:
        reason = str(error) or type(error).__name__
        problem = "is no zip that can be read" if limits.is_strict else "cannot be unpacked"
        raise ArchiveError(f"{archive.name} {problem}: {reason}") from error


@contextmanager
def unpacked(path: Path, limits: UnpackLimits) -> Iterator[tuple[Path, list[str]]]:
    """Give a folder as it is, and what is in an archive in a folder that ends with the block.

    The second value names the entries that are bad, as in `unpack`.
    """
    if path.is_dir():
        yield path, []
        return
    with TemporaryDirectory(prefix="d2l-unpacked-", ignore_cleanup_errors=True) as private:
        bad: list[str] = []
        try:
            unpack(path, Path(private), limits, lambda *entry: bad.append(": ".join(entry)))
        except OSError as error:
            raise ArchiveError(f"{path} cannot be unpacked: {error.strerror}") from error
        yield Path(private), bad


def _checked(
    opened: Archive, archive: Path, folder: Path, limits: UnpackLimits, on_bad: OnBadEntry | None
) -> list[Entry]:
    """Every entry, each found harmless."""
    entries: list[Entry] = []
    seen: set[str] = set()
    total = 0
    for entry in opened.entries(folder):
        bad_name = _name_problem(entry, limits, seen)
        problem = bad_name or _content_problem(entry, limits)
        if problem and on_bad is not None:
            on_bad(entry.name, problem)
            if not bad_name:
                _leave_empty(_target(folder, entry))
            continue
        if problem:
            raise ArchiveError(
                f"{archive.name} is not unpacked: its entry {entry.name!r} {problem}"
            )
        entries.append(entry)
        total += entry.num_bytes
        if total > limits.num_bytes or len(entries) > limits.num_files:
            raise ArchiveError(
                f"{archive.name} ({archive.stat().st_size:,} bytes) is not unpacked: more than "
                f"{limits.num_bytes:,} bytes or {limits.num_files:,} files would come out of it"
            )
    _check_links_on_the_way(entries, archive, folder)
    _check_space(total, archive, folder)
    return entries


def _name_problem(entry: Entry, limits: UnpackLimits, seen: set[str]) -> str:
    """What is against an entry's name, which is added to `seen`."""
    path = PureWindowsPath(entry.name)  # knows / and \\ and drives; what it refuses is bad anywhere
    leaves = ".." in path.parts or path.root or re.match("[A-Za-z]:", entry.name)
    if leaves or not path.parts or "\0" in entry.name:
        return "has a name that leads out of its folder"
    if limits.is_strict and not entry.name.isprintable():
        return "has no name that can be used"
    name = "/".join(path.parts).casefold()
    if limits.is_strict and name in seen and not entry.is_folder:
        return "is there twice"
    seen.add(name)
    return ""


def _content_problem(entry: Entry, limits: UnpackLimits) -> str:
    if entry.problem:
        return f"is {entry.problem}"
    if limits.ratio and entry.num_bytes > max(_SMALL, limits.ratio * entry.num_packed):
        return f"is packed more than {limits.ratio} times smaller than it is"
    return ""


def _check_links_on_the_way(entries: Iterable[Entry], archive: Path, folder: Path) -> None:
    """Refuse to write through links that are in the folder already and lead out of it."""
    home = folder.resolve()
    for parent in {_target(folder, entry).parent for entry in entries}:
        if not parent.resolve().is_relative_to(home):
            raise ArchiveError(
                f"{archive.name} is not unpacked: {parent} leads to {parent.resolve()}, out of "
                f"{home}"
            )


def _check_space(total: int, archive: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if total > free:
        raise ArchiveError(
            f"{archive.name} is not unpacked: it holds {total:,} bytes, "
            f"and {folder} has room for {free:,}"
        )


def _write(
    opened: Archive, entries: Iterable[Entry], folder: Path, room: int, on_bad: OnBadEntry | None
) -> None:
    for entry in entries:
        target = _target(folder, entry)
        if entry.is_folder:
            target.mkdir(parents=True, exist_ok=True)
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with opened.read(entry) as source:
                room -= _copy(source, target, room)
        except (*_DAMAGED, OSError) as error:
            if on_bad is None or isinstance(error, ArchiveError):
                raise
            on_bad(entry.name, f"cannot be read: {error or type(error).__name__}")
            _leave_empty(target)


def _target(folder: Path, entry: Entry) -> Path:
    return folder / _plain(entry)


def _plain(entry: Entry) -> str:
    return entry.name.replace("\\", "/")


def _copy(source: BufferedIOBase, target: Path, room: int) -> int:
    """Write one file, whole or not at all; links that were at its place are replaced."""
    temporary = target.with_name(f".{target.name[:200]}.{os.getpid()}")
    written = 0
    try:
        with temporary.open("wb") as file:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                if written > room:
                    raise ArchiveError(f"more comes out of the archive than it said, at {target}")
                file.write(chunk)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return written


def _leave_empty(target: Path) -> None:
    """Have an empty file in the place of one that cannot be read, so that nobody is overlooked."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    except OSError:  # its name, or that of its folder, cannot be written either
        return
