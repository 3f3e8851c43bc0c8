"""Plain data and arrays from one process to another over a pipe, without a pickle.

A message is JSON and any number of arrays, each headed by its length. Both ends are ours: nothing
here is built to withstand a stranger.
"""

import io
import json
import struct
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

_LENGTH = struct.Struct("<Q")


def write_message(file: IO[bytes], plain: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a message to `file`, and flush it."""
    _write(file, json.dumps({"plain": plain, "arrays": list(arrays)}).encode())
    for array in arrays.values():
        saved = io.BytesIO()
        np.save(saved, array, allow_pickle=False)
        _write(file, saved.getvalue())
    file.flush()


def read_message(file: IO[bytes]) -> tuple[Any, dict[str, np.ndarray]]:
    """Return the next message's plain data and arrays; raise `EOFError` where there is none."""
    head = json.loads(_read(file))
    arrays = {name: np.load(io.BytesIO(_read(file)), allow_pickle=False) for name in head["arrays"]}
    return head["plain"], arrays


def _write(file: IO[bytes], content: bytes) -> None:
    file.write(_LENGTH.pack(len(content)))
    file.write(content)


def _read(file: IO[bytes]) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(file, _LENGTH.size))
    return _exactly(file, length)


def _exactly(file: IO[bytes], count: int) -> bytes:
    content = file.read(count)
    if len(content) < count:
        raise EOFError(f"{count} bytes were announced, {len(content)} came")
    return content
