"""Parses JSON and arrays that come out of a sandbox, of which not a byte is trusted.

Whatever the bytes are, parsing ends in plain data or in `ProtocolError`: nothing is unpickled, and
nothing is larger than its bytes.
"""

import json
import math
import re
from typing import Any

import numpy as np

from d2l.grader.sandbox.protocol import ProtocolError
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


def parse_json(text: str | bytes) -> Any:
    """Return the plain data in `text`, all of it writable as UTF-8. Raises `ProtocolError`."""
    try:
        data = json.loads(text.decode() if isinstance(text, bytes) else text)
        json.dumps(data, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a value is not valid JSON: {error}") from error
    if is_deeper(data, MAX_DEPTH):
        raise ProtocolError(f"a value has more than {MAX_DEPTH} lists or objects within each other")
    return data


def parse_array(npy: bytes) -> np.ndarray:
    """Return the array of plain numbers in `npy`, as large as its bytes. Raises `ProtocolError`."""
    if not npy.startswith(_MAGIC) or len(npy) < len(_MAGIC) + 2:
        raise ProtocolError("an array does not begin as NumPy's format does")
    start = len(_MAGIC) + 2
    end = start + int.from_bytes(npy[start - 2 : start], "little")
    header = _HEADER.fullmatch(npy[start:end])
    if header is None:
        found = npy[start : min(end, start + 200)]
        raise ProtocolError(f"an array's header is not one of plain numbers: {found!r}")
    kind = TYPES.get(header[1].decode("latin-1"))
    shape = _shape(header[3].decode())
    if kind is None:
        raise ProtocolError(f"an array has the type {header[1]!r}; expected {', '.join(TYPES)}")
    if math.prod(shape) * kind.itemsize != len(npy) - end:
        raise ProtocolError(f"an array of shape {shape} does not have {len(npy) - end} bytes")
    numbers = np.frombuffer(npy, kind, offset=end)
    if kind.kind == "b":  # a byte that is neither 0 nor 1 is not a truth value
        numbers = numbers.view(np.uint8) != 0
    return numbers.reshape(shape, order="F" if header[2] == b"True" else "C").copy()


def _shape(text: str) -> tuple[int, ...]:
    shape = tuple(int(size) for size in text.replace(",", " ").split())
    if len(shape) > MAX_AXES or math.prod(size for size in shape if size) >= 2**50:
        raise ProtocolError(f"an array has an impossible shape: ({text:.100})")
    return shape
