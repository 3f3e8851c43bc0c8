"""State machine over the messages of one sandbox run: each must be one that may come next."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

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
from d2l.grader.sandbox.untrusted import parse_array, parse_json
from d2l.notebook.outputs import JSON_KIND

MAX_LINE = 2_500  # characters of a reason or an error


class Session:
    """The messages of one run; `cells` are the indices of its code cells, `names` its values."""

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
        """Whether nothing more can come."""
        return self.end is not None and len(self.values) == len(self._names)

    def add(self, answer: Answer) -> None:
        """Take the next message. Raises `ProtocolError` if it may not come now."""
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
            raise ProtocolError("the sandbox reported its start twice")
        for index in answer.assigned_after_cell.values():
            if index is not None and index not in self._cells:
                raise ProtocolError("an assignment refers to a cell that does not exist")
        self.assigned_after_cell = answer.assigned_after_cell
        self.has_started = True

    def _add_cell(self, answer: CellDone) -> None:
        number = len(self.cells)
        is_next = number < len(self._cells) and self._cells[number] == answer.index
        if not self.has_started or self.end is not None or not is_next:
            raise ProtocolError("a message of a cell came out of order")
        cell = CellOutcome(
            answer.index, answer.status, answer.seconds, answer.peak_memory, _line(answer.error)
        )
        self.shown[cell.index] = list(map(_as_output, answer.outputs)), answer.execution_count
        self.cells.append(cell)
        self._on_cell(cell)

    def _end(self, answer: CellsDone) -> None:
        if self.end is not None:
            raise ProtocolError("the sandbox reported the end of its cells twice")
        all_ok = len(self.cells) == len(self._cells) and all(c.status == "ok" for c in self.cells)
        if all_ok != (answer.status == "ok") and answer.status != "start":
            raise ProtocolError("the reported end contradicts the cells")
        is_ok = answer.status == "ok"
        self.end = answer.status, "" if is_ok else _line(answer.reason) or answer.status

    def _add_value(self, name: str, value: Value | Problem) -> None:
        # The grader asks for one value at a time.
        if self.end is None or len(self.values) == len(self._names):
            raise ProtocolError("a value came before the end of the cells, or after the last value")
        if name != self._names[len(self.values)]:
            raise ProtocolError("a value came that was not requested")
        self.values[name] = value


def _as_output(output: CellOutput) -> NotebookNode:
    """Return an output as nbformat has it."""
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
    """One readable line, whatever the text is: no colours, no line breaks, bounded in length."""
    return "".join(sign if sign.isprintable() else " " for sign in text[:MAX_LINE]).strip()
