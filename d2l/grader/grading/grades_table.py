"""The class as a table for spreadsheets, and its summary as JSON.

Every text is made harmless: what a spreadsheet would take for a formula is quoted.
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from statistics import mean, median
from typing import Any

from d2l.files.csv_cells import harmless
from d2l.grader.grading.result import CheckResult, SectionResult, StudentResult
from d2l.grader.grading.rubric import Rubric

_LAST_COLUMNS = ("out of", "status", "note", "id", "submitted", "attempt", "page")


def note_copies(results: Sequence[StudentResult]) -> list[StudentResult]:
    """Return the results, each with the students who handed in the very same file."""
    alike = defaultdict(list)
    for result in results:
        if result.content:
            alike[result.content].append(result.shown)
    return [
        replace(one, same_as=tuple(name for name in alike[one.content] if name != one.shown))
        for one in results
    ]


def grades_csv(rubric: Rubric, results: Sequence[StudentResult]) -> bytes:
    """Return the table: UTF-8 with the mark by which spreadsheets know it as such."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    sections = [harmless(f"section: {rule.heading}") for rule in rubric.sections]
    checks = [harmless(f"check: {rule.name}") for rule in rubric.checks]
    writer.writerow(["student", "total", *sections, *checks, *_LAST_COLUMNS])
    for result in results:
        parts = [one.points for one in result.sections] + [one.points for one in result.checks]
        last = [result.status, note(result), result.id, result.submitted_at]
        row = [harmless(result.student), result.total, *parts, result.out_of, *map(harmless, last)]
        writer.writerow([*row, result.attempt or "", harmless(result.key)])
    return text.getvalue().encode("utf-8-sig")


def summary(rubric: Rubric, results: Sequence[StudentResult]) -> dict[str, Any]:
    """Return what the class did as a whole, in plain types."""
    totals = [result.total for result in results]
    return {
        "title": rubric.title,
        "out_of": rubric.out_of,
        "students": len(results),
        "mean": round(mean(totals), 2),
        "median": round(median(totals), 2),
        "statuses": dict(sorted(Counter(result.status for result in results).items())),
        "sections": [
            {"heading": rule.heading, **_of_class(rule.points, [r.sections[i] for r in results])}
            for i, rule in enumerate(rubric.sections)
        ],
        "checks": [
            {
                "name": check.name,
                **_of_class(check.points, [r.checks[i] for r in results]),
                "broken": sum(result.checks[i].status == "broken" for result in results),
            }
            for i, check in enumerate(rubric.checks)
        ],
        "grades": [
            {
                "student": result.student,
                "key": result.key,
                "total": result.total,
                "status": result.status,
                "note": note(result),
                "seconds": round(result.seconds, 1),
                "peak_memory": result.peak_memory,
            }
            for result in results
        ],
    }


def _of_class(
    out_of: float, parts: Sequence[SectionResult] | Sequence[CheckResult]
) -> dict[str, float]:
    return {"out_of": out_of, "mean": round(mean(part.points for part in parts), 2)}


def note(result: StudentResult) -> str:
    """Return in one line what an instructor should know besides the points."""
    stale = len(result.report.stale) if result.report else 0
    parts = [
        result.reason,
        f"{stale} stored output{'s' * (stale > 1)} that the code does not produce" if stale else "",
        *(f"{heading} is to be graded by hand" for heading in result.waiting),
        *(f"the check {check.name!r} is broken" for check in result.broken),
        f"same file as {', '.join(result.same_as)}" if result.same_as else "",
    ]
    return "; ".join(part for part in parts if part)
