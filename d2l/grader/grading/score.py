"""Points out of what comparisons and checks found.

Knows the rubric's rules, not how anything was found.
"""

from collections.abc import Iterable, Mapping, Sequence

from d2l.grader.compare.match_sections import Section
from d2l.grader.compare.report import CheckReport, Finding, SectionReport
from d2l.grader.grading.result import CheckResult, SectionResult
from d2l.grader.grading.rubric import Rubric


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
