"""Run one notebook in a sandbox: a job goes in, an outcome comes out."""

import copy
import io
import json
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np
from nbformat import NotebookNode

from d2l.grader.sandbox.client import Outbox, ProcessResult, run_sandboxed
from d2l.grader.sandbox.isolation import Limits, SandboxConfig, module_command
from d2l.grader.sandbox.job import CellOutcome, Job, Outcome, Problem, RunStatus
from d2l.grader.sandbox.protocol import (
    Cell,
    FetchValue,
    Finish,
    ProtocolError,
    RunCells,
    TooMuchError,
    TruncatedError,
    frame,
    read_answers,
)
from d2l.grader.sandbox.session import Session
from d2l.notebook.cells import announces_failure
from d2l.notebook.execute import clear_outputs, code_cells
from d2l.notebook.outputs import clean

SUPERVISOR = "d2l.grader.sandbox.guest.supervisor"
# What is left of a run's time when its cells are stopped: the values are fetched in it.
MARGIN_SHARE, MARGIN_SECONDS, MARGIN_SECONDS_OF_VALUES = 0.2, 4, 15


class RunInterruptedError(KeyboardInterrupt):
    """Ctrl-C during a run, which is ended; `outcome` is what became of it until then."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def run_in_sandbox(
    job: Job, sandbox: SandboxConfig, on_cell: Callable[[CellOutcome], None] = lambda cell: None
) -> Outcome:
    """Run the job's notebook and return what became of it; `on_cell` gets each cell as it ends.

    A notebook can make its outcome bad, never this call raise. `on_cell` is called from another
    thread. Raises `IsolationError` if there is no such sandbox on this machine, and
    `RunInterruptedError` at Ctrl-C.
    """
    dialogue = _Dialogue(job, sandbox.limits, on_cell)
    command = module_command(SUPERVISOR)
    try:
        result = run_sandboxed(command, sandbox, dialogue.outbox, dialogue.read, job.files)
    except KeyboardInterrupt as error:
        raise RunInterruptedError(dialogue.stopped()) from error
    return dialogue.outcome(result)


class _Dialogue:
    """Talks with the supervisor of one sandbox, and judges by its answers and by how it ended."""

    def __init__(self, job: Job, limits: Limits, on_cell: Callable[[CellOutcome], None]) -> None:
        self.outbox = Outbox()
        self._job = job
        self._limit = limits.output
        self._cells = code_cells(job.notebook)
        self._session = Session(self._cells, [fetch.name for fetch in job.fetches], on_cell)
        self._requests = _requests(job)
        self._problem: ProtocolError | None = None
        self._begin = time.perf_counter()
        self._start_seconds = 0.0
        self.outbox.send(frame(_run_cells(job, limits)))

    def read(self, pipe: BinaryIO) -> None:
        """Take all answers, and ask for one value after the other once the cells have ended.

        Raises `ProtocolError` at the first answer that may not come.
        """
        try:
            for answer in read_answers(pipe, self._limit):
                had_ended = self._session.end is not None
                had = len(self._session.values)
                self._session.add(answer)
                if self._session.has_started and not self._start_seconds:
                    self._start_seconds = time.perf_counter() - self._begin
                if self._session.end is not None and (
                    not had_ended or len(self._session.values) > had
                ):
                    self.outbox.send(next(self._requests, frame(Finish())))
        except ProtocolError as error:
            self._problem = error
            raise

    def outcome(self, result: ProcessResult) -> Outcome:
        """What became of the run, by its answers and by how its sandbox ended."""
        return self._outcome(*self._verdict(result), result.seconds, result.peak_memory)

    def stopped(self) -> Outcome:
        """What is known of a run that was ended before it could answer more."""
        seconds = time.perf_counter() - self._begin
        return self._outcome("stopped", "interrupted", seconds, 0)

    def _outcome(self, status: RunStatus, reason: str, seconds: float, memory: int) -> Outcome:
        done = {cell.index: cell for cell in self._session.cells}
        cells = [done.get(index) or CellOutcome(index, "not run") for index in self._cells]
        missing = Problem(f"not fetched: {reason}" if reason else "not fetched")
        names = [fetch.name for fetch in self._job.fetches]
        return Outcome(
            status=status,
            reason=reason,
            notebook=self._notebook(),
            cells=tuple(cells),
            values={name: self._session.values.get(name, missing) for name in names},
            seconds=seconds,
            start_seconds=self._start_seconds,
            # The monitor looks now and then; a cell's short peak can lie in between.
            peak_memory=max(memory, *(cell.peak_memory for cell in cells), 0),
            seed_offset=self._job.seed_offset,
            assigned_after_cell=self._session.assigned_after_cell,
        )

    def _verdict(self, result: ProcessResult) -> tuple[RunStatus, str]:
        """What was measured outside counts before what the sandbox reports."""
        was_ended = result.status not in ("ok", "broken")
        is_truncated = isinstance(self._problem, TruncatedError)
        if isinstance(self._problem, TooMuchError):
            return "output", str(self._problem)
        if self._problem is not None and not (is_truncated and was_ended):
            return "broken", str(self._problem)
        if result.status != "ok":
            return result.status, result.reason
        if not self._session.is_complete:
            return "died", "the run ended without a result"
        assert self._session.end is not None
        return self._session.end

    def _notebook(self) -> NotebookNode:
        notebook = copy.deepcopy(self._job.notebook)
        clear_outputs(notebook)
        for index, (outputs, count) in self._session.shown.items():
            notebook.cells[index].outputs, notebook.cells[index].execution_count = outputs, count
        return notebook


def _run_cells(job: Job, limits: Limits) -> RunCells:
    longest = MARGIN_SECONDS_OF_VALUES if job.fetches else MARGIN_SECONDS
    return RunCells(
        cells=list(_cells(job)),
        seed_offset=job.seed_offset,
        values=json.dumps(dict(job.set)),
        keep_going=job.keep_going,
        may_install=job.may_install,
        seconds=limits.seconds - min(longest, MARGIN_SHARE * limits.seconds),
        wall_seconds=limits.stop_seconds - min(longest, MARGIN_SHARE * limits.stop_seconds),
        cell_seconds=limits.cell_seconds,
        cell_characters=limits.cell_characters,
        output=limits.output,
    )


def _cells(job: Job) -> Iterator[Cell]:
    for index in code_cells(job.notebook):
        cell = job.notebook.cells[index]
        may_fail = announces_failure(cell.metadata, trusted=job.trusts_tags)
        yield Cell(index, clean(cell.source), may_fail)


def _requests(job: Job) -> Iterator[bytes]:
    """The frame that asks for each value, with the hidden inputs that its expressions name."""
    for fetch in job.fetches:
        names = fetch.names
        inputs = {name: _npy(array) for name, array in job.inputs.items() if name in names}
        yield frame(FetchValue(fetch.name, list(fetch.expressions), inputs))


def _npy(array: np.ndarray) -> bytes:
    written = io.BytesIO()
    np.save(written, array, allow_pickle=False)
    return written.getvalue()
