"""A whole class: rubric, checks and reference are validated first, then what is left is graded.

Leaves in the folder of the grading `grades.csv`, `summary.json`, the page of the class, what is to
be graded by hand, and one page and notebook for each student.
"""

import hashlib
import json
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import nbformat

from d2l.files.atomic_write import replace_file
from d2l.grader.grading.class_page import summary_page
from d2l.grader.grading.grade_submission import (
    PAGES,
    GradingContext,
    grade,
    without_result,
    write_page,
)
from d2l.grader.grading.grades_table import grades_csv, note_copies, summary
from d2l.grader.grading.hidden_checks import HiddenChecks, make_hidden_checks
from d2l.grader.grading.manual import (
    Overrides,
    answers_of,
    to_grade_csv,
    to_grade_page,
    with_overrides,
)
from d2l.grader.grading.reference import (
    Reference,
    ReferenceRunner,
    Run,
    keep_reference,
    kept_reference,
    read_reference,
)
from d2l.grader.grading.result import StudentResult
from d2l.grader.grading.result_cache import (
    CachedResult,
    OutputFolderError,
    ResultCache,
    fingerprint_of_inputs,
)
from d2l.grader.grading.rubric import Rubric
from d2l.grader.grading.submissions import Submission, SubmissionError, content_hash
from d2l.grader.grading.worker_pool import Done, run_tasks
from d2l.grader.sandbox.isolation import SandboxConfig

# Graded again by `--resume`: it was not the submission that failed.
NOT_KEPT = ("start", "not graded")


class ProgressListener:
    """Is called as a grading proceeds; shows nothing by itself."""

    def reference(self, runs: int) -> None:
        """Called when so many runs of the reference are to come."""

    def reference_run(self) -> None:
        """Called after each of them."""

    def begin(self, submissions: int, finished: int) -> None:
        """Called before the first submission; `finished` are taken over from the cache."""

    def start(self, submission: Submission) -> None:
        """Called when a submission's turn has come."""

    def done(self, submission: Submission, result: StudentResult) -> None:
        """Called when it is graded."""

    def changed(self, results: Sequence[tuple[StudentResult, float]]) -> None:
        """Called before tables are written: whose total is another than it was, and what it was."""


@dataclass(frozen=True)
class GradingConfig:
    """What is to be graded, and how."""

    rubric: Rubric
    submissions: Sequence[Submission]
    sandbox: SandboxConfig
    run: Run
    out: Path
    jobs: int
    overrides: Overrides = field(default_factory=dict)

    def present(self, submission: Submission, result: StudentResult) -> StudentResult:
        """Return a result as it is shown: with what the platform and the instructor say."""
        shown = with_overrides(result, self.overrides.get(submission.key, ()))
        reason = result.reason
        if submission.alias:  # a file's name is often its student's
            reason = reason.replace(submission.path.name, "the notebook")
        checks = tuple(
            replace(check, message=reason) if check.message == result.reason else check
            for check in shown.checks
        )
        return replace(
            shown,
            student=submission.student,
            reason=reason,
            checks=checks,
            id=submission.id or submission.login,
            submitted_at=submission.submitted_at,
            attempt=submission.attempt,
            alias=submission.alias,
        )


def grade_class(
    config: GradingConfig, listener: ProgressListener, *, resume: bool
) -> list[StudentResult]:
    """Return the results of all submissions, in their order, everything written to `config.out`.

    Raises `RubricError` or `OutputFolderError` before the first submission is run; at an interrupt
    everything finished is kept.
    """
    checks = make_hidden_checks(config.rubric)
    read_reference(config.rubric)
    cache = ResultCache(config.out, fingerprint_of_inputs(config.rubric, config.sandbox))
    cache.check_output_folder(resume=resume)
    _require_no_names(config)
    with cache.exclusive_lock():
        reference = _reference(config, checks, listener, cache.stamp)
        course = GradingContext(
            config.rubric, reference, checks, config.sandbox, config.run, config.out, config.present
        )
        before = _totals(config.out)
        results = _Grading(config, course, cache, listener).finish()
        changed = [one for one in results if before.get(one.key, one.total) != one.total]
        listener.changed([(one, before[one.key]) for one in changed])
        _write_class(course, note_copies(results))
    return results


def _require_no_names(config: GradingConfig) -> None:
    """Raise `OutputFolderError` where an anonymous grading would lie among pages with names."""
    keys = {one.key for one in config.submissions}
    others = [page for page in (config.out / PAGES).glob("*.html") if page.stem not in keys]
    if others and any(one.alias for one in config.submissions):
        raise OutputFolderError(
            f"{config.out} holds a page for {others[0].stem}, which names a student: begin the "
            "anonymous grading in a new folder by --out"
        )


