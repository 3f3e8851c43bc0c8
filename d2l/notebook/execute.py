"""Run one notebook from top to bottom in a fresh kernel, stop at the first cell that fails.

Knows nothing of files: it takes a notebook and fills in its outputs.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode, from_dict

from d2l.notebook.cells import CellRun, CellRunner, announces_failure
from d2l.notebook.kernel import fresh_kernel


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


def clear_outputs(notebook: NotebookNode) -> None:
    """Make the notebook one that has not run."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def run_notebook(
    notebook: NotebookNode,
    folder: Path,
    cell_timeout: int | None = None,
    on_cell: Callable[[CellRun], None] = lambda cell: None,
) -> NotebookRun:
    """Execute `notebook` in place, in the working folder `folder`, each cell within its seconds.

    It is trusted: a cell that its tag announces as failing may fail. Raises `KernelStartError`; a
    `KeyboardInterrupt` leaves no kernel behind.
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
    clear_outputs(notebook)
    runs: list[CellRun] = []
    async with fresh_kernel(folder) as kernel:
        runner = CellRunner(kernel)
        for index in code_cells(notebook):
            cell = notebook.cells[index]
            may_fail = announces_failure(cell.metadata, trusted=True)
            run = await runner.run(index, cell.source, cell_timeout, may_fail)
            cell.outputs, cell.execution_count = from_dict(run.outputs), run.execution_count
            runs.append(run)
            on_cell(run)
            if run.status != "ok":
                break
    return NotebookRun(notebook, runs, time.perf_counter() - start)
