"""The bytes that go into a sandbox and come out: frames of a kind, a length, and a payload.

A payload is JSON or an array in NumPy's format of plain numbers. Writes what is trusted and reads
what was written here; what comes out of a sandbox is read by `sandbox.frames`, which trusts nothing.
"""

import json
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any

HEAD = struct.Struct(">cQ")
VALUE_TYPE = "application/vnd.d2l.value+json"  # of what the kernel shows the driver alone
JSON = b"J"
ARRAY = b"N"


def json_frame(message: object) -> bytes:
    """The frame of a message in plain types."""
    return _frame(JSON, json.dumps(message, ensure_ascii=False).encode())


def array_frame(npy: bytes) -> bytes:
    """The frame of an array that `numpy.save` wrote."""
    return _frame(ARRAY, npy)


def read_frame(pipe: IO[bytes]) -> tuple[bytes, bytes]:
    """The next frame's kind and payload. Raises `EOFError` where the pipe ends before its end."""
    kind, length = HEAD.unpack(_exactly(pipe, HEAD.size))
    return kind, _exactly(pipe, length)


def read_frames(pipe: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Each frame's kind and payload, until the pipe ends."""
    with suppress(EOFError):
        while True:
            yield read_frame(pipe)


def parse(payload: bytes) -> Any:
    """The message in the payload of a JSON frame."""
    return json.loads(payload)


def _exactly(pipe: IO[bytes], count: int) -> bytes:
    content = pipe.read(count)
    if len(content) < count:
        raise EOFError(f"{count} bytes were announced, {len(content)} came")
    return content


def _frame(kind: bytes, payload: bytes) -> bytes:
    return HEAD.pack(kind, len(payload)) + payload
