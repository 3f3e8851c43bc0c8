"""Keeps what is remembered of a submission small, however long it makes its texts and lists."""

from collections.abc import Sequence
from dataclasses import replace

from d2l.grader.compare.report import CheckReport, Finding
from d2l.grader.grading.result import StudentResult

MOST_CHARACTERS = 1_000
MOST_FINDINGS = 200  # of one section, and of stored outputs


def bounded(result: StudentResult) -> StudentResult:
    """Return the result with its texts cut and its findings counted off; no points change."""
    cells = (replace(cell, error=_short(cell.error)) for cell in result.cells)
    return replace(
        result,
        reason=_short(result.reason),
        report=None if result.report is None else _report(result.report),
        cells=tuple(cells),
    )


def _report(report: CheckReport) -> CheckReport:
    sections = (
        replace(section, findings=_findings(section.findings)) for section in report.sections
    )
    return CheckReport(tuple(sections), _findings(report.stale), _short(report.problem))


def _findings(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(
        replace(
            finding,
            what=_short(finding.what),
            message=_short(finding.message),
            hint=_short(finding.hint),
        )
        for finding in findings[:MOST_FINDINGS]
    )


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
