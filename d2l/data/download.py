"""Bytes from the network: with a time limit, a progress bar, and nothing half-read."""

import sys
import urllib.request
from contextlib import nullcontext
from typing import Any

from d2l.errors import DataError

TIMEOUT_SECONDS = 20
CHUNK_BYTES = 1 << 18


def read_url(url: str) -> bytes:
    """The body behind `url`.

    Raises `OSError` (of which `DataError`, `HTTPError` and `URLError` are kinds) where it cannot be
    had whole: no connection, a status that is no success, fewer bytes than announced.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "d2l"})
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
        announced = response.headers.get("Content-Length")
        total = int(announced) if announced else None
        body = _read(response, total, url)
    if total is not None and len(body) != total:
        raise DataError(f"cut off after {len(body)} of {total} bytes")
    return body


def _read(response: Any, total: int | None, url: str) -> bytes:
    chunks = []
    with _bar() as bar:
        task = bar.add_task(url.rsplit("/", 1)[-1], total=total) if bar else None
        while chunk := response.read(CHUNK_BYTES):
            chunks.append(chunk)
            if bar:
                bar.advance(task, len(chunk))
    return b"".join(chunks)


def _bar() -> Any:
    """A bar where somebody can see it move, nothing in a pipe."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    return Progress(*columns, TransferSpeedColumn(), console=Console(stderr=True), transient=True)
