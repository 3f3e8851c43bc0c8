"""Files from the network: whole and right, or not at all; what broke off is gone on with."""

import hashlib
import re
import time
from pathlib import Path
from typing import IO, Any

from d2l.data.partial import Partial
from d2l.data.transport import (
    InterruptedDownloadError,
    announced_bytes,
    connect,
    next_bytes,
)
from d2l.data.transport import progress as show_progress
from d2l.errors import DataError

MAX_REQUESTS = 20  # for one file from one place
MAX_FRUITLESS = 3  # of these, one after the other that bring nothing new
PAUSE_SECONDS = 0.5
_PAGE_SUFFIXES = (".html", ".htm")


def read_url(url: str) -> bytes:
    """The body behind `url`, in memory.

    Raises `DataError` (an `OSError`) where it cannot be had whole: no connection, a status that is
    no success, fewer bytes than announced.
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


def fetch(url: str, part: Partial, sha1: str | None = None) -> None:
    """Bring the whole file behind `url` into `part`, resuming what is there where that is safe.

    Raises `DataError` that says why it cannot be had: what a server may do better at the next try
    is tried again, a few times.
    """
    fruitless = 0
    for request in range(1, MAX_REQUESTS + 1):
        before = part.num_bytes
        try:
            _receive(url, part, sha1)
        except InterruptedDownloadError as error:
            fruitless = 0 if part.num_bytes > before else fruitless + 1
            if fruitless == MAX_FRUITLESS or request == MAX_REQUESTS:
                raise DataError(f"{error} (asked {request} times)") from error
            time.sleep(PAUSE_SECONDS * 2**fruitless)
        else:
            return


def sha1_of(file: Path | IO[bytes]) -> str:
    """The checksum of a file's contents, in hexadecimal digits."""
    if isinstance(file, Path):
        with file.open("rb") as opened:
            return sha1_of(opened)
    # file_digest has a type of its own for files, which IO[bytes] is in all but name
    digest = hashlib.file_digest(file, lambda: hashlib.sha1(usedforsecurity=False))  # type: ignore[arg-type]
    return digest.hexdigest()


def _receive(url: str, part: Partial, sha1: str | None) -> None:
    """Ask for what is missing, once, and check the whole."""
    if 0 <= part.total < part.num_bytes:
        part.restart()
    is_resumed = part.num_bytes > 0
    if part.num_bytes != part.total:
        _stream(url, part, sha1)
    wrong = _fault(part, sha1)
    if wrong:
        part.restart()
        raise (InterruptedDownloadError if is_resumed else DataError)(wrong)


def _stream(url: str, part: Partial, sha1: str | None) -> None:
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


def _begin(response: Any, part: Partial) -> int | None:
    """Decide from the answer's head where its bytes belong; the length of the whole, if known."""
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


def _resumed(response: Any, part: Partial) -> int:
    given = response.headers.get("Content-Range", "")
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", given)
    start, total = map(int, match.groups()) if match else (-1, -1)
    if start != part.num_bytes or part.total not in (-1, total):
        asked = f"bytes {part.num_bytes}- of {part.total}"
        part.restart()
        raise InterruptedDownloadError(f"asked for {asked}, it sent {given!r}")
    return total


def _check_length(num_bytes: int, total: int | None) -> None:
    if total is not None and num_bytes != total:
        raise InterruptedDownloadError(f"cut off after {num_bytes} of {total} bytes")


def _check_offer(response: Any, url: str, target: Path) -> None:
    """Refuse what cannot be right, where no checksum will tell."""
    if url.startswith("https://") and not response.geturl().startswith("https://"):
        raise DataError(f"leads to {response.geturl()}, which is not https")
    is_page = response.headers.get_content_type() == "text/html"
    if is_page and target.suffix.lower() not in _PAGE_SUFFIXES:
        raise DataError("a page (text/html), not data")


def _fault(part: Partial, sha1: str | None) -> str | None:
    """What is wrong with the whole file, if anything."""
    if not part.num_bytes:
        return "nothing in it"
    file = part.contents()
    head = file.read(256).lstrip().lower()
    is_page = head.startswith((b"<!doctype html", b"<html"))
    found = sha1_of(part.contents())
    if sha1 is None:
        is_wrong = is_page and part.target.suffix.lower() not in _PAGE_SUFFIXES
        return "a page (HTML), not data" if is_wrong else None
    if found == sha1.lower():
        return None
    kind = ", a page (HTML)" if is_page else ""
    return f"wrong data: {part.num_bytes} bytes with sha1 {found}{kind}; asked for {sha1}"
