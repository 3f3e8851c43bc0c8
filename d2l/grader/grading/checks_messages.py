"""Plain data and arrays from one process to another over a pipe, without a pickle.

A message is a frame of JSON, and one for each array. Both ends are ours: nothing here is built to
withstand a stranger.
"""

import io
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from d2l.grader.sandbox.guest.framing import array_frame, json_frame, parse, read_frame


def write_message(file: IO[bytes], plain: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a message to `file`, and flush it."""
    file.write(json_frame({"plain": plain, "arrays": list(arrays)}))
    for array in arrays.values():
        saved = io.BytesIO()
        np.save(saved, array, allow_pickle=False)
        file.write(array_frame(saved.getvalue()))
    file.flush()


def read_message(file: IO[bytes]) -> tuple[Any, dict[str, np.ndarray]]:
    """Return the next message's plain data and arrays; raise `EOFError` where there is none."""
    head = parse(read_frame(file)[1])
    return head["plain"], {name: _array(read_frame(file)[1]) for name in head["arrays"]}


def _array(npy: bytes) -> np.ndarray:
    array: np.ndarray = np.load(io.BytesIO(npy), allow_pickle=False)
    return array
