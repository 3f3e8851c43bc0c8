"""Download a file: resume what was interrupted, retry, verify the checksum."""

import hashlib
import json
import os
import re
import time
import uuid
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from d2l.data.http import InterruptedDownloadError, announced_bytes, connect, next_bytes
from d2l.data.http import progress as show_progress
from d2l.errors import DataError
from d2l.files.atomic_write import sync_folder

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows, where every call starts from the beginning
    fcntl = None


class ResumableFile:
    """A partially downloaded file that becomes `target` when finished; a context manager.

    If `keep`, the bytes received so far are stored for a later call when the block ends without
    `finish`. This requires a checksum: only it can verify that the parts belong together.
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
            self._restore()
        if not self.version:
            self.restart()

    @property
    def num_bytes(self) -> int:
        """Number of bytes received so far."""
        return self._file.tell()

    def restart(self, version: str = "", total: int = -1) -> None:
        """Discard the contents; `version` and `total` are the server's file version and its size.

        Without a version the download cannot be resumed.
        """
        self._file.seek(0)
        self._file.truncate()
        self.version, self.total = version, total
        if self._keep:
            self._note.write_text(json.dumps({"version": version, "total": total}))

    def write(self, chunk: bytes) -> None:
        """Append a chunk."""
        self._file.write(chunk)

    def contents(self) -> IO[bytes]:
        """Return the open file, rewound; read it to its end before the next `write`."""
        self._file.seek(0)
        return self._file

    def finish(self) -> None:
        """Flush the file to disk, then rename it to `target`."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._note.unlink(missing_ok=True)
        if os.name != "posix":
            self._file.close()  # Windows cannot rename an open file
        os.replace(self.path, self.target)
        self._is_finished = True
        sync_folder(self.target.parent)

    def __enter__(self) -> "ResumableFile":
        return self

    def __exit__(self, *args: object) -> None:
        if not (self._is_finished or self._is_resumable()):
            self._discard()
        self._file.close()

    def _is_resumable(self) -> bool:
        return self._keep and bool(self.version) and self.num_bytes > 0

    def _discard(self) -> None:
        self._note.unlink(missing_ok=True)
        if os.name != "posix":
            self._file.close()
        self.path.unlink(missing_ok=True)  # before its lock is released

    def _restore(self) -> None:
        try:
            note = json.loads(self._note.read_text())
            self.version, self.total = str(note["version"]), int(note["total"])
        except (OSError, ValueError, KeyError, TypeError):
            return  # without a note the origin of the bytes is unknown
        self._file.seek(0, os.SEEK_END)


