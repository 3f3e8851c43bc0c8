"""The protocol between the grader and the supervisor inside a sandbox: typed messages in frames.

The grader sends one `RunCells`, then a `FetchValue` for each value that it wants, then `Finish`,
each only when the answer to the one before has come. The supervisor answers with `Started`, a
`CellDone` for each cell and `CellsDone`; with `ValueFound`, `ArrayFound` or `ValueProblem`.

A frame is a length of 8 bytes and that much MessagePack. What the supervisor sends is untrusted:
decoding it ends in one of these messages or in `ProtocolError`, and reads no more than is allowed.
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
Json = str  # a text that holds JSON, so that its depth and size are checked by its reader


class ProtocolError(D2LError, ValueError):
    """Bytes out of a sandbox that are not what its supervisor sends."""


class TooMuchError(ProtocolError):
    """A sandbox that sends more than it may."""


class TruncatedError(ProtocolError):
    """A frame of which not all has come: its sender has ended."""


class _Message(Struct, tag_field="kind", forbid_unknown_fields=True, frozen=True):
    """A message; `kind` says which."""


class Cell(Struct, forbid_unknown_fields=True, frozen=True):
    """One code cell; `index` counts all cells of the notebook."""

    index: Count
    source: str
    may_fail: bool


class RunCells(_Message, tag="run", frozen=True):
    """What to run; `values` in JSON are assigned after the cell that first assigns each name."""

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
    """Evaluate the first of `expressions` that works; `inputs` are their names' arrays (npy)."""

    name: str
    expressions: list[str]
    inputs: dict[str, bytes]


class Finish(_Message, tag="finish", frozen=True):
    """Nothing more is wanted."""


class Stream(Struct, tag_field="output_type", tag="stream", forbid_unknown_fields=True):
    """Text that a cell printed."""

    name: Literal["stdout", "stderr"]
    text: str


class DisplayData(Struct, tag_field="output_type", tag="display_data", forbid_unknown_fields=True):
    """A display: text by MIME type; of the types that are JSON, and of `metadata`, the JSON."""

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
    """The kernel answers; names will be assigned after these cells (None: before the first)."""

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
    """No cell follows; how the run of the cells ended."""

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
    """Why there is no value."""

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
    """Each message of the grader, which is trusted, until the pipe ends."""
    while len(head := pipe.read(HEAD.size)) == HEAD.size:
        yield _requests.decode(pipe.read(HEAD.unpack(head)[0]))


def read_answers(pipe: BinaryIO, limit: int) -> Iterator[Answer]:
    """Each message out of a sandbox, `limit` bytes at most in all, until the pipe ends.

    Raises `ProtocolError`; nothing is read beyond the limit.
    """
    left = limit
    while head := _read(pipe, HEAD.size, may_end=True):
        (length,) = HEAD.unpack(head)
        left -= HEAD.size + length
        if left < 0:
            raise TooMuchError(f"more than {limit:,} bytes came out of the sandbox")
        yield decode_answer(_read(pipe, length))


def decode_answer(payload: bytes) -> Any:
    """Return the message in a frame's payload. Raises `ProtocolError`."""
    try:
        return _answers.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError) as error:
        raise ProtocolError(f"a message from the sandbox is not valid: {error}") from error


def _read(pipe: BinaryIO, length: int, may_end: bool = False) -> bytes:
    """Exactly `length` bytes, or none where the pipe may end."""
    parts: list[bytes] = []
    missing = length
    while missing and (part := pipe.read(min(missing, 2**16))):
        parts.append(part)
        missing -= len(part)
    if missing and not (may_end and missing == length):
        raise TruncatedError("the output of the sandbox ends within a message")
    return b"".join(parts)
