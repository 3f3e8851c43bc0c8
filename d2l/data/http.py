"""One request to the network: with a time limit, a status that is looked at, and a progress bar.

Every failure is a `DataError`; an `InterruptedDownloadError` where another try may go better.
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
_PASSING_STATUSES = (408, 416, 425, 429, 500, 502, 503, 504)


class InterruptedDownloadError(DataError):
    """A failure that may be over at the next try."""


def connect(url: str, headers: Mapping[str, str] | None = None) -> Any:
    """The response to a request for `url`, open; its status is a success."""
    if is_offline():
        raise DataError("not asked, since D2L_OFFLINE is set")
    if not url.startswith(("https://", "http://")):
        raise DataError("not asked: it is neither https nor http")
    try:
        asked = {"User-Agent": "d2l", "Accept-Encoding": "identity", **(headers or {})}
        request = urllib.request.Request(url, headers=asked)
        return urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS, context=_certificates())
    except urllib.error.HTTPError as error:
        error.close()
        kind = InterruptedDownloadError if error.code in _PASSING_STATUSES else DataError
        raise kind(f"status {error.code} {' '.join(str(error.reason).split())}") from error
    except ConnectionResetError as error:
        raise InterruptedDownloadError(words(error)) from error
    except (OSError, HTTPException, ValueError) as error:
        raise DataError(words(error)) from error


def next_bytes(response: Any) -> bytes:
    """What has come by now, of what was announced; nothing at the end."""
    try:
        return response.read1(CHUNK_BYTES)
    except (OSError, HTTPException, ValueError) as error:
        raise InterruptedDownloadError(words(error)) from error


def announced_bytes(response: Any) -> int | None:
    """The length of the body as the server has it."""
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


@contextmanager
def progress(title: str, total: int | None, done: int = 0) -> Iterator[Callable[[int], None]]:
    """A bar in a terminal, nothing in a pipe; what it gives is called with the bytes that came."""
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


def words(error: BaseException) -> str:
    """What an error says, in one line, or its name where it says nothing."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return f"nothing came for {TIMEOUT_SECONDS:g} seconds"
    return " ".join(str(reason).split()) or type(reason).__name__


@functools.cache
def _certificates() -> ssl.SSLContext:
    """The system's certificates, and certifi's where it is installed: some systems have none."""
    context = ssl.create_default_context()
    try:
        import certifi
    except ImportError:
        return context
    context.load_verify_locations(certifi.where())
    return context
