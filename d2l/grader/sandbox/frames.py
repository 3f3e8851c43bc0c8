"""Reads what comes out of a sandbox: frames of JSON and arrays, of which not a byte is trusted.

Whatever the bytes are, reading them ends in plain data or in `FrameError`: nothing is unpickled,
nothing is larger than its frame, and no frame is larger than what may still come.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from d2l.errors import D2LError
from d2l.grader.sandbox.guest.framing import ARRAY, HEAD, JSON
from d2l.notebook.outputs import MAX_DEPTH, is_deeper

MAX_AXES = 32
# What NumPy writes for these types on every machine that PyTorch runs on.
_NAMES = "|b1 |i1 |u1 <i2 <i4 <i8 <u2 <u4 <u8 <f2 <f4 <f8 <c8 <c16"
TYPES = {name: np.dtype(name) for name in _NAMES.split(" ")}
_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    rb"\{'descr': '([^']{3,4})', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,15}, ?)*(?:\d{1,15})?)\), \} *\n"
)


class FrameError(D2LError, ValueError):
    """Bytes out of a sandbox that are not what a sandbox sends."""


class TooMuchError(FrameError):
    """A sandbox that sends more than it may."""


class CutOffError(FrameError):
    """A frame of which not all has come: what sent it has ended."""


class FrameReader:
    """Reads the frames of one sandbox, `limit` bytes at most in all."""

    def __init__(self, pipe: BinaryIO, limit: int) -> None:
        self._pipe = pipe
        self._limit = limit
        self._left = limit

    def __iter__(self) -> Iterator[Any]:
        """Each frame, as plain data or as an array, until the pipe ends. Raises `FrameError`."""
        while head := self._read(HEAD.size, may_end=True):
            kind, length = HEAD.unpack(head)
            if length > self._left:
                raise TooMuchError(f"more than {self._limit:,} bytes came out of the sandbox")
            payload = self._read(length)
            if kind == JSON:
                yield parse_json(payload)
            elif kind == ARRAY:
                yield parse_array(payload)
            else:
                raise FrameError(f"a frame of the unknown kind {kind!r} came out of the sandbox")

    def _read(self, length: int, may_end: bool = False) -> bytes:
        """Exactly `length` bytes, or none where the pipe may end."""
        parts: list[bytes] = []
        missing = length
        while missing and (part := self._pipe.read(min(missing, 2**16))):
            parts.append(part)
            missing -= len(part)
        self._left -= length - missing
        if missing and not (may_end and missing == length):
            raise CutOffError("what came out of the sandbox ends within a frame")
        return b"".join(parts)


def parse_json(payload: bytes) -> Any:
    """The plain data in `payload`, all of its text writable as UTF-8. Raises `FrameError`."""
    try:
        data = json.loads(payload.decode())
        json.dumps(data, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise FrameError(f"a frame is no JSON: {error}") from error
    if is_deeper(data, MAX_DEPTH):
        raise FrameError(f"a frame has more than {MAX_DEPTH} lists or objects within each other")
    return data


def parse_array(payload: bytes) -> np.ndarray:
    """The array of plain numbers in `payload`, as large as its bytes. Raises `FrameError`."""
    if not payload.startswith(_MAGIC) or len(payload) < len(_MAGIC) + 2:
        raise FrameError("an array's frame does not begin as NumPy's format does")
    start = len(_MAGIC) + 2
    end = start + int.from_bytes(payload[start - 2 : start], "little")
    header = _HEADER.fullmatch(payload[start:end])
    if header is None:
        found = payload[start : min(end, start + 200)]
        raise FrameError(f"an array's header is not one of plain numbers: {found!r}")
    kind = TYPES.get(header[1].decode("latin-1"))
    shape = _shape(header[3].decode())
    if kind is None:
        raise FrameError(f"an array has the type {header[1]!r}: asked for {', '.join(TYPES)}")
    if math.prod(shape) * kind.itemsize != len(payload) - end:
        raise FrameError(f"an array of shape {shape} does not have {len(payload) - end} bytes")
    numbers = np.frombuffer(payload, kind, offset=end)
    if kind.kind == "b":  # a byte that is neither 0 nor 1 is no truth value
        numbers = numbers.view(np.uint8) != 0
    return numbers.reshape(shape, order="F" if header[2] == b"True" else "C").copy()


def _shape(text: str) -> tuple[int, ...]:
    shape = tuple(int(size) for size in text.replace(",", " ").split())
    if len(shape) > MAX_AXES or math.prod(size for size in shape if size) >= 2**50:
        raise FrameError(f"an array has a shape that none can have: ({text:.100})")
    return shape
