"""Grade a whole class: validate rubric, checks and reference, then grade each submission.

Writes to the output folder `grades.csv`, `summary.json`, the page of the class, the answers to
grade by hand, and one page and notebook for each student.
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
    read_reference,
    store_reference,
    stored_reference,
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

# Not cached, so that `--resume` grades them again: the submission was not the cause.
NOT_CACHED = ("start", "not graded")


class ProgressListener:
    """Callbacks for the progress of a grading run; each does nothing by default."""

    def reference(self, runs: int) -> None:
        """Called before the reference is run `runs` times."""

    def reference_run(self) -> None:
        """Called after each run of the reference."""

    def begin(self, submissions: int, finished: int) -> None:
        """Called before the first submission; `finished` results come from the cache."""

    def start(self, submission: Submission) -> None:
        """Called when the grading of a submission starts."""

    def done(self, submission: Submission, result: StudentResult) -> None:
        """Called when a submission has been graded."""

    def changed(self, results: Sequence[tuple[StudentResult, float]]) -> None:
        """Called before the tables are written; each changed result comes with its old total."""


@dataclass(frozen=True)
class GradingConfig:
    """What to grade, and with which settings."""

    rubric: Rubric
    submissions: Sequence[Submission]
    sandbox: SandboxConfig
    run: Run
    out: Path
    jobs: int
    overrides: Overrides = field(default_factory=dict)

    def present(self, submission: Submission, result: StudentResult) -> StudentResult:
        """Return a result as shown: with the platform's metadata and the instructor's overrides."""
        shown = with_overrides(result, self.overrides.get(submission.key, ()))
        reason = result.reason
        if submission.alias:  # a file name often contains the student's name
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
    """Grade all submissions, write everything to `config.out`, and return the results in order.

    Raises `RubricError` or `OutputFolderError` before the first submission is run. After an
    interrupt the finished results remain in the cache.
    """
    checks = make_hidden_checks(config.rubric)
    read_reference(config.rubric)
    cache = ResultCache(config.out, fingerprint_of_inputs(config.rubric, config.sandbox))
    cache.check_output_folder(resume=resume)
    _check_no_named_pages(config)
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


def _check_no_named_pages(config: GradingConfig) -> None:
    """Raise `OutputFolderError` if anonymous pages would be mixed with pages that show names."""
    keys = {one.key for one in config.submissions}
    others = [page for page in (config.out / PAGES).glob("*.html") if page.stem not in keys]
    if others and any(one.alias for one in config.submissions):
        raise OutputFolderError(
            f"{config.out} contains a page for {others[0].stem}, which names a student. Write the "
            "anonymous grading to a new folder with --out."
        )


def _reference(
    config: GradingConfig,
    checks: HiddenChecks,
    listener: ProgressListener,
    stamp: Mapping[str, str],
) -> Reference:
    kept = stored_reference(config.rubric, config.out, stamp)
    if kept is not None:
        return kept
    listener.reference(len(config.rubric.seeds))
    runner = ReferenceRunner(config.rubric, checks, config.sandbox, config.run, config.jobs)
    reference = runner.run(listener.reference_run)
    store_reference(reference, config.out, stamp)
    return reference


class _Grading:
    """One grading run: collects the results, as shown, by the key of their submission."""

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
        """Return a cached result as shown now; rewrite its page if what it shows has changed."""
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
        if result.status not in NOT_CACHED:
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
    return f"internal error of the grader: {' '.join(' '.join(lines).split())}"


def _hash(submission: Submission) -> str:
    with suppress(SubmissionError, OSError):  # an unreadable submission is refused by grade()
        return content_hash(submission)
    return ""


def _totals(out: Path) -> dict[str, float]:
    """Return the totals of the previous grading in this folder, by the key of the submission."""
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
