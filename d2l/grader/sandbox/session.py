"""State machine over the untrusted messages of one sandbox run.

`Session` accepts a message only if it may come next. JSON and arrays in messages are parsed to
plain data or raise `ProtocolError`: nothing is unpickled, and no value takes more memory than its
bytes.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from nbformat import NotebookNode, from_dict

from d2l.grader.sandbox.job import CellOutcome, Problem, RunStatus, Value
from d2l.grader.sandbox.protocol import (
    Answer,
    ArrayFound,
    CellDone,
    CellError,
    CellOutput,
    CellsDone,
    DisplayData,
    ExecuteResult,
    ProtocolError,
    Started,
    Stream,
    ValueFound,
    ValueProblem,
)
from d2l.notebook.outputs import JSON_KIND, MAX_DEPTH, is_deeper

MAX_LINE = 2_500  # characters of a reason or an error


class Session:
    """The messages of one run with the code cells `cells` and the requested values `names`."""

    def __init__(
        self, cells: Sequence[int], names: Sequence[str], on_cell: Callable[[CellOutcome], None]
    ) -> None:
        self.has_started = False
        self.assigned_after_cell: Mapping[str, int | None] = {}
        self.cells: list[CellOutcome] = []
        self.shown: dict[int, tuple[list[NotebookNode], int | None]] = {}
        self.values: dict[str, Value | Problem] = {}
        self.end: tuple[RunStatus, str] | None = None
        self._cells = cells
        self._names = names
        self._on_cell = on_cell

    @property
    def is_complete(self) -> bool:
        """Whether no further message is expected."""
        return self.end is not None and len(self.values) == len(self._names)

    def add(self, answer: Answer) -> None:
        """Process the next message. Raises `ProtocolError` if it is not expected now."""
        if isinstance(answer, Started):
            self._start(answer)
        elif isinstance(answer, CellDone):
            self._add_cell(answer)
        elif isinstance(answer, CellsDone):
            self._end(answer)
        elif isinstance(answer, ArrayFound):
            self._add_value(answer.name, parse_array(answer.npy))
        elif isinstance(answer, ValueFound):
            self._add_value(answer.name, parse_json(answer.value))
        else:
            assert isinstance(answer, ValueProblem)
            self._add_value(answer.name, Problem(answer.message))

    def _start(self, answer: Started) -> None:
        if self.has_started or self.end is not None:
            raise ProtocolError("duplicate start message")
        for index in answer.assigned_after_cell.values():
            if index is not None and index not in self._cells:
                raise ProtocolError("an assignment refers to a non-existent cell")
        self.assigned_after_cell = answer.assigned_after_cell
        self.has_started = True

    def _add_cell(self, answer: CellDone) -> None:
        number = len(self.cells)
        is_next = number < len(self._cells) and self._cells[number] == answer.index
        if not self.has_started or self.end is not None or not is_next:
            raise ProtocolError("unexpected message of a cell")
        cell = CellOutcome(
            answer.index, answer.status, answer.seconds, answer.peak_memory, _line(answer.error)
        )
        self.shown[cell.index] = list(map(_as_output, answer.outputs)), answer.execution_count
        self.cells.append(cell)
        self._on_cell(cell)

    def _end(self, answer: CellsDone) -> None:
        if self.end is not None:
            raise ProtocolError("duplicate end message")
        all_ok = len(self.cells) == len(self._cells) and all(c.status == "ok" for c in self.cells)
        if all_ok != (answer.status == "ok") and answer.status != "start":
            raise ProtocolError("the end message contradicts the messages of cells")
        is_ok = answer.status == "ok"
        self.end = answer.status, "" if is_ok else _line(answer.reason) or answer.status

    def _add_value(self, name: str, value: Value | Problem) -> None:
        # The grader requests one value at a time.
        if self.end is None or len(self.values) == len(self._names):
            raise ProtocolError(
                "unexpected value before the end of the cells or after the last value"
            )
        if name != self._names[len(self.values)]:
            raise ProtocolError("unexpected value that was not requested")
        self.values[name] = value


def _as_output(output: CellOutput) -> NotebookNode:
    """Return an output in nbformat's form."""
    fields: dict[str, Any] = {"output_type": output.__struct_config__.tag}
    if isinstance(output, Stream):
        fields |= {"name": output.name, "text": output.text}
    elif isinstance(output, CellError):
        fields |= {
            "ename": output.ename,
            "evalue": output.evalue,
            "traceback": output.traceback,
        }
    else:
        fields |= {"data": _data(output), "metadata": _metadata(output)}
        if isinstance(output, ExecuteResult):
            fields["execution_count"] = output.execution_count
    return from_dict(fields)


def _data(output: DisplayData | ExecuteResult) -> dict[str, Any]:
    return {
        kind: parse_json(text) if JSON_KIND.fullmatch(kind) else text
        for kind, text in output.data.items()
    }


def _metadata(output: DisplayData | ExecuteResult) -> dict[str, Any]:
    metadata = parse_json(output.metadata)
    if not isinstance(metadata, dict):
        raise ProtocolError("the metadata of a display is not an object")
    return metadata


def _line(text: str) -> str:
    """Return `text` as one line of bounded length without control characters."""
    return "".join(sign if sign.isprintable() else " " for sign in text[:MAX_LINE]).strip()


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
    """Return the data in the JSON `text`, with valid Unicode only. Raises `ProtocolError`."""
    try:
        data = json.loads(text.decode() if isinstance(text, bytes) else text)
        json.dumps(data, ensure_ascii=False).encode()  # raises for lone surrogates
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a value is not valid JSON: {error}") from error
    if is_deeper(data, MAX_DEPTH):
        raise ProtocolError(f"a value is nested more than {MAX_DEPTH} levels deep")
    return data


def parse_array(npy: bytes) -> np.ndarray:
    """Return the array of numbers in `npy`, whose size must match. Raises `ProtocolError`."""
    if not npy.startswith(_MAGIC) or len(npy) < len(_MAGIC) + 2:
        raise ProtocolError("an array does not begin with the header of NumPy's format")
    start = len(_MAGIC) + 2
    end = start + int.from_bytes(npy[start - 2 : start], "little")
    header = _HEADER.fullmatch(npy[start:end])
    if header is None:
        found = npy[start : min(end, start + 200)]
        raise ProtocolError(f"an array's header is not that of an array of numbers: {found!r}")
    kind = TYPES.get(header[1].decode("latin-1"))
    shape = _shape(header[3].decode())
    if kind is None:
        raise ProtocolError(f"an array has the type {header[1]!r}, expected {', '.join(TYPES)}")
    if math.prod(shape) * kind.itemsize != len(npy) - end:
        raise ProtocolError(f"an array of shape {shape} does not have {len(npy) - end} bytes")
    numbers = np.frombuffer(npy, kind, offset=end)
    if kind.kind == "b":  # bytes other than 0 and 1 are not valid booleans
        numbers = numbers.view(np.uint8) != 0
    return numbers.reshape(shape, order="F" if header[2] == b"True" else "C").copy()


def _shape(text: str) -> tuple[int, ...]:
    shape = tuple(int(size) for size in text.replace(",", " ").split())
    if len(shape) > MAX_AXES or math.prod(size for size in shape if size) >= 2**50:
        raise ProtocolError(f"an array has an impossible shape: ({text:.100})")
    return shape
