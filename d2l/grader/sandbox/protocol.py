"""The protocol between the grader and the supervisor inside a sandbox: typed messages in frames.

The grader sends one `RunCells`, then a `FetchValue` for each requested value, then `Finish`, each
after the answer to the previous request. The supervisor answers `RunCells` with `Started`, a
`CellDone` for each cell and `CellsDone`, and `FetchValue` with `ValueFound`, `ArrayFound` or
`ValueProblem`.

A frame is a length of 8 bytes, followed by MessagePack of this length. Data from the supervisor is
untrusted: decoding returns one of these messages or raises `ProtocolError`, and never reads more
than the limit.
"""

import struct
from collections.abc import Iterator
from typing import IO, Annotated, Any, BinaryIO, Literal

import msgspec
from msgspec import Meta, Struct

from d2l.errors import D2LError

HEAD = struct.Struct(">Q")
CELL_STATUS = Literal["ok", "error", "timeout", "died"]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Seconds = Annotated[float, Meta(ge=0, le=2**53)]
Json = str  # JSON as text, so that the reader can check its depth and size


class ProtocolError(D2LError, ValueError):
    """Bytes from a sandbox that are not a valid message."""


class TooMuchError(ProtocolError):
    """A sandbox sent more than the limit."""


class TruncatedError(ProtocolError):
    """The output of a sandbox ended within a frame."""


class _Message(Struct, tag_field="kind", forbid_unknown_fields=True, frozen=True):
    """A message; `kind` is its type."""


class Cell(Struct, forbid_unknown_fields=True, frozen=True):
    """One code cell; `index` counts all cells of the notebook."""

    index: Count
    source: str
    may_fail: bool


class RunCells(_Message, tag="run", frozen=True):
    """Run cells; `values` (JSON) are assigned after the cell that first assigns each name."""

    cells: list[Cell]
    seed_offset: int
    values: Json
    keep_going: bool
    may_install: bool
    seconds: Seconds  # CPU time for all cells
    wall_seconds: Seconds
    cell_seconds: Seconds | None
    cell_characters: Count
    output: Count  # bytes of all answers


class FetchValue(_Message, tag="fetch", frozen=True):
    """Evaluate the first valid one of `expressions`; `inputs` are arrays (npy) by name."""

    name: str
    expressions: list[str]
    inputs: dict[str, bytes]


class Finish(_Message, tag="finish", frozen=True):
    """No request follows."""


class Stream(Struct, tag_field="output_type", tag="stream", forbid_unknown_fields=True):
    """Text printed by a cell."""

    name: Literal["stdout", "stderr"]
    text: str


class DisplayData(Struct, tag_field="output_type", tag="display_data", forbid_unknown_fields=True):
    """A display as text by MIME type; JSON types and `metadata` are encoded as JSON."""

    data: dict[str, str]
    metadata: Json


class ExecuteResult(
    Struct, tag_field="output_type", tag="execute_result", forbid_unknown_fields=True
):
    """The value of a cell's last expression."""

    data: dict[str, str]
    metadata: Json
    execution_count: Count | None


class CellError(Struct, tag_field="output_type", tag="error", forbid_unknown_fields=True):
    """An exception."""

    ename: str
    evalue: str
    traceback: list[str]


CellOutput = Stream | DisplayData | ExecuteResult | CellError


class Started(_Message, tag="started", frozen=True):
    """The kernel responds; names are assigned after these cells (None: before the first)."""

    assigned_after_cell: dict[str, Count | None]


class CellDone(_Message, tag="cell", frozen=True):
    """A cell ended."""

    index: Count
    status: CELL_STATUS
    seconds: Seconds
    peak_memory: Count
    error: str
    execution_count: Count | None
    outputs: list[CellOutput]


class CellsDone(_Message, tag="cells_done", frozen=True):
    """No cell follows; `status` is that of the whole run."""

    status: Literal["ok", "error", "timeout", "died", "start"]
    reason: str


class ValueFound(_Message, tag="value", frozen=True):
    """A value in plain types."""

    name: str
    value: Json


class ArrayFound(_Message, tag="array", frozen=True):
    """A value as an array in NumPy's format."""

    name: str
    npy: bytes


class ValueProblem(_Message, tag="problem", frozen=True):
    """The reason why a value could not be fetched."""

    name: str
    message: str


Request = RunCells | FetchValue | Finish
Answer = Started | CellDone | CellsDone | ValueFound | ArrayFound | ValueProblem

_encoder = msgspec.msgpack.Encoder()
_requests = msgspec.msgpack.Decoder(Request)
_answers = msgspec.msgpack.Decoder(Answer)


def frame(message: Request | Answer) -> bytes:
    """Return the bytes of a message."""
    payload = _encoder.encode(message)
    return HEAD.pack(len(payload)) + payload


def read_requests(pipe: IO[bytes]) -> Iterator[Request]:
    """Yield each message of the grader, which is trusted, until the pipe ends."""
    while len(head := pipe.read(HEAD.size)) == HEAD.size:
        yield _requests.decode(pipe.read(HEAD.unpack(head)[0]))


def read_answers(pipe: BinaryIO, limit: int) -> Iterator[Answer]:
    """Yield each message from a sandbox, in total at most `limit` bytes, until the pipe ends.

    Raises `ProtocolError`; nothing is read beyond the limit.
    """
    left = limit
    while head := _read(pipe, HEAD.size, may_end=True):
        (length,) = HEAD.unpack(head)
        left -= HEAD.size + length
        if left < 0:
            raise TooMuchError(f"the output of the sandbox exceeded {limit:,} bytes")
        yield decode_answer(_read(pipe, length))


def decode_answer(payload: bytes) -> Any:
    """Return the message in a frame's payload. Raises `ProtocolError`."""
    try:
        return _answers.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError) as error:
        raise ProtocolError(f"a message from the sandbox is not valid: {error}") from error


def _read(pipe: BinaryIO, length: int, may_end: bool = False) -> bytes:
    """Return exactly `length` bytes, or none if `may_end` and the pipe has ended."""
    parts: list[bytes] = []
    missing = length
    while missing and (part := pipe.read(min(missing, 2**16))):
        parts.append(part)
        missing -= len(part)
    if missing and not (may_end and missing == length):
        raise TruncatedError("the output of the sandbox ends within a message")
    return b"".join(parts)
