"""One HTTP request with a timeout, status check and progress bar.

Every failure raises `DataError`, or its subclass `InterruptedDownloadError` if a retry may succeed.
"""

import functools
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any

from d2l.data.data_dirs import is_offline
from d2l.errors import DataError

TIMEOUT_SECONDS = 20.0
CHUNK_BYTES = 1 << 18
_TRANSIENT_STATUSES = (408, 416, 425, 429, 500, 502, 503, 504)


class InterruptedDownloadError(DataError):
    """A failure that a retry may resolve."""


def connect(url: str, headers: Mapping[str, str] | None = None) -> Any:
    """Open `url` and return the response; raise unless its status is a success."""
    if is_offline():
        raise DataError("not requested because D2L_OFFLINE is set")
    if not url.startswith(("https://", "http://")):
        raise DataError("not requested because the scheme is neither https nor http")
    try:
        all_headers = {"User-Agent": "d2l", "Accept-Encoding": "identity", **(headers or {})}
        request = urllib.request.Request(url, headers=all_headers)
        return urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS, context=_certificates())
    except urllib.error.HTTPError as error:
        error.close()
        kind = InterruptedDownloadError if error.code in _TRANSIENT_STATUSES else DataError
        raise kind(f"status {error.code} {' '.join(str(error.reason).split())}") from error
    except ConnectionResetError as error:
        raise InterruptedDownloadError(describe_error(error)) from error
    except (OSError, HTTPException, ValueError) as error:
        raise DataError(describe_error(error)) from error


def next_bytes(response: Any) -> bytes:
    """Return the bytes that are available now; empty at the end of the body."""
    try:
        return response.read1(CHUNK_BYTES)
    except (OSError, HTTPException, ValueError) as error:
        raise InterruptedDownloadError(describe_error(error)) from error


def announced_bytes(response: Any) -> int | None:
    """Return the body's length from the Content-Length header, if present."""
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


@contextmanager
def progress(title: str, total: int | None, done: int = 0) -> Iterator[Callable[[int], None]]:
    """Show a progress bar in a terminal; yield a function to call with each number of bytes."""
    if not sys.stderr.isatty():
        yield lambda num_bytes: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    speed, console = TransferSpeedColumn(), Console(stderr=True)
    with Progress(*columns, speed, console=console, transient=True) as bar:
        task = bar.add_task(title, total=total, completed=done)
        yield lambda num_bytes: bar.advance(task, num_bytes)


def describe_error(error: BaseException) -> str:
    """Return the message of an error in one line, or its type if the message is empty."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return f"timed out after {TIMEOUT_SECONDS:g} s without data"
    return " ".join(str(reason).split()) or type(reason).__name__


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Load the system's certificates and, if installed, certifi's: some systems have none."""
    context = ssl.create_default_context()
    try:
        import certifi
    except ImportError:
        return context
    context.load_verify_locations(certifi.where())
    return context
