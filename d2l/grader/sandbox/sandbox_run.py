"""Run a notebook in a sandbox, collect the files next to it, and write the results of the run."""

import copy
import io
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import nbformat
import numpy as np
from nbformat import NotebookNode

from d2l.errors import OverwriteError
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
from d2l.notebook.execute import announces_failure, clear_outputs, code_cells
from d2l.notebook.optional_deps import versions_of
from d2l.notebook.outputs import clean
from d2l.notebook.render.page import notebook_page
from d2l.notebook.source import notebook_title

SUPERVISOR = "d2l.grader.sandbox.guest.supervisor"
# The part of a run's time that is reserved for fetching values after the cells.
MARGIN_SHARE, MARGIN_SECONDS, MARGIN_SECONDS_OF_VALUES = 0.2, 4, 15


class RunInterruptedError(KeyboardInterrupt):
    """Ctrl-C during a run, which was stopped; `outcome` is its result so far."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def run_in_sandbox(
    job: Job, sandbox: SandboxConfig, on_cell: Callable[[CellOutcome], None] = lambda cell: None
) -> Outcome:
    """Run the job's notebook and return the outcome; `on_cell` is called after each cell.

    Errors of a notebook are reported in its outcome, never raised. `on_cell` is called from another
    thread. Raises `IsolationError` if the sandbox is not available on this machine, and
    `RunInterruptedError` on Ctrl-C.
    """
    dialogue = _Dialogue(job, sandbox.limits, on_cell)
    command = module_command(SUPERVISOR)
    try:
        result = run_sandboxed(command, sandbox, dialogue.outbox, dialogue.read, job.files)
    except KeyboardInterrupt as error:
        raise RunInterruptedError(dialogue.stopped()) from error
    return dialogue.outcome(result)


class _Dialogue:
    """Exchange of messages with the supervisor of one sandbox, and the resulting outcome."""

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
        """Read all answers, and request the values one after the other after the last cell.

        Raises `ProtocolError` at the first unexpected answer.
        """
        try:
            for answer in read_answers(pipe, self._limit):
                had_ended = self._session.end is not None
                num_values = len(self._session.values)
                self._session.add(answer)
                if self._session.has_started and not self._start_seconds:
                    self._start_seconds = time.perf_counter() - self._begin
                if self._session.end is not None and (
                    not had_ended or len(self._session.values) > num_values
                ):
                    self.outbox.send(next(self._requests, frame(Finish())))
        except ProtocolError as error:
            self._problem = error
            raise

    def outcome(self, result: ProcessResult) -> Outcome:
        """Return the outcome of the run, from its answers and the exit of its sandbox."""
        return self._outcome(*self._verdict(result), result.seconds, result.peak_memory)

    def stopped(self) -> Outcome:
        """Return the outcome of a run that was interrupted."""
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
            # The monitor samples at intervals and may miss a short peak of a cell.
            peak_memory=max(memory, *(cell.peak_memory for cell in cells), 0),
            seed_offset=self._job.seed_offset,
            assigned_after_cell=self._session.assigned_after_cell,
        )

    def _verdict(self, result: ProcessResult) -> tuple[RunStatus, str]:
        """Return status and reason; outside measurements override reports of the sandbox."""
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
    """Yield the request of each value, with the hidden inputs that its expressions name."""
    for fetch in job.fetches:
        names = fetch.names
        inputs = {name: _npy(array) for name, array in job.inputs.items() if name in names}
        yield frame(FetchValue(fetch.name, list(fetch.expressions), inputs))


def _npy(array: np.ndarray) -> bytes:
    written = io.BytesIO()
    np.save(written, array, allow_pickle=False)
    return written.getvalue()


PACKAGES = ("torch", "torchvision", "numpy", "matplotlib", "pandas", "ipykernel")


def targets(notebooks: Sequence[Path], out: Path) -> dict[Path, Path]:
    """Return a distinct output path, without suffix, for each notebook.

    Raises `OverwriteError` if a result would overwrite one of the notebooks.
    """
    chosen: dict[Path, Path] = {}
    taken: set[str] = set()
    for notebook in notebooks:
        names = (f"{notebook.stem}{f'-{n}' if n > 1 else ''}" for n in range(1, 10**6))
        name = next(name for name in names if name.casefold() not in taken)
        taken.add(name.casefold())
        chosen[notebook] = out / name
    sources = {notebook.resolve() for notebook in notebooks}
    for target in chosen.values():
        result = _with_suffix(target, ".ipynb")
        if result.resolve() in sources:
            raise OverwriteError(
                f"{result} would overwrite its own source. Choose another folder with --out."
            )
    return chosen


def write_run(
    target: Path, source: Path, job: Job, sandbox: SandboxConfig, outcome: Outcome
) -> None:
    """Write the results of one run: `target` with the suffixes .ipynb, .html and .run.json."""
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(outcome.notebook, _with_suffix(target, ".ipynb"))
    title = notebook_title(outcome.notebook, source.stem)
    page = notebook_page(outcome.notebook, title, summary(outcome), files=source.parent)
    _with_suffix(target, ".html").write_text(page, encoding="utf-8")
    text = json.dumps(_record(source, job, sandbox, outcome), indent=1, ensure_ascii=False)
    _with_suffix(target, ".run.json").write_text(text + "\n", encoding="utf-8")


def summary(outcome: Outcome) -> str:
    """Return one line with the status and the duration of the run."""
    if outcome.status == "ok":
        return f"ran in {outcome.seconds:.1f} s"
    return f"{outcome.status} after {outcome.seconds:.1f} s: {outcome.reason}"


def _record(source: Path, job: Job, sandbox: SandboxConfig, outcome: Outcome) -> dict[str, Any]:
    assigned = outcome.assigned_after_cell
    return {
        "notebook": str(source),
        "status": outcome.status,
        "reason": outcome.reason,
        "seconds": round(outcome.seconds, 3),
        "start_seconds": round(outcome.start_seconds, 3),
        "peak_memory": outcome.peak_memory,
        "isolation": sandbox.level.title,
        "limits": asdict(sandbox.limits),
        "set": [
            {"name": name, "value": value, "after_cell": assigned.get(name)}
            for name, value in job.set.items()
        ],
        "versions": versions_of(PACKAGES),
        "cells": [asdict(cell) for cell in outcome.cells],
    }


def _with_suffix(target: Path, suffix: str) -> Path:
    return target.with_name(target.name + suffix)  # the stem may contain dots


MAX_FILES = 2_000
MAX_BYTES = 256 * 2**20
# Folders that are skipped, as are those whose names begin with a dot.
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages"})


@dataclass(frozen=True)
class SiblingFiles:
    """A folder with copies of the files, None if there are none; `problem` is the reason."""

    folder: Path | None
    problem: str = ""


@contextmanager
def sibling_files(notebook: Path, out: Path) -> Iterator[SiblingFiles]:
    """Yield copies of the files next to `notebook`, except hidden files, environments and `out`.

    Links are not followed. If there are more than 2,000 files or 256 MB, none are copied.
    """
    folder = notebook.resolve().parent
    found = _files(folder, out.resolve())
    if found is None:
        yield SiblingFiles(
            None,
            f"more than {MAX_FILES:,} files or {MAX_BYTES // 2**20} MB are next to {notebook}, "
            "which runs without them. Move it to a folder with only the files that it needs.",
        )
        return
    with tempfile.TemporaryDirectory(prefix="d2l-inputs-") as private:
        for path in found:
            target = Path(private, path.relative_to(folder))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        yield SiblingFiles(Path(private) if found else None)


def _files(folder: Path, out: Path) -> list[Path] | None:
    """Return the files in `folder` and its subfolders, or None if there are too many."""
    found: list[Path] = []
    num_bytes = 0
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if _is_part(Path(here, name), out)]
        paths = (Path(here, name) for name in names if not name.startswith("."))
        for path in paths:
            if path.is_symlink() or not path.is_file():
                continue
            found.append(path)
            num_bytes += path.stat().st_size
            if len(found) > MAX_FILES or num_bytes > MAX_BYTES:
                return None
    return found


def _is_part(folder: Path, out: Path) -> bool:
    is_own = not folder.name.startswith(".") and folder.name not in _SKIPPED
    is_environment = (folder / "pyvenv.cfg").exists()
    return is_own and not is_environment and not folder.is_symlink() and folder != out
