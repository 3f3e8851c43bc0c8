"""Unpack a zip or tar file within limits; everything is looked at before anything is written.

Nothing in an archive is trusted: not its names, its links or its sizes. A link becomes a copy of
what it stands for in the archive, so that no link is ever made.
"""

import lzma
import os
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
from tempfile import TemporaryDirectory

from d2l.errors import D2LError
from d2l.files.archive_entries import Archive, Entry, open_archive

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
