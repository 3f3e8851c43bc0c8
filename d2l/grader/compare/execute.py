"""A whole comparison: both notebooks run several times, with other seeds, each run in a sandbox."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

from d2l.grader.compare.compare import compare, needs_more_runs
from d2l.grader.compare.report import CheckReport
from d2l.grader.compare.tolerance import FIRST_REFERENCE_RUNS, MOST_REFERENCE_RUNS
from d2l.grader.sandbox.isolation import SandboxConfig
from d2l.grader.sandbox.job import Job, Outcome
from d2l.grader.sandbox.run import run_in_sandbox


class RunCounts(NamedTuple):
    """How often each notebook runs."""

    reference: int = FIRST_REFERENCE_RUNS
    submission: int = 2
    most_reference: int = MOST_REFERENCE_RUNS  # where the reference shows few random values


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

    Copies of what is in the folder `files` lie next to each run. `on_end` gets the end of each run
    by its name, such as "reference 1/3", from another thread. At Ctrl-C all runs are ended.
    """
    run = _Runs(sandbox, num_workers, files, on_end)
    references = run("reference", reference, range(counts.reference))
    submissions = run("submission", submission, range(counts.submission))
    if 1 < counts.reference < counts.most_reference and needs_more_runs(references):
        more = range(counts.reference, counts.most_reference)
        references = [*references, *run("reference", reference, more)]
    return Comparison(compare(references, submissions, submission), references, submissions)


class _Runs(NamedTuple):
    """Runs of notebooks in sandboxes."""

    sandbox: SandboxConfig
    num_workers: int
    files: Path | None
    on_end: Callable[[str, Outcome], None]

    def __call__(self, name: str, notebook: NotebookNode, seeds: range) -> list[Outcome]:
        def run(seed_offset: int) -> Outcome:
            job = Job(notebook, seed_offset=seed_offset, files=self.files)
            outcome = run_in_sandbox(job, self.sandbox)
            self.on_end(f"{name} {seed_offset + 1}/{seeds.stop}", outcome)
            return outcome

        with ThreadPoolExecutor(self.num_workers) as pool:
            try:
                return list(pool.map(run, seeds))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self.sandbox.cancellation.cancel()
                raise