def _reference(
    config: GradingConfig,
    checks: HiddenChecks,
    listener: ProgressListener,
    stamp: Mapping[str, str],
) -> Reference:
    kept = kept_reference(config.rubric, config.out, stamp)
    if kept is not None:
        return kept
    listener.reference(len(config.rubric.seeds))
    runner = ReferenceRunner(config.rubric, checks, config.sandbox, config.run, config.jobs)
    reference = runner.run(listener.reference_run)
    keep_reference(reference, config.out, stamp)
    return reference


class _Grading:
    """The results as they come, by the key of their submission, as they are shown."""

    def __init__(
        self,
        config: GradingConfig,
        course: GradingContext,
        cache: ResultCache,
        listener: ProgressListener,
    ) -> None:
        self.config, self.course, self.cache, self.listener = config, course, cache, listener
        self.hashes = {one.key: _hash(one) for one in config.submissions}
        self.results: dict[str, StudentResult] = {}

    def finish(self) -> list[StudentResult]:
        submissions = self.config.submissions
        for submission in submissions:
            kept = self.cache.find(submission.key, self.hashes[submission.key])
            if kept and (self.config.out / PAGES / f"{submission.key}.html").is_file():
                self.results[submission.key] = self._presented(submission, kept)
        self.listener.begin(len(submissions), len(self.results))
        run_tasks(
            [one for one in submissions if one.key not in self.results],
            self._grade,
            self.config.jobs,
            self.listener.start,
            self._done,
            self.config.sandbox.cancellation.cancel,
        )
        return [self.results[one.key] for one in submissions]

    def _presented(self, submission: Submission, kept: CachedResult) -> StudentResult:
        """A finished result as it is shown now; its page is written again if it showed another."""
        result = self.config.present(submission, kept.result)
        if kept.page != _digest(result):
            executed = self.config.out / PAGES / f"{result.key}.ipynb"
            notebook = nbformat.read(executed, as_version=4) if executed.is_file() else None
            write_page(self.course, result, notebook)
            self.cache.keep(kept.result, self.hashes[result.key], _digest(result))
        return result

    def _grade(self, submission: Submission) -> StudentResult:
        result = grade(self.course, submission)
        shown = self.config.present(submission, result)
        if result.status not in NOT_KEPT:
            self.cache.keep(result, self.hashes[submission.key], _digest(shown))
        return shown

    def _done(self, done: Done[Submission, StudentResult]) -> None:
        result = done.result
        if result is None:
            failed = without_result(self.course, done.task, "not graded", _error_text(done.error))
            result = self.config.present(done.task, failed)
            write_page(self.course, result, None)
        self.results[result.key] = result
        self.listener.done(done.task, result)


def _digest(result: StudentResult) -> str:
    return hashlib.sha256(json.dumps(asdict(result)).encode()).hexdigest()


def _error_text(error: Exception | None) -> str:
    lines = traceback.format_exception(error, limit=-1)
    return f"the grader itself failed: {' '.join(' '.join(lines).split())}"


def _hash(submission: Submission) -> str:
    with suppress(SubmissionError, OSError):  # what cannot be read is refused when its turn comes
        return content_hash(submission)
    return ""


def _totals(out: Path) -> dict[str, float]:
    """The totals of the last grading in this folder, by the key of the submission."""
    try:
        grades = json.loads((out / "summary.json").read_bytes())["grades"]
        return {grade["key"]: grade["total"] for grade in grades}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def _write_class(course: GradingContext, results: Sequence[StudentResult]) -> None:
    rubric = course.rubric
    page = summary_page(rubric, results, PAGES.name)
    numbers = json.dumps(summary(rubric, results), indent=1, ensure_ascii=False)
    replace_file(course.out / "grades.csv", grades_csv(rubric, results))
    replace_file(course.out / "summary.json", numbers.encode(errors="replace"))
    replace_file(course.out / "index.html", page.encode(errors="replace"))
    if any(rule.manual for rule in rubric.sections):
        notebook = course.reference.outcomes[0].notebook
        expected = answers_of(rubric, notebook, notebook)
        page = to_grade_page(rubric, expected, results, PAGES.name)
        replace_file(course.out / "to_grade.html", page.encode(errors="replace"))
        replace_file(course.out / "to_grade.csv", to_grade_csv(results))
