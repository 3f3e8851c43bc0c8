"""Grade one submission: load it, run it in sandboxes, compare, check, and write its page.

Every failure of a submission becomes a result; only errors of the grader itself are raised.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from d2l.files.atomic_write import replace_file
from d2l.grader.compare.compare import compare, needs_another_run
from d2l.grader.grading.hidden_checks import HiddenChecks
from d2l.grader.grading.manual import answers_of
from d2l.grader.grading.reference import Reference, Run
from d2l.grader.grading.result import (
    ResultStatus,
    StudentResult,
    bounded,
    by_heading,
    no_points,
    section_results,
    total,
    with_answers,
)
from d2l.grader.grading.rubric import Rubric
from d2l.grader.grading.student_page import student_page
from d2l.grader.grading.submissions import (
    LoadedSubmission,
    Submission,
    SubmissionError,
    load_submission,
)
from d2l.grader.sandbox.isolation import SandboxConfig
from d2l.grader.sandbox.job import Job, Outcome, RunStatus
from d2l.notebook.render.cell_images import attach_pictures

PAGES = Path("students")
# The status of a submission is the first of these among its runs; "ok" ranks last.
_BY_SEVERITY: tuple[RunStatus, ...] = (
    "broken", "start", "died", "memory", "processes", "disk", "output", "timeout", "error",
)  # fmt: skip
_NO_RESULT = ("broken", "start")  # the outputs of such a run are not trusted


class StoppedError(Exception):
    """The grading was interrupted: how the run ended does not depend on its submission."""


@dataclass(frozen=True)
class GradingContext:
    """What the grading of all submissions shares; `present` returns a result as it is shown."""

    rubric: Rubric
    reference: Reference
    checks: HiddenChecks
    sandbox: SandboxConfig
    run: Run
    out: Path
    present: Callable[[Submission, StudentResult], StudentResult]


def grade(course: GradingContext, submission: Submission) -> StudentResult:
    """Grade one submission, write its page and notebook to `course.out`, and return the result."""
    try:
        rubric = course.rubric
        named_like = Path(rubric.notebook) if rubric.notebook else rubric.reference
        with load_submission(submission, named_like, rubric.files) as found:
            result, notebook = _graded(course, submission, found)
    except SubmissionError as error:
        result, notebook = without_result(course, submission, "refused", str(error)), None
    write_page(course, course.present(submission, result), notebook)
    return result


def without_result(
    course: GradingContext, submission: Submission, status: ResultStatus, reason: str
) -> StudentResult:
    """Return the result of a submission that was not run: no points, and the reason."""
    sections, checks = no_points(course.rubric, course.reference.expected, reason)
    return StudentResult(
        submission.student, submission.key, status, reason, sections, checks, 0.0,
        course.rubric.out_of, submitted=submission.path.name,
    )  # fmt: skip


def write_page(
    course: GradingContext, result: StudentResult, notebook: NotebookNode | None
) -> None:
    """Write a student's page and, if it was run, the executed notebook."""
    place = course.out / PAGES
    page = student_page(result, notebook, course.rubric.title)
    replace_file(place / f"{result.key}.html", page.encode(errors="replace"))
    executed = place / f"{result.key}.ipynb"
    if notebook is None:
        executed.unlink(missing_ok=True)  # left by an earlier submission
    else:
        replace_file(executed, nbformat.writes(notebook).encode(errors="replace"))


def _graded(
    course: GradingContext, submission: Submission, found: LoadedSubmission
) -> tuple[StudentResult, NotebookNode]:
    rubric, reference = course.rubric, course.reference
    outcomes = [_run(course, found, seed_offset) for seed_offset in rubric.runs]
    report = compare(reference.outcomes, outcomes, found.notebook, rubric.compare_rules)
    if rubric.auto_runs and needs_another_run(report):
        outcomes.append(_run(course, found, rubric.another_run))
        report = compare(reference.outcomes, outcomes, found.notebook, rubric.compare_rules)
    worst = min(outcomes, key=_rank)
    if worst.status in _NO_RESULT or (rubric.all_or_nothing and worst.status != "ok"):
        sections, checks = no_points(rubric, reference.expected, worst.reason)
    else:
        in_sections = by_heading(reference.rubric_headings, report)
        sections = section_results(rubric, reference.expected, in_sections)
        checks = course.checks.judge(outcomes)
    result = StudentResult(
        student=submission.student,
        key=submission.key,
        status=worst.status,
        reason=worst.reason,
        sections=sections,
        checks=checks,
        total=total(sections, checks),
        out_of=rubric.out_of,
        report=report,
        cells=worst.cells,
        submitted=found.name,
        content=found.content,
        seconds=sum(outcome.seconds for outcome in outcomes),
        peak_memory=max(outcome.peak_memory for outcome in outcomes),
    )
    if found.files is not None:
        attach_pictures(worst.notebook, found.files)
    answers = answers_of(rubric, reference.outcomes[0].notebook, found.notebook)
    return bounded(with_answers(result, answers)), worst.notebook


def _run(course: GradingContext, found: LoadedSubmission, seed_offset: int) -> Outcome:
    job = Job(
        found.notebook,
        seed_offset,
        fetches=course.checks.fetches,
        inputs=course.checks.visible_inputs(seed_offset),
        files=found.files,
        trusts_tags=False,
    )
    outcome = course.run(job, course.sandbox)
    if outcome.status == "start":  # nothing of the notebook was run yet: retry once
        outcome = course.run(job, course.sandbox)
    if course.sandbox.cancellation.is_cancelled:
        raise StoppedError
    return outcome


def _rank(outcome: Outcome) -> int:
    return _BY_SEVERITY.index(outcome.status) if outcome.status != "ok" else len(_BY_SEVERITY)