def _claim(target: Path) -> tuple[Path, IO[bytes]]:
    """Open the partial file of an earlier call unless another process uses it, else a new one."""
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
    """Whether the locked file is still at `path`, not finished and renamed by another process."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


MAX_REQUESTS = 20  # for one file from one URL
MAX_FRUITLESS = 3  # consecutive requests that add no bytes
PAUSE_SECONDS = 0.5
_PAGE_SUFFIXES = (".html", ".htm")


def read_url(url: str) -> bytes:
    """Return the response body of `url`.

    Raises `DataError` (an `OSError`) if it cannot be downloaded completely: no connection, an error
    status, or fewer bytes than announced.
    """
    body = bytearray()
    with connect(url) as response:
        total = announced_bytes(response)
        with show_progress(url.rsplit("/", 1)[-1], total) as advance:
            while chunk := next_bytes(response):
                body += chunk
                advance(len(chunk))
    _check_length(len(body), total)
    return bytes(body)


def fetch(url: str, part: ResumableFile, sha1: str | None = None) -> None:
    """Download `url` into `part`, resuming what it contains where that is safe.

    Transient failures are retried a few times. Raises `DataError` with the reason of the failure.
    """
    fruitless = 0
    for request in range(1, MAX_REQUESTS + 1):
        before = part.num_bytes
        try:
            _receive(url, part, sha1)
        except InterruptedDownloadError as error:
            fruitless = 0 if part.num_bytes > before else fruitless + 1
            if fruitless == MAX_FRUITLESS or request == MAX_REQUESTS:
                raise DataError(f"{error} (after {request} requests)") from error
            time.sleep(PAUSE_SECONDS * 2**fruitless)
        else:
            return


def sha1_of(file: Path | IO[bytes]) -> str:
    """Return the SHA-1 checksum of a file in hexadecimal digits."""
    if isinstance(file, Path):
        with file.open("rb") as opened:
            return sha1_of(opened)
    # file_digest declares its own protocol, which IO[bytes] satisfies without naming it
    digest = hashlib.file_digest(file, lambda: hashlib.sha1(usedforsecurity=False))  # type: ignore[arg-type]
    return digest.hexdigest()


def _receive(url: str, part: ResumableFile, sha1: str | None) -> None:
    """Request the missing bytes once and verify the complete file."""
    if 0 <= part.total < part.num_bytes:
        part.restart()
    is_resumed = part.num_bytes > 0
    if part.num_bytes != part.total:
        _stream(url, part, sha1)
    fault = _fault(part, sha1)
    if fault:
        part.restart()
        raise (InterruptedDownloadError if is_resumed else DataError)(fault)


def _stream(url: str, part: ResumableFile, sha1: str | None) -> None:
    headers = {}
    if part.num_bytes and part.version:
        headers = {"Range": f"bytes={part.num_bytes}-", "If-Range": part.version}
    with connect(url, headers) as response:
        if sha1 is None:
            _check_offer(response, url, part.target)
        total = _begin(response, part)
        with show_progress(part.target.name, total, part.num_bytes) as advance:
            while chunk := next_bytes(response):
                part.write(chunk)
                advance(len(chunk))
    _check_length(part.num_bytes, total)


def _begin(response: Any, part: ResumableFile) -> int | None:
    """Prepare `part` for the response according to its headers; return the total size, if known."""
    if response.status == 206:
        return _resumed(response, part)
    if response.status != 200:
        raise DataError(f"status {response.status} {response.reason}")
    etag = response.headers.get("ETag", "")
    is_weak = etag.startswith("W/")
    version = response.headers.get("Last-Modified", "") if is_weak or not etag else etag
    total = announced_bytes(response)
    part.restart(version, -1 if total is None else total)
    return total


def _resumed(response: Any, part: ResumableFile) -> int:
    given = response.headers.get("Content-Range", "")
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", given)
    start, total = map(int, match.groups()) if match else (-1, -1)
    if start != part.num_bytes or part.total not in (-1, total):
        requested = f"bytes {part.num_bytes}- of {part.total}"
        part.restart()
        raise InterruptedDownloadError(f"requested {requested}, received {given!r}")
    return total


def _check_length(num_bytes: int, total: int | None) -> None:
    if total is not None and num_bytes != total:
        raise InterruptedDownloadError(f"cut off after {num_bytes} of {total} bytes")


def _check_offer(response: Any, url: str, target: Path) -> None:
    """Reject a response that cannot be the file, if there is no checksum to verify it."""
    if url.startswith("https://") and not response.geturl().startswith("https://"):
        raise DataError(f"redirected to {response.geturl()}, which is not https")
    is_page = response.headers.get_content_type() == "text/html"
    if is_page and target.suffix.lower() not in _PAGE_SUFFIXES:
        raise DataError("received an HTML page instead of data")


def _fault(part: ResumableFile, sha1: str | None) -> str | None:
    """Return what is wrong with the complete file, or None."""
    if not part.num_bytes:
        return "received an empty file"
    file = part.contents()
    head = file.read(256).lstrip().lower()
    is_page = head.startswith((b"<!doctype html", b"<html"))
    found = sha1_of(part.contents())
    if sha1 is None:
        is_wrong = is_page and part.target.suffix.lower() not in _PAGE_SUFFIXES
        return "received an HTML page instead of data" if is_wrong else None
    if found == sha1.lower():
        return None
    kind = " (an HTML page)" if is_page else ""
    received = f"{part.num_bytes} bytes{kind} with {found}"
    return f"checksum mismatch: expected sha1 {sha1}, received {received}"
