"""A whole class: everything is held against each other first, then all that is left is graded.

Leaves in the folder of the grading `grades.csv`, `summary.json`, the page of the class, and one
page and notebook for each student.
"""

import json
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from d2l.grader.grading.class_page import summary_page
from d2l.grader.grading.grade_submission import (
    PAGES,
    GradingContext,
    grade,
    without_result,
    write_page,
)
from d2l.grader.grading.grades_table import grades_csv, note_copies, summary
from d2l.grader.grading.hidden_checks import HiddenChecks
from d2l.grader.grading.load_submission import content_hash
from d2l.grader.grading.reference import (
    Reference,
    ReferenceRunner,
    Run,
    keep_reference,
    kept_reference,
    read_reference,
)
from d2l.grader.grading.result import StudentResult
from d2l.grader.grading.result_cache import ResultCache, fingerprint_of_inputs
from d2l.grader.grading.rubric import Rubric
from d2l.grader.grading.submissions import Submission, SubmissionError
from d2l.grader.grading.validate_checks import make_hidden_checks
from d2l.grader.grading.worker_pool import Done, run_tasks
from d2l.grader.sandbox.isolation import SandboxConfig
from d2l.files.atomic_write import replace_file

# Graded again by `--resume`: it was not the submission that failed.
_NOT_KEPT = ("start", "not graded")


class ProgressListener:
    """Is told how a grading goes on; shows nothing by itself."""

    def reference(self, runs: int) -> None:
        """Called when so many runs of the reference are to come."""

    def reference_run(self) -> None:
        """Called after each of them."""

    def begin(self, submissions: int, finished: int) -> None:
        """Called before the first submission; `finished` are taken over from the journal."""

    def start(self, submission: Submission) -> None:
        """Called when a submission's turn has come."""

    def done(self, submission: Submission, result: StudentResult) -> None:
        """Called when it is graded."""


@dataclass(frozen=True)
class GradingConfig:
    """What is to be graded, and how."""

    rubric: Rubric
    submissions: Sequence[Submission]
    sandbox: SandboxConfig
    run: Run
    out: Path
    jobs: int


def grade_class(
    plan: GradingConfig, watcher: ProgressListener, *, resume: bool
) -> list[StudentResult]:
    """Return the results of all submissions, in their order, everything written to `plan.out`.

    Raises `RubricError` or `OutputFolderError` before the first submission is run; at an interrupt
    everything finished is kept.
    """
    judge = make_hidden_checks(plan.rubric)
    read_reference(plan.rubric)
    journal = ResultCache(plan.out, fingerprint_of_inputs(plan.rubric, plan.sandbox))
    journal.check_output_folder(resume=resume)
    with journal.exclusive_lock():
        reference = _reference(plan, judge, watcher, journal.stamp)
        course = GradingContext(plan.rubric, reference, judge, plan.sandbox, plan.run, plan.out)
        results = _Grading(plan, course, journal, watcher).finish()
        _write_class(plan, results)
    return results


def _reference(
    plan: GradingConfig, judge: HiddenChecks, watcher: ProgressListener, stamp: Mapping[str, str]
) -> Reference:
    kept = kept_reference(plan.rubric, plan.out, stamp)
    if kept is not None:
        return kept
    watcher.reference(len(plan.rubric.seeds))
    runner = ReferenceRunner(plan.rubric, judge, plan.sandbox, plan.run, plan.jobs)
    reference = runner.run(watcher.reference_run)
    keep_reference(reference, plan.out, stamp)
    return reference


class _Grading:
    """The results as they come, by the key of their submission."""

    def __init__(
        self,
        plan: GradingConfig,
        course: GradingContext,
        journal: ResultCache,
        watcher: ProgressListener,
    ) -> None:
        self.plan, self.course, self.journal, self.watcher = plan, course, journal, watcher
        self.hashes = {one.key: _hash(one) for one in plan.submissions}
        self.results: dict[str, StudentResult] = {}

    def finish(self) -> list[StudentResult]:
        for submission in self.plan.submissions:
            kept = self.journal.find(submission.key, self.hashes[submission.key])
            if kept is not None and (self.plan.out / PAGES / f"{kept.key}.html").is_file():
                self.results[kept.key] = kept
        left = [one for one in self.plan.submissions if one.key not in self.results]
        self.watcher.begin(len(self.plan.submissions), len(self.results))
        run_tasks(
            left,
            self._grade,
            self.plan.jobs,
            self.watcher.start,
            self._done,
            self.plan.sandbox.stop.cancel,
        )
        return [self.results[one.key] for one in self.plan.submissions]

    def _grade(self, submission: Submission) -> StudentResult:
        result = grade(self.course, submission)
        if result.status not in _NOT_KEPT:
            self.journal.keep(result, self.hashes[submission.key])
        return result

    def _done(self, done: Done[Submission, StudentResult]) -> None:
        result = done.result
        if result is None:
            result = without_result(self.course, done.task, "not graded", _told(done.error))
            write_page(self.course, result, None)
        self.results[result.key] = result
        self.watcher.done(done.task, result)


def _told(error: Exception | None) -> str:
    lines = traceback.format_exception(error, limit=-1)
    return f"the grader itself failed: {' '.join(' '.join(lines).split())}"


def _hash(submission: Submission) -> str:
    with suppress(SubmissionError, OSError):  # what cannot be read is refused when its turn comes
        return content_hash(submission.path)
    return ""


def _write_class(plan: GradingConfig, results: Sequence[StudentResult]) -> None:
    noted = note_copies(results)
    page = summary_page(plan.rubric, noted, PAGES.name)
    numbers = json.dumps(summary(plan.rubric, noted), indent=1, ensure_ascii=False)
    replace_file(plan.out / "grades.csv", grades_csv(plan.rubric, noted))
    replace_file(plan.out / "summary.json", numbers.encode(errors="replace"))
    replace_file(plan.out / "index.html", page.encode(errors="replace"))
