"""A whole comparison: both notebooks run several times, with other seeds, each run in a sandbox."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

from d2l.grader.compare.compare import compare
from d2l.grader.compare.report import CheckReport
from d2l.grader.sandbox.isolation import SandboxConfig
from d2l.grader.sandbox.job import Job, Outcome
from d2l.grader.sandbox.run import run_in_sandbox


class RunCounts(NamedTuple):
    """How often each notebook runs."""

    reference: int = 3
    submission: int = 2


_USUAL = RunCounts()


@dataclass(frozen=True)
class Comparison:
    """What was found, and the runs in which it was."""

    report: CheckReport
    references: Sequence[Outcome]
    submissions: Sequence[Outcome]


def compare_notebooks(
    reference: NotebookNode,
    submission: NotebookNode,
    sandbox: SandboxConfig,
    counts: RunCounts = _USUAL,
    *,
    num_workers: int = 1,
    files: Path | None = None,
    on_end: Callable[[str, Outcome], None] = lambda name, outcome: None,
) -> Comparison:
    """Run both notebooks, `num_workers` runs at a time, and compare what they show.

    Copies of what is in the folder `files` lie beside each run. `on_end` is told the end of each
    run by its name, such as "reference 1/3", from another thread. At Ctrl-C all runs are ended.
    """
    jobs = [
        *_jobs("reference", reference, counts.reference, files),
        *_jobs("submission", submission, counts.submission, files),
    ]

    def run(named: tuple[str, Job]) -> Outcome:
        outcome = run_in_sandbox(named[1], sandbox)
        on_end(named[0], outcome)
        return outcome

    with ThreadPoolExecutor(num_workers) as pool:
        futures = [pool.submit(run, job) for job in jobs]
        try:
            outcomes = [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            sandbox.cancellation.cancel()
            raise
    references, submissions = outcomes[: counts.reference], outcomes[counts.reference :]
    return Comparison(compare(references, submissions, submission), references, submissions)


def _jobs(
    name: str, notebook: NotebookNode, count: int, files: Path | None
) -> list[tuple[str, Job]]:
    return [
        (f"{name} {seed_offset + 1}/{count}", Job(notebook, seed_offset=seed_offset, files=files))
        for seed_offset in range(count)
    ]
