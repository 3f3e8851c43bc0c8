"""What is in a zip or a tar file, in one form for both; reading here writes nothing anywhere."""

import posixpath
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, cast

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
