"""Unpack a zip or tar file within limits; all entries are checked before anything is written.

Names, links and sizes in an archive are untrusted. A link is replaced by a copy of its target in
the archive, so that links are never created.
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

_STANDARD_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MAX_BYTES_OF_ENTRY = 1_000  # name, extra fields and comment in the central directory of a zip


@dataclass(frozen=True)
class Entry:
    """A file or a folder in an archive; `problem` describes an entry that cannot be unpacked."""

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
        """Iterate over the entries in their order, with their problems."""
        for member in self._opened.infolist():
            mode = member.external_attr >> 16  # Unix file mode; 0 if written by another system
            is_plain = not mode & 0o170000 or S_ISREG(mode) or S_ISDIR(mode)
            problem = "" if is_plain else "a link or a device"
            if member.flag_bits & 0x1:
                problem = "encrypted"
            elif self._is_strict and member.compress_type not in _STANDARD_METHODS:
                problem = "compressed by a method other than deflate"
            name = member.orig_filename
            size, packed = member.file_size, member.compress_size
            is_folder = name.endswith(("/", "\\"))
            yield Entry(name, is_folder, size, packed, problem, member)

    def read(self, entry: Entry) -> BufferedIOBase:
        """Open a file in the archive."""
        return cast(BufferedIOBase, self._opened.open(entry.member))


class TarArchive:
    """An open tar file, compressed or not."""

    def __init__(self, opened: tarfile.TarFile) -> None:
        self._opened = opened

    def entries(self, folder: Path) -> Iterator[Entry]:
        """Iterate over the entries in their order, with problems of unpacking into `folder`."""
        for member in self._opened:
            problem = _problem(member, folder)
            if not _is_root(member):
                yield Entry(member.name, member.isdir(), member.size, member.size, problem, member)

    def read(self, entry: Entry) -> BufferedIOBase:
        """Open a file in the archive."""
        file = self._opened.extractfile(entry.member)
        if file is None:
            raise tarfile.TarError(
                f"{entry.name!r} is a link to a folder, which cannot be unpacked"
            )
        return cast(BufferedIOBase, file)


Archive = ZipArchive | TarArchive


@contextmanager
def open_archive(path: Path, *, only_zip: bool = False, max_entries: int = 0) -> Iterator[Archive]:
    """Open an archive, whose type is detected by its contents, not by its name.

    With `only_zip` it must be a zip with at most about `max_entries` entries.
    """
    # Check for tar first: a tar file that ends with a zip file is both.
    if not only_zip and tarfile.is_tarfile(path):
        with tarfile.open(path) as opened_tar:
            yield TarArchive(opened_tar)
    elif zipfile.is_zipfile(path):
        if only_zip and _directory_bytes(path) > max_entries * _MAX_BYTES_OF_ENTRY:
            raise zipfile.BadZipFile(f"it lists more than {max_entries:,} files")
        with zipfile.ZipFile(path) as opened_zip:
            yield ZipArchive(opened_zip, is_strict=only_zip)
    else:
        kind = "zip" if only_zip else "zip or tar"
        raise zipfile.BadZipFile(f"it is not a {kind} file, or truncated")


def _directory_bytes(path: Path) -> int:
    """Return the size of a zip's central directory; very large for zip64."""
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - 2**16 - 22))
        end = file.read()
    offset = end.rfind(b"PK\5\6") + 12
    return int.from_bytes(end[offset : offset + 4], "little")


def _is_root(member: tarfile.TarInfo) -> bool:
    return member.isdir() and member.name in (".", "./")


def _problem(member: tarfile.TarInfo, folder: Path) -> str:
    """Return why a member cannot be unpacked, by our checks and by Python's `data_filter`."""
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


