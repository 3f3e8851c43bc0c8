"""The result of one submission as plain data: points, reasons, and where they come from.

The result cache stores it; pages and tables show it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from d2l.grader.compare.match_sections import Section
from d2l.grader.compare.report import CheckReport, Finding, SectionReport, Verdict
from d2l.grader.grading.rubric import Rubric
from d2l.grader.sandbox.job import CellOutcome, RunStatus

# "refused": there was no notebook to run. "not graded": an internal error of the grader.
ResultStatus = RunStatus | Literal["refused", "not graded"]
CheckStatus = Literal["passed", "partly", "failed", "broken"]
# "to grade": an answer has no points yet, "graded": the instructor has given some.
SectionVerdict = Verdict | Literal["to grade", "graded"]

_MOST_CHARACTERS = 1_000
_MOST_FINDINGS = 200  # per section, and of stored outputs


@dataclass(frozen=True)
class SectionResult:
    """The points of one section of the rubric, by comparison with the reference or by hand."""

    heading: str
    points: float
    out_of: float
    matched: int  # findings that match
    expected: int  # findings in all
    verdict: SectionVerdict
    comment: str = ""  # the instructor's


@dataclass(frozen=True)
class CheckResult:
    """The points of one hidden check; "broken" is an error in the check, not in the submission."""

    name: str
    section: str  # the heading it belongs to; empty for none
    points: float
    out_of: float
    status: CheckStatus
    message: str  # why points are missing; empty for full points
    comment: str = ""  # the instructor's


@dataclass(frozen=True)
class Answer:
    """Free text under the heading of a manual section, as Markdown."""

    heading: str
    text: str


@dataclass(frozen=True)
class StudentResult:
    """Everything stored about a graded submission, except its notebook."""

    student: str  # the name shown; untrusted, as every text here
    key: str  # the stem of the student's files, safe and unique in the class
    status: ResultStatus
    reason: str  # one readable line; empty when status is "ok"
    sections: tuple[SectionResult, ...]
    checks: tuple[CheckResult, ...]
    total: float
    out_of: float
    report: CheckReport | None = None  # None if nothing was run
    cells: tuple[CellOutcome, ...] = ()  # of the worst run
    submitted: str = ""  # the file that was graded, as the student named it
    content: str = ""  # the hash of that file
    seconds: float = 0.0  # of all runs together
    peak_memory: int = 0  # bytes
    same_as: tuple[str, ...] = ()  # students with an identical file; not shown on their pages
    answers: tuple[Answer, ...] = ()  # to manual sections
    comment: str = ""  # the instructor's, on the whole submission
    id: str = ""  # this and the following as in `Submission`
    submitted_at: str = ""
    attempt: int = 0
    alias: str = ""

    @property
    def shown(self) -> str:
        """The name shown on pages: the alias if there is one."""
        return self.alias or self.student

    @property
    def broken(self) -> tuple[CheckResult, ...]:
        """The checks that are broken on this submission."""
        return tuple(check for check in self.checks if check.status == "broken")

    @property
    def waiting(self) -> tuple[str, ...]:
        """The headings of answers without points."""
        return tuple(one.heading for one in self.sections if one.verdict == "to grade")


def with_answers(result: StudentResult, answers: tuple[Answer, ...]) -> StudentResult:
    """Return the result with the answers to manual sections, marked as "to grade"."""
    headings = {answer.heading for answer in answers}
    sections = (
        replace(one, verdict="to grade") if one.heading in headings else one
        for one in result.sections
    )
    return replace(result, sections=tuple(sections), answers=answers)


def bounded(result: StudentResult) -> StudentResult:
    """Return the result with long texts and lists of findings truncated; no points change."""
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


def rubric_headings_of(rubric: Rubric, sections: Iterable[Section]) -> tuple[str, ...]:
    """Return the rubric heading of each section with code, "" for a section without one.

    A section that the rubric does not list is scored with its closest listed parent.
    """
    return tuple(rubric_heading_of(rubric, section) for section in sections if section.cells)


def rubric_heading_of(rubric: Rubric, section: Section) -> str:
    """Return the rubric heading that a section is scored with, "" if there is none."""
    listed = {rule.heading for rule in rubric.sections}
    above = (section.heading, *reversed(section.parents))
    return next((heading for heading in above if heading in listed), "")


def by_heading(rubric_headings: Sequence[str], report: CheckReport) -> dict[str, SectionReport]:
    """Return the findings under each heading of the rubric."""
    findings: dict[str, list[Finding]] = {}
    if not report.problem:
        for heading, section in zip(rubric_headings, report.sections, strict=True):
            findings.setdefault(heading, []).extend(section.findings)
    return {heading: SectionReport(heading, tuple(found)) for heading, found in findings.items()}


def section_results(
    rubric: Rubric, expected: Mapping[str, int], found: Mapping[str, SectionReport]
) -> tuple[SectionResult, ...]:
    """Return the points of each section, in proportion to the findings that match.

    `expected` is the number of findings when the reference is compared with itself. A section
    without findings gets no points.
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
    """Return the sections and checks of a submission without a result; `message` is the reason."""
    checks = tuple(
        CheckResult(rule.name, rule.section, 0.0, rule.points, "failed", message)
        for rule in rubric.checks
    )
    return section_results(rubric, expected, {}), checks


def total(sections: Iterable[SectionResult], checks: Iterable[CheckResult]) -> float:
    """Return the sum of all points, rounded to two digits."""
    by_comparison = sum(section.points for section in sections)
    return round(by_comparison + sum(check.points for check in checks), 2)
