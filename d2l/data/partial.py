"""The beginning of a file: where a download goes until it is whole, and what a later call resumes.

It lies beside its target under a hidden name, with a note that says of which version of the file on
the server it is. One process at a time works on it; another one gets a beginning of its own.
"""

import json
import os
import uuid
from pathlib import Path
from types import ModuleType
from typing import IO

from d2l.files.atomic_write import sync_folder

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows, where every call begins anew
    fcntl = None


class Partial:
    """A file on its way to `target`, to be used in a `with` block.

    With `keep` what came is kept for a later call where the block ends without `finish`; that asks
    for a checksum, since nothing else can tell whether the pieces belong together.
    """

    def __init__(self, target: Path, keep: bool) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        self.target = target
        self.path, self._file = _claim(target)
        self.version, self.total = "", -1
        self._is_finished = False
        self._note = self.path.with_name(f"{self.path.name}.json")
        self._keep = keep and self.path == _resumable(target)
        if self._keep:
            self._recall()
        if not self.version:
            self.restart()

    @property
    def num_bytes(self) -> int:
        """How much there is."""
        return self._file.tell()

    def restart(self, version: str = "", total: int = -1) -> None:
        """Begin anew; `version` (with `total` bytes) is what the server calls the file it sends.

        Without a version nothing can be resumed.
        """
        self._file.seek(0)
        self._file.truncate()
        self.version, self.total = version, total
        if self._keep:
            self._note.write_text(json.dumps({"version": version, "total": total}))

    def write(self, chunk: bytes) -> None:
        """Add what came."""
        self._file.write(chunk)

    def contents(self) -> IO[bytes]:
        """The file, to be read from its beginning; whoever writes next has read it to its end."""
        self._file.seek(0)
        return self._file

    def finish(self) -> None:
        """Put the file in its place: it is on the disk before it has the name."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._note.unlink(missing_ok=True)
        if os.name != "posix":
            self._file.close()  # Windows renames no open file
        os.replace(self.path, self.target)
        self._is_finished = True
        sync_folder(self.target.parent)

    def __enter__(self) -> "Partial":
        return self

    def __exit__(self, *args: object) -> None:
        if not (self._is_finished or self._is_of_use()):
            self._discard()
        self._file.close()

    def _is_of_use(self) -> bool:
        return self._keep and bool(self.version) and self.num_bytes > 0

    def _discard(self) -> None:
        self._note.unlink(missing_ok=True)
        if os.name != "posix":
            self._file.close()
        self.path.unlink(missing_ok=True)  # before the lock on it is gone

    def _recall(self) -> None:
        try:
            note = json.loads(self._note.read_text())
            self.version, self.total = str(note["version"]), int(note["total"])
        except (OSError, ValueError, KeyError, TypeError):
            return  # no note: what there is cannot be told from any other file
        self._file.seek(0, os.SEEK_END)


def _claim(target: Path) -> tuple[Path, IO[bytes]]:
    """The beginning that an earlier call left, if nobody is at work on it; else a new one."""
    path = _resumable(target)
    if fcntl is not None:
        file = _open(path)
        if _lock(file) and _is_still_at(path, file):
            return path, file
        file.close()
    own = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    return own, _open(own)


def _open(path: Path) -> IO[bytes]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    return os.fdopen(handle, "r+b")


def _resumable(target: Path) -> Path:
    return target.with_name(f".{target.name}.part")


def _lock(file: IO[bytes]) -> bool:
    assert fcntl is not None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_still_at(path: Path, file: IO[bytes]) -> bool:
    """Whether the locked file has not been finished, and renamed, just before we locked it."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
