"""What the driver says, frame by frame, within what it may say."""

from typing import Any, BinaryIO

from d2l.grader.sandbox.guest.framing import array_frame, json_frame
from d2l.notebook.cells import CellRun
from d2l.notebook.outputs import Output

RESERVED = 2**16  # of each half of what may be said, for everything but outputs and values


class MessageWriter:
    """Writes messages to a pipe, each at once, so that what was said outlives the driver."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._said_of_cells = 0

    def say_start(self, assigned_after_cell: dict[str, int | None]) -> None:
        """The kernel answered; names will be set after these cells."""
        self._say({"kind": "started", "assigned_after_cell": assigned_after_cell})

    def say_cell(self, run: CellRun, limit: int) -> None:
        """A cell ended; its outputs are left out where all cells' would be more than `limit`."""
        frame = self._cell(run, run.outputs)
        if self._said_of_cells + len(frame) > limit - RESERVED:
            frame = self._cell(run, [_left_out(len(frame))])
        self._said_of_cells += len(frame)
        self._write(frame)

    def say_value(self, name: str, value: object) -> None:
        """A value in plain types."""
        self._say({"kind": "value", "name": name, "value": value})

    def say_array(self, name: str, npy: bytes) -> None:
        """A value as an array in NumPy's format."""
        self._write(json_frame({"kind": "array", "name": name}) + array_frame(npy))

    def say_problem(self, name: str, message: str) -> None:
        """A value that could not be fetched, and why."""
        self._say({"kind": "problem", "name": name, "message": message})

    def say_end(self, status: str, reason: str) -> None:
        """Nothing follows."""
        self._say({"kind": "end", "status": status, "reason": reason})

    def _cell(self, run: CellRun, outputs: list[Output]) -> bytes:
        return json_frame({
            "kind": "cell",
            "index": run.index,
            "status": run.status,
            "seconds": run.seconds,
            "peak_memory": run.peak_memory,
            "error": run.message,
            "execution_count": run.execution_count,
            "outputs": outputs,
        })  # fmt: skip

    def _say(self, message: dict[str, Any]) -> None:
        self._write(json_frame(message))

    def _write(self, frame: bytes) -> None:
        self._pipe.write(frame)
        self._pipe.flush()


def _left_out(size: int) -> Output:
    note = f"[d2l: {size:,} bytes of outputs were cut: the cells before have used up the room]\n"
    return {"output_type": "stream", "name": "stderr", "text": note}
