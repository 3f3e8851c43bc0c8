"""Run one notebook in a sandbox: its job goes in, an outcome comes out, whatever the notebook does."""

import copy
import time
from collections.abc import Callable
from typing import BinaryIO

from nbformat import NotebookNode

from d2l.grader.sandbox.client import ProcessResult, run_sandboxed
from d2l.grader.sandbox.encode_job import encode_job
from d2l.grader.sandbox.frames import CutOffError, FrameError, FrameReader, TooMuchError
from d2l.grader.sandbox.isolation import SandboxConfig, program
from d2l.grader.sandbox.job import CellOutcome, Job, Outcome, Problem, RunStatus
from d2l.grader.sandbox.session import Session
from d2l.notebook.execute import clear_outputs, code_cells

DRIVER = "d2l.grader.sandbox.guest.driver"


class RunInterruptedError(KeyboardInterrupt):
    """Ctrl-C during a run, which is ended; `outcome` is what became of it until then."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def run_in_sandbox(
    job: Job, sandbox: SandboxConfig, on_cell: Callable[[CellOutcome], None] = lambda cell: None
) -> Outcome:
    """Run the job's notebook and return what became of it; `on_cell` is told each cell's end.

    A notebook can make its outcome bad, never this call raise. `on_cell` is called from another
    thread. Raises `IsolationError` if there is no such sandbox on this machine, and
    `RunInterruptedError` at Ctrl-C.
    """
    recording = _Recording(job, sandbox, on_cell)
    order = encode_job(job, sandbox.limits)
    try:
        guarded = run_sandboxed(program(DRIVER), sandbox, order, recording.read, job.files)
    except KeyboardInterrupt as error:
        raise RunInterruptedError(recording.stopped()) from error
    return recording.outcome(guarded)


class _Recording:
    """Listens to one sandbox, and judges by what was heard and by how the sandbox ended."""

    def __init__(
        self, job: Job, sandbox: SandboxConfig, on_cell: Callable[[CellOutcome], None]
    ) -> None:
        names = [fetch.name for fetch in job.fetches]
        self._job = job
        self._limit = sandbox.limits.output
        self._cells = code_cells(job.notebook)
        self._transcript = Session(self._cells, names, on_cell)
        self._problem: FrameError | None = None
        self._begin = time.perf_counter()
        self._start_seconds = 0.0

    def read(self, pipe: BinaryIO) -> None:
        """Hear all that the sandbox says. Raises `FrameError` at the first that it may not say."""
        try:
            for frame in FrameReader(pipe, self._limit):
                self._transcript.add(frame)
                if self._transcript.has_started and not self._start_seconds:
                    self._start_seconds = time.perf_counter() - self._begin
        except FrameError as error:
            self._problem = error
            raise

    def outcome(self, guarded: ProcessResult) -> Outcome:
        """What became of the run, by what was heard and by how its sandbox ended."""
        return self._outcome(*self._verdict(guarded), guarded.seconds, guarded.peak_memory)

    def stopped(self) -> Outcome:
        """What is known of a run that was ended before it could say more."""
        seconds = time.perf_counter() - self._begin
        return self._outcome("stopped", "interrupted", seconds, 0)

    def _outcome(self, status: RunStatus, reason: str, seconds: float, memory: int) -> Outcome:
        done = {cell.index: cell for cell in self._transcript.cells}
        cells = [done.get(index) or CellOutcome(index, "not run") for index in self._cells]
        missing = Problem(f"not fetched: {reason}" if reason else "not fetched")
        names = [fetch.name for fetch in self._job.fetches]
        return Outcome(
            status=status,
            reason=reason,
            notebook=self._notebook(),
            cells=tuple(cells),
            values={name: self._transcript.values.get(name, missing) for name in names},
            seconds=seconds,
            start_seconds=self._start_seconds,
            # The walls look now and then; a cell's short peak can lie in between.
            peak_memory=max(memory, *(cell.peak_memory for cell in cells), 0),
            seed_offset=self._job.seed_offset,
            assigned_after_cell=self._transcript.assigned_after_cell,
        )

    def _verdict(self, guarded: ProcessResult) -> tuple[RunStatus, str]:
        """What the walls saw counts before what the sandbox said; a sandbox that says no end has failed."""
        was_ended = guarded.status not in ("ok", "broken")
        if isinstance(self._problem, TooMuchError):
            return "output", str(self._problem)
        if self._problem is not None and not (isinstance(self._problem, CutOffError) and was_ended):
            return "broken", str(self._problem)
        if guarded.status != "ok":
            return guarded.status, guarded.reason
        if self._transcript.end is None:
            return "died", "the run ended without a result"
        return self._transcript.end

    def _notebook(self) -> NotebookNode:
        notebook = copy.deepcopy(self._job.notebook)
        clear_outputs(notebook)
        for index, (outputs, count) in self._transcript.shown.items():
            notebook.cells[index].outputs, notebook.cells[index].execution_count = outputs, count
        return notebook
