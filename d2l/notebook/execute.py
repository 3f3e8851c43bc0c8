"""Run one notebook from top to bottom in a fresh kernel, stop at the first cell that fails.

Knows nothing of files: it takes a notebook and fills in its outputs.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output

from d2l.notebook.kernel import fresh_kernel

Status = Literal["ok", "error", "timeout", "died"]


@dataclass(frozen=True)
class CellRun:
    """What became of one code cell; `traceback` may hold ANSI colours."""

    index: int
    seconds: float
    status: Status
    message: str
    traceback: str


@dataclass(frozen=True)
class NotebookRun:
    """A notebook with the outputs of its run, and the code cells that ran, in order."""

    notebook: NotebookNode
    cells: list[CellRun]
    seconds: float

    @property
    def failure(self) -> CellRun | None:
        """The cell that stopped the run; None when every cell ran."""
        return next((cell for cell in self.cells if cell.status != "ok"), None)


def code_cells(notebook: NotebookNode) -> list[int]:
    """Return the indices of the cells that a run executes."""
    cells = enumerate(notebook.cells)
    return [index for index, cell in cells if cell.cell_type == "code" and cell.source.strip()]


def run_notebook(
    notebook: NotebookNode,
    folder: Path,
    cell_timeout: int | None = None,
    on_cell: Callable[[CellRun], None] = lambda cell: None,
) -> NotebookRun:
    """Execute `notebook` in place, in the working folder `folder`, each cell within its seconds.

    Raises `KernelStartError`; a `KeyboardInterrupt` leaves no kernel behind.
    """
    # The selector loop is the one that Jupyter's sockets need on Windows.
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(_run(notebook, folder, cell_timeout, on_cell))


async def _run(
    notebook: NotebookNode,
    folder: Path,
    cell_timeout: int | None,
    on_cell: Callable[[CellRun], None],
) -> NotebookRun:
    start = time.perf_counter()
    _clear_outputs(notebook)
    cells: list[CellRun] = []
    async with fresh_kernel(notebook, folder, cell_timeout) as client:
        for index in code_cells(notebook):
            cell = await _run_cell(client, index)
            cells.append(cell)
            on_cell(cell)
            if cell.status != "ok":
                break
    return NotebookRun(notebook, cells, time.perf_counter() - start)


async def _run_cell(client: NotebookClient, index: int) -> CellRun:
    start = time.perf_counter()
    cell = client.nb.cells[index]
    status: Status = "ok"
    message = ""
    try:
        await client.async_execute_cell(cell, index)
    except CellExecutionError as error:
        status, message = "error", f"{error.ename}: {error.evalue}"
    except CellTimeoutError:
        status, message = "timeout", f"stopped: it ran longer than {client.timeout} s"
        cell.outputs.append(_error_output("Timeout", message))
    except DeadKernelError:
        _raise_if_interrupted()
        status, message = "died", "the kernel died (out of memory, or its process was ended)"
        cell.outputs.append(_error_output("KernelDied", message))
    return CellRun(index, time.perf_counter() - start, status, message, _traceback(cell))


def _traceback(cell: NotebookNode) -> str:
    errors = (output for output in cell.outputs if output.output_type == "error")
    return "\n".join(line for error in errors for line in error.traceback)


def _error_output(name: str, message: str) -> NotebookNode:
    return new_output("error", ename=name, evalue=message, traceback=[])


def _raise_if_interrupted() -> None:
    # nbclient reports a cancelled run, which is what Ctrl-C makes of ours, as a dead kernel.
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _clear_outputs(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
