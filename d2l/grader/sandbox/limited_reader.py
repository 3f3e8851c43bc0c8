"""A pipe out of a sandbox, which closes its reader's ears when too much comes out of it."""

import io
from typing import IO, Any

from d2l.errors import D2LError


class OutputLimitError(D2LError, OSError):
    """A run that says more than it may."""


class LimitedReader(io.RawIOBase):
    """A pipe that raises `OutputLimitError` when more comes out of it than may.

    `has_ended` is whether all was read, to the end that its writers have closed.
    """

    def __init__(self, pipe: IO[bytes], limit: int) -> None:
        self._pipe, self._limit, self._left = pipe, limit, limit
        self.has_ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._pipe.read(len(buffer))
        self.has_ended = not part
        self._left -= len(part)
        if self._left < 0:
            raise OutputLimitError(f"it put out more than {self._limit:,} bytes")
        buffer[: len(part)] = part
        return len(part)
