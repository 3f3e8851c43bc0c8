"""What a sandbox has said so far, put together message by message: the only way to a verdict.

Each message must be the one that may come next; the first that is not ends the run.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from nbformat import NotebookNode

from d2l.grader.sandbox.frames import FrameError
from d2l.grader.sandbox.job import CellOutcome, Problem, RunStatus, Value
from d2l.grader.sandbox.schema import checked, checked_count, checked_outputs

MAX_LINE = 2_500  # characters of a reason or an error
_CELL_STATUS = ("ok", "error", "timeout", "died")
_END_STATUS = (*_CELL_STATUS, "start")
_CELL = {
    "kind": str, "index": int, "status": str, "seconds": float, "peak_memory": int, "error": str,
    "execution_count": object, "outputs": list,
}  # fmt: skip


class Session:
    """The messages of one run; `cells` are the indices of its code cells, `names` its values."""

    def __init__(
        self, cells: Sequence[int], names: Sequence[str], on_cell: Callable[[CellOutcome], None]
    ) -> None:
        self.has_started = False
        self.assigned_after_cell: dict[str, int | None] = {}
        self.cells: list[CellOutcome] = []
        self.shown: dict[int, tuple[list[NotebookNode], int | None]] = {}
        self.values: dict[str, Value | Problem] = {}
        self.end: tuple[RunStatus, str] | None = None
        self._cells = cells
        self._names = names
        self._on_cell = on_cell
        self._array_for: str | None = None

    def add(self, frame: Any) -> None:
        """Take the next frame. Raises `FrameError` if it may not come now."""
        if self.end is not None:
            raise FrameError("a message came after the end")
        if self._array_for is not None or isinstance(frame, np.ndarray):
            self._take_array(frame)
            return
        kind = frame.get("kind") if isinstance(frame, dict) else None
        takes = {
            "started": self._take_start,
            "cell": self._take_cell,
            "value": self._take_value,
            "problem": self._take_problem,
            "array": self._take_name_of_array,
            "end": self._take_end,
        }
        if not isinstance(kind, str) or kind not in takes:
            raise FrameError("a message is of no known kind")
        takes[kind](frame)

    def _take_start(self, message: Any) -> None:
        fields = checked(message, {"kind": str, "assigned_after_cell": dict})
        if self.has_started:
            raise FrameError("the sandbox began twice")
        for name, index in fields["assigned_after_cell"].items():
            if index is not None and index not in self._cells:
                raise FrameError("a name was set after a cell that there is not")
            self.assigned_after_cell[name] = index
        self.has_started = True

    def _take_cell(self, message: Any) -> None:
        fields = checked(message, _CELL)
        number = len(self.cells)
        is_next = number < len(self._cells) and self._cells[number] == fields["index"]
        if not self.has_started or self.values or not is_next:
            raise FrameError("a cell came out of turn")
        cell = CellOutcome(
            fields["index"],
            _status(fields["status"], _CELL_STATUS),
            float(fields["seconds"]),
            fields["peak_memory"],
            _line(fields["error"]),
        )
        outputs = checked_outputs(fields["outputs"])
        self.shown[cell.index] = outputs, checked_count(fields["execution_count"])
        self.cells.append(cell)
        self._on_cell(cell)

    def _take_value(self, message: Any) -> None:
        fields = checked(message, {"kind": str, "name": str, "value": object})
        self._keep(fields["name"], fields["value"])

    def _take_problem(self, message: Any) -> None:
        fields = checked(message, {"kind": str, "name": str, "message": str})
        self._keep(fields["name"], Problem(fields["message"]))

    def _take_name_of_array(self, message: Any) -> None:
        self._array_for = checked(message, {"kind": str, "name": str})["name"]

    def _take_array(self, frame: Any) -> None:
        if self._array_for is None or not isinstance(frame, np.ndarray):
            raise FrameError("an array and the message that names it do not follow each other")
        self._keep(self._array_for, frame)
        self._array_for = None

    def _keep(self, name: str, value: Value | Problem) -> None:
        if name not in self._names or name in self.values:
            raise FrameError("a value came that was not asked for, or came twice")
        self.values[name] = value

    def _take_end(self, message: Any) -> None:
        fields = checked(message, {"kind": str, "status": str, "reason": str})
        status = _status(fields["status"], _END_STATUS)
        all_ok = len(self.cells) == len(self._cells) and all(c.status == "ok" for c in self.cells)
        if all_ok != (status == "ok") and status != "start":
            raise FrameError("the end does not agree with the cells")
        self.end = status, "" if status == "ok" else _line(fields["reason"]) or status


def _status(text: str, allowed: tuple[str, ...]) -> Any:
    if text not in allowed:
        raise FrameError(f"a status is none of {', '.join(allowed)}")
    return text


def _line(text: str) -> str:
    """One readable line, whatever the text is: no colours, no line breaks, no endless length."""
    return "".join(sign if sign.isprintable() else " " for sign in text[:MAX_LINE]).strip()
