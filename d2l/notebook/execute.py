"""Run the cells of a notebook one after the other, and collect their outputs."""

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import psutil

from d2l.notebook.kernel import Kernel, KernelDiedError, KernelTimeoutError, TimeLimit, fresh_kernel
from d2l.notebook.outputs import MAX_MESSAGE, Caps, Output, Outputs, clean

if TYPE_CHECKING:  # each sandbox imports this module, and nbformat takes longer than all the rest
    from nbformat import NotebookNode


def forget_peak(process_id: int) -> None:
    """Reset the peak memory of a process to its current memory; Linux only."""
    if sys.platform == "linux":
        try:
            Path(f"/proc/{process_id}/clear_refs").write_text("5")
        except OSError:  # ended, or not permitted in the sandbox: the peak is that of the whole run
            return


def peak_memory(process_id: int) -> int:
    """Return the peak memory in bytes since `forget_peak`; the current memory if not on Linux."""
    try:
        if sys.platform == "linux":
            status = Path(f"/proc/{process_id}/status").read_text()
            lines = (line.split() for line in status.splitlines())
            return next((int(words[1]) * 1024 for words in lines if words[0] == "VmHWM:"), 0)
        return int(psutil.Process(process_id).memory_info().rss)
    except (OSError, psutil.Error):  # the process has ended
        return 0


Status = Literal["ok", "error", "timeout", "died"]


@dataclass(frozen=True)
class CellRun:
    """The result of one code cell; `traceback` may contain ANSI colours."""

    index: int
    seconds: float
    status: Status
    message: str
    outputs: list[Output] = field(default_factory=list, repr=False)
    execution_count: int | None = None
    peak_memory: int = 0  # bytes, of the kernel

    @property
    def traceback(self) -> str:
        """The traceback of the error, "" if there is none."""
        errors = (output for output in self.outputs if output["output_type"] == "error")
        return "\n".join(line for error in errors for line in error["traceback"])


class CellRunner:
    """Runs the cells of one notebook in its kernel; the outputs of each are limited by `caps`."""

    def __init__(self, kernel: Kernel, caps: Caps = Caps()) -> None:  # noqa: B008
        self._kernel = kernel
        self._caps = caps
        self._shown: dict[str, list[Output]] = {}

    async def run(
        self,
        index: int,
        source: str,
        limit: float | TimeLimit | None = None,
        may_fail: bool = False,
    ) -> CellRun:
        """Run the cell `index` within `limit`; with `may_fail`, an error counts as "ok"."""
        outputs = Outputs(self._caps, self._shown)
        forget_peak(self._kernel.process_id)
        start = time.perf_counter()
        status, message = await self._execute(source, outputs, limit)
        if status == "error" and may_fail:
            status, message = "ok", ""
        return CellRun(
            index,
            time.perf_counter() - start,
            status,
            message,
            outputs.finish(),
            outputs.execution_count,
            peak_memory(self._kernel.process_id),
        )

    async def _execute(
        self, source: str, outputs: Outputs, limit: float | TimeLimit | None
    ) -> tuple[Status, str]:
        try:
            reply = await self._kernel.execute(source, outputs.add, limit)
            await self._kill_if_requested(reply)
        except KernelTimeoutError as error:
            outputs.fail("Timeout", str(error))
            return "timeout", str(error)
        except KernelDiedError as error:
            outputs.fail("KernelDied", str(error))
            return "died", str(error)
        return ("ok", "") if reply.get("status") == "ok" else ("error", _message(reply))

    async def _kill_if_requested(self, reply: Mapping[str, object]) -> None:
        """Kill the kernel after `quit()`; otherwise it would exit some cells later, at random."""
        payload = reply.get("payload")
        requests = payload if isinstance(payload, list) else []
        if any(
            isinstance(request, dict)
            and request.get("source") == "ask_exit"
            and not request.get("keepkernel")
            for request in requests
        ):
            await self._kernel.kill()
            raise KernelDiedError("the cell exited the kernel")


def announces_failure(metadata: Mapping[str, object], *, trusted: bool = False) -> bool:
    """Whether a cell has Jupyter's tag "raises-exception", so that it may fail.

    Only in a `trusted` notebook: in a submission the tag would make a failed cell count as ok.
    """
    tags = metadata.get("tags")
    return trusted and isinstance(tags, list) and "raises-exception" in tags


def _message(reply: Mapping[str, object]) -> str:
    return clean(f"{reply.get('ename', '')}: {reply.get('evalue', '')}")[:MAX_MESSAGE]


@dataclass(frozen=True)
class NotebookRun:
    """A notebook with the outputs of its run, and the results of the code cells that ran."""

    notebook: "NotebookNode"
    cells: list[CellRun]
    seconds: float

    @property
    def failure(self) -> CellRun | None:
        """The cell that stopped the run, None if every cell ran."""
        return next((cell for cell in self.cells if cell.status != "ok"), None)


def code_cells(notebook: "NotebookNode") -> list[int]:
    """Return the indices of the cells that a run executes."""
    cells = enumerate(notebook.cells)
    return [index for index, cell in cells if cell.cell_type == "code" and cell.source.strip()]


def clear_outputs(notebook: "NotebookNode") -> None:
    """Remove all outputs and execution counts from the notebook."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def run_notebook(
    notebook: "NotebookNode",
    folder: Path,
    cell_timeout: int | None = None,
    on_cell: Callable[[CellRun], None] = lambda cell: None,
) -> NotebookRun:
    """Execute `notebook` in place in the working folder `folder`, with a time limit for each cell.

    The notebook is trusted: cells with the tag "raises-exception" may fail. Raises
    `KernelStartError`; on `KeyboardInterrupt` the kernel is ended.
    """
    # Jupyter's sockets require the selector loop on Windows.
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(_run(notebook, folder, cell_timeout, on_cell))


async def _run(
    notebook: "NotebookNode",
    folder: Path,
    cell_timeout: int | None,
    on_cell: Callable[[CellRun], None],
) -> NotebookRun:
    from nbformat import from_dict

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
