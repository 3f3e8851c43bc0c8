"""What became of one submission, as plain data: points, reasons, and where they come from.

Knows no rubric and no files: it is what the result cache keeps and what pages and tables show.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from d2l.grader.compare.report import CheckReport, Finding, Verdict
from d2l.grader.sandbox.job import CellOutcome, RunStatus

# "refused": there was no notebook to run. "not graded": the grader itself failed, look into it.
ResultStatus = RunStatus | Literal["refused", "not graded"]
CheckStatus = Literal["passed", "partly", "failed", "broken"]
# "to grade": an answer waits for its points, "graded": the instructor has given some.
SectionVerdict = Verdict | Literal["to grade", "graded"]

_MOST_CHARACTERS = 1_000
_MOST_FINDINGS = 200  # of one section, and of stored outputs


@dataclass(frozen=True)
class SectionResult:
    """The points of one section of the rubric, by comparison with the reference or by hand."""

    heading: str
    points: float
    out_of: float
    matched: int  # findings that match, of
    expected: int  # findings in all
    verdict: SectionVerdict
    comment: str = ""  # the instructor's


@dataclass(frozen=True)
class CheckResult:
    """The points of one hidden check; "broken" is the instructor's to fix, not the student's."""

    name: str
    section: str  # the heading it belongs to; empty for none
    points: float
    out_of: float
    status: CheckStatus
    message: str  # why points are missing; empty when none are
    comment: str = ""  # the instructor's


@dataclass(frozen=True)
class Answer:
    """Free text under the heading of a manual section, as markdown."""

    heading: str
    text: str


@dataclass(frozen=True)
class StudentResult:
    """All that is kept of a submission once it is graded, its notebook aside."""

    student: str  # the name shown; hostile text, as every text here is
    key: str  # the name of the student's files, safe and unique in the class
    status: ResultStatus
    reason: str  # one readable line; empty when status is "ok"
    sections: tuple[SectionResult, ...]
    checks: tuple[CheckResult, ...]
    total: float
    out_of: float
    report: CheckReport | None = None  # None where nothing was run
    cells: tuple[CellOutcome, ...] = ()  # of the run that went worst
    submitted: str = ""  # the file that was graded, as the student named it
    content: str = ""  # the hash of that file
    seconds: float = 0.0  # of all runs together
    peak_memory: int = 0  # bytes
    same_as: tuple[str, ...] = ()  # students who handed in the very same file: not for their pages
    answers: tuple[Answer, ...] = ()  # to manual sections
    comment: str = ""  # the instructor's, of the whole
    id: str = ""  # what the platform says, as in `Submission`
    submitted_at: str = ""
    attempt: int = 0
    alias: str = ""

    @property
    def shown(self) -> str:
        """Who it is on pages: an alias in place of the name, if there is one."""
        return self.alias or self.student

    @property
    def broken(self) -> tuple[CheckResult, ...]:
        """The checks that did not work on this submission."""
        return tuple(check for check in self.checks if check.status == "broken")

    @property
    def waiting(self) -> tuple[str, ...]:
        """The headings of answers that have no points yet."""
        return tuple(one.heading for one in self.sections if one.verdict == "to grade")


def with_answers(result: StudentResult, answers: tuple[Answer, ...]) -> StudentResult:
    """Return the result with answers to manual sections, whose points wait for the instructor."""
    headings = {answer.heading for answer in answers}
    sections = (
        replace(one, verdict="to grade") if one.heading in headings else one
        for one in result.sections
    )
    return replace(result, sections=tuple(sections), answers=answers)


def bounded(result: StudentResult) -> StudentResult:
    """Return the result with its texts cut and its findings counted off; no points change."""
    report = result.report
    if report is not None:
        sections = (replace(one, findings=_findings(one.findings)) for one in report.sections)
        report = CheckReport(tuple(sections), _findings(report.stale), _short(report.problem))
    cells = tuple(replace(cell, error=_short(cell.error)) for cell in result.cells)
    return replace(result, reason=_short(result.reason), report=report, cells=cells)


def _findings(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(
        replace(one, what=_short(one.what), message=_short(one.message), hint=_short(one.hint))
        for one in findings[:_MOST_FINDINGS]
    )


def _short(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