_SMALL = 2**20  # smaller files are exempt from the ratio: repeated lines compress very well
_CHUNK = 2**18
_CORRUPT = (
    EOFError, KeyError, MemoryError, NotImplementedError, OverflowError, RuntimeError,
    UnicodeError, ValueError, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
# Called with the name of an entry that is left out, and the reason.
OnBadEntry = Callable[[str, str], None]


class ArchiveError(D2LError, ValueError):
    """Raised for an archive that is corrupt, unsafe or too large."""


@dataclass(frozen=True)
class UnpackLimits:
    """Limits for unpacking an archive.

    `ratio` is the maximal compression ratio of files above 1 MB. With `is_strict` only a zip is
    accepted, without links, encryption, duplicate names (ignoring case) and unprintable names.
    """

    num_bytes: int
    num_files: int
    ratio: int | None = None
    is_strict: bool = False


def unpack(
    archive: Path, folder: Path, limits: UnpackLimits, on_bad_entry: OnBadEntry | None = None
) -> list[str]:
    """Unpack `archive` into `folder` and return the names of its entries.

    Raises `ArchiveError`, with nothing written outside `folder`, if a name or a link leads out of
    it or the contents exceed `limits`; `OSError` if it cannot be written. With `on_bad_entry`, an
    entry with a bad name is left out instead, and one with another problem becomes an empty file.
    """
    try:
        strict, num_files = limits.is_strict, limits.num_files
        with open_archive(archive, only_zip=strict, max_entries=num_files) as opened:
            entries = _checked(opened, archive, folder, limits, on_bad_entry)
            _write(opened, entries, folder, limits.num_bytes, on_bad_entry)
        return [_posix_name(entry) for entry in entries]
    except ArchiveError:
        raise
    except _CORRUPT as error:
        reason = str(error) or type(error).__name__
        problem = "is not a readable zip" if limits.is_strict else "cannot be unpacked"
        raise ArchiveError(f"{archive.name} {problem}: {reason}") from error


@contextmanager
def unpacked(path: Path, limits: UnpackLimits) -> Iterator[tuple[Path, list[str]]]:
    """Yield `path` if it is a folder, or a temporary folder with the contents of an archive.

    The second value lists the bad entries with their problems, as in `unpack`.
    """
    if path.is_dir():
        yield path, []
        return
    with TemporaryDirectory(prefix="d2l-unpacked-", ignore_cleanup_errors=True) as temporary:
        bad: list[str] = []
        try:
            unpack(path, Path(temporary), limits, lambda *entry: bad.append(": ".join(entry)))
        except OSError as error:
            raise ArchiveError(f"{path} cannot be unpacked: {error.strerror}") from error
        yield Path(temporary), bad


def _checked(
    opened: Archive, archive: Path, folder: Path, limits: UnpackLimits, on_bad: OnBadEntry | None
) -> list[Entry]:
    """Return the entries that passed all checks."""
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
                f"{archive.name} ({archive.stat().st_size:,} bytes) is not unpacked: it expands to "
                f"more than {limits.num_bytes:,} bytes or {limits.num_files:,} files"
            )
    _check_existing_links(entries, archive, folder)
    _check_space(total, archive, folder)
    return entries


def _name_problem(entry: Entry, limits: UnpackLimits, seen: set[str]) -> str:
    """Return the problem of an entry's name, which is added to `seen`."""
    path = PureWindowsPath(entry.name)  # handles /, \\ and drives: the strictest rules
    leaves = ".." in path.parts or path.root or re.match("[A-Za-z]:", entry.name)
    if leaves or not path.parts or "\0" in entry.name:
        return "has a name that leads out of its folder"
    if limits.is_strict and not entry.name.isprintable():
        return "has an unprintable name"
    name = "/".join(path.parts).casefold()
    if limits.is_strict and name in seen and not entry.is_folder:
        return "occurs twice"
    seen.add(name)
    return ""


def _content_problem(entry: Entry, limits: UnpackLimits) -> str:
    if entry.problem:
        return f"is {entry.problem}"
    if limits.ratio and entry.num_bytes > max(_SMALL, limits.ratio * entry.num_packed):
        return f"has a compression ratio above {limits.ratio}:1"
    return ""


def _check_existing_links(entries: Iterable[Entry], archive: Path, folder: Path) -> None:
    """Raise `ArchiveError` if an existing link in the folder leads out of it."""
    root = folder.resolve()
    for parent in {_target(folder, entry).parent for entry in entries}:
        if not parent.resolve().is_relative_to(root):
            raise ArchiveError(
                f"{archive.name} is not unpacked: {parent} is a link to {parent.resolve()}, "
                f"outside of {root}"
            )


def _check_space(total: int, archive: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if total > free:
        raise ArchiveError(
            f"{archive.name} is not unpacked: it expands to {total:,} bytes, "
            f"but {folder} has {free:,} bytes free"
        )


def _write(
    opened: Archive, entries: Iterable[Entry], folder: Path, limit: int, on_bad: OnBadEntry | None
) -> None:
    for entry in entries:
        target = _target(folder, entry)
        if entry.is_folder:
            target.mkdir(parents=True, exist_ok=True)
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with opened.read(entry) as source:
                limit -= _copy(source, target, limit)
        except (*_CORRUPT, OSError) as error:
            if on_bad is None or isinstance(error, ArchiveError):
                raise
            on_bad(entry.name, f"cannot be read: {error or type(error).__name__}")
            _leave_empty(target)


def _target(folder: Path, entry: Entry) -> Path:
    return folder / _posix_name(entry)


def _posix_name(entry: Entry) -> str:
    return entry.name.replace("\\", "/")


def _copy(source: BufferedIOBase, target: Path, limit: int) -> int:
    """Write one file atomically; an existing link at `target` is replaced."""
    temporary = target.with_name(f".{target.name[:200]}.{os.getpid()}")
    written = 0
    try:
        with temporary.open("wb") as file:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                if written > limit:
                    raise ArchiveError(
                        f"the archive expands to more than its declared size, at {target}"
                    )
                file.write(chunk)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return written


def _leave_empty(target: Path) -> None:
    """Create an empty file instead of one that cannot be read, so that its owner is listed."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    except OSError:  # the name of the file or of its folder is not valid
        return
