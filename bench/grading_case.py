"""A class to grade, graded by `d2l grade` and run by nothing but a kernel: how long, how large.

Each measurement is a function; what is promised of them is the business of `bench.grading`.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import psutil

from d2l.errors import D2LError

COURSE = Path(__file__).resolve().parents[1] / "examples" / "course"
RUBRIC = COURSE / "rubric.toml"
GOOD = ("amelie_brun.ipynb", "bao_nguyen.py", "chiara_conti.py")
PAUSE_SECONDS = 0.1
KILLED_AT = 0.4  # of the submissions that are finished
MOST_SECONDS_PER_SUBMISSION = 300
Command = list[str]


class GradingError(D2LError, RuntimeError):
    """A grading that did not come to its end."""


class Grading(NamedTuple):
    """What grading a class took; `own` is of the grader and its checks, the sandboxes apart."""

    begin_seconds: (
        float  # before the first submission: what is claimed is tried, the reference runs
    )
    seconds: float  # all submissions
    own_memory: int  # bytes, at the peak


class Resumed(NamedTuple):
    """A grading that was killed and gone on with."""

    finished: int  # when it was killed
    repeated: int  # of those, how many were graded once more
    left_running: int  # processes of sandboxes, shortly after the grader was killed
    has_same_table: bool  # as a grading that nobody killed


def make_class(folder: Path, submissions: int) -> list[Path]:
    """Write so many different submissions, all of them good, and return their files."""
    import nbformat

    folder.mkdir()
    files = []
    for number in range(submissions):
        example = COURSE / "submissions" / GOOD[number % len(GOOD)]
        path = folder / f"student {number:03}{example.suffix}"
        note = f"\n# handed in by student {number}"
        if path.suffix == ".py":
            path.write_text(example.read_text() + note + "\n")
        else:
            notebook = nbformat.read(example, as_version=4)
            notebook.cells[-1].source += note
            nbformat.write(notebook, path)
        files.append(path)
    return files


def grade(students: Path, out: Path, jobs: int) -> Grading:
    """Grade a class from its beginning to its end."""
    with _grader(students, out, jobs) as process, _watched(process) as peak:
        begun = time.time()
        if process.wait() != 0:
            raise GradingError(f"`d2l grade` failed: {_said(out)}")
        ended = time.time()
    ready = (out / "journal" / "reference.json").stat().st_mtime
    return Grading(ready - begun, ended - ready, peak[0])


def run_plainly(files: Sequence[Path], runs: int, jobs: int) -> float:
    """Return the seconds that it takes to run each notebook so many times, `jobs` at a time."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as workers:
        list(workers.map(_load, range(jobs)))
        begun = time.perf_counter()
        list(workers.map(_run_plainly, [file for file in files for _ in range(runs)]))
        return time.perf_counter() - begun


def kill_and_resume(students: Path, out: Path, jobs: int, whole: Path) -> Resumed:
    """Kill a grading with -9 in the middle, go on with it, and see what was done twice.

    `whole` is the folder of a grading of the same class that nobody killed.
    """
    wanted = max(1, int(KILLED_AT * len(list(students.iterdir()))))
    with _grader(students, out, jobs) as process:
        while len(_entries(out)) < wanted and process.poll() is None:
            time.sleep(PAUSE_SECONDS)
        below = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        process.wait()
    left = psutil.wait_procs(below, timeout=5)[1]
    before = _entries(out)
    with _grader(students, out, jobs, "--resume") as process:
        if process.wait() != 0:
            raise GradingError(f"`d2l grade --resume` failed: {_said(out)}")
    after = _entries(out)
    repeated = sum(after[name] != moment for name, moment in before.items())
    tables = [(folder / "grades.csv").read_bytes() for folder in (out, whole)]
    return Resumed(len(before), repeated, len(left), tables[0] == tables[1])


def _entries(out: Path) -> dict[str, int]:
    """When each finished submission was written down."""
    found = (out / "journal" / "students").glob("*.json")
    return {path.name: path.stat().st_mtime_ns for path in found}


@contextmanager
def _grader(
    students: Path, out: Path, jobs: int, *options: str
) -> "Iterator[subprocess.Popen[bytes]]":
    """Start `d2l grade`; it is gone when the block ends."""
    command = [sys.executable, "-m", "d2l", "grade", str(students), "--rubric", str(RUBRIC)]
    command += ["--jobs", str(jobs), "--out", str(out), *options]
    with open(_log(out), "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        at_most = MOST_SECONDS_PER_SUBMISSION * (3 + len(list(students.iterdir())))
        watchdog = threading.Timer(at_most, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()
            process.wait()


@contextmanager
def _watched(process: "subprocess.Popen[bytes]") -> Iterator[list[int]]:
    """Give a list whose one number grows to the peak of the grader's own memory."""
    peak, ended = [0], threading.Event()

    def watch() -> None:
        grader = psutil.Process(process.pid)
        while not ended.wait(PAUSE_SECONDS):
            peak[0] = max(peak[0], _own_memory(grader))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()


def _own_memory(grader: psutil.Process) -> int:
    """The memory of the grader and of its checks; what is in sandboxes does not count."""
    total = 0
    try:
        for process in (grader, *grader.children()):
            if "sandbox.supervisor" not in " ".join(process.cmdline()):
                total += process.memory_info().rss
    except psutil.Error:  # one of them has just ended
        return 0
    return total


def _load(number: int) -> None:
    """Have a worker import what it needs, before anything is timed."""
    import d2l.notebook.execute
    import d2l.notebook.source  # noqa: F401

    time.sleep(0.5)  # so that every worker gets one of these tasks


def _run_plainly(path: Path) -> None:
    from d2l.notebook.execute import run_notebook
    from d2l.notebook.source import read_notebook

    with tempfile.TemporaryDirectory() as folder:
        run = run_notebook(read_notebook(path), Path(folder))
    if run.failure is not None:
        raise GradingError(f"{path} does not run: {run.failure.message}")


def _log(out: Path) -> Path:
    return out.with_name(f"{out.name}.log")


def _said(out: Path) -> str:
    return _log(out).read_text(errors="replace")[-1000:].replace(os.linesep, " ")
