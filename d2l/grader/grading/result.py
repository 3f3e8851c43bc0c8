"""What became of one submission, as plain data: points, reasons, and where they come from.

Knows no rubric and no files: it is what the result cache keeps and what pages and tables show.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from d2l.grader.compare.match_sections import Section
from d2l.grader.compare.report import CheckReport, Finding, SectionReport, Verdict
from d2l.grader.grading.rubric import Rubric
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


def homes_of(rubric: Rubric, sections: Iterable[Section]) -> tuple[str, ...]:
    """Return the rubric's heading that each section with code counts for; "" where none does.

    A heading that the rubric does not name counts for the one it lies below.
    """
    return tuple(home_of(rubric, section) for section in sections if section.cells)


def home_of(rubric: Rubric, section: Section) -> str:
    """Return the rubric's heading that a section counts for; "" where none does."""
    named = {rule.heading for rule in rubric.sections}
    above = (section.heading, *reversed(section.parents))
    return next((heading for heading in above if heading in named), "")


def by_heading(homes: Sequence[str], report: CheckReport) -> dict[str, SectionReport]:
    """Return what was found under each heading of the rubric."""
    findings: dict[str, list[Finding]] = {}
    if not report.problem:
        for home, section in zip(homes, report.sections, strict=True):
            findings.setdefault(home, []).extend(section.findings)
    return {heading: SectionReport(heading, tuple(found)) for heading, found in findings.items()}


def section_results(
    rubric: Rubric, expected: Mapping[str, int], found: Mapping[str, SectionReport]
) -> tuple[SectionResult, ...]:
    """Return each section's points: its share of what was expected that matches.

    `expected` are the findings of the reference against itself; where nothing was found, nothing
    is given.
    """
    results = []
    for rule in rubric.sections:
        if rule.manual:
            results.append(SectionResult(rule.heading, 0.0, rule.points, 0, 0, "missing"))
            continue
        section = found.get(rule.heading, SectionReport(rule.heading, ()))
        out_of = max(len(section.findings), expected.get(rule.heading, 0))
        points = round(rule.points * section.matched / out_of, 2) if out_of else 0.0
        verdict = section.verdict if section.findings else "missing"
        results.append(
            SectionResult(rule.heading, points, rule.points, section.matched, out_of, verdict)
        )
    return tuple(results)


def no_points(
    rubric: Rubric, expected: Mapping[str, int], message: str
) -> tuple[tuple[SectionResult, ...], tuple[CheckResult, ...]]:
    """Return what a submission without a result gets, with the reason for each check."""
    checks = tuple(
        CheckResult(rule.name, rule.section, 0.0, rule.points, "failed", message)
        for rule in rubric.checks
    )
    return section_results(rubric, expected, {}), checks


def total(sections: Iterable[SectionResult], checks: Iterable[CheckResult]) -> float:
    """Return the sum of all points, to the cent."""
    by_comparison = sum(section.points for section in sections)
    return round(by_comparison + sum(check.points for check in checks), 2)
