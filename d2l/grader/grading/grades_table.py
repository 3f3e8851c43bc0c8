"""The table of grades, and reading a class from the export of a course platform."""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median
from typing import Any

from d2l.files.csv_cells import harmless
from d2l.files.folder_files import distinct, safe_name
from d2l.files.people_table import Match
from d2l.files.platform_export import ExportEntry, read_export
from d2l.grader.grading.result import CheckResult, SectionResult, StudentResult
from d2l.grader.grading.rubric import Rubric
from d2l.grader.grading.submissions import ARCHIVES, Submission, SubmissionError, has_notebook
from d2l.notebook.source import SUFFIXES

_LAST_COLUMNS = ("out of", "status", "note", "id", "submitted", "attempt", "page")


def note_copies(results: Sequence[StudentResult]) -> list[StudentResult]:
    """Return the results, each with the students who submitted an identical file."""
    alike = defaultdict(list)
    for result in results:
        if result.content:
            alike[result.content].append(result.shown)
    return [
        replace(one, same_as=tuple(name for name in alike[one.content] if name != one.shown))
        for one in results
    ]


def grades_csv(rubric: Rubric, results: Sequence[StudentResult]) -> bytes:
    """Return the table as CSV in UTF-8 with the byte order mark that spreadsheets need."""
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
    """Return statistics of the class and the grade of each student, in plain types."""
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
    """Return one line with what an instructor should know besides the points."""
    stale = len(result.report.stale) if result.report else 0
    parts = [
        result.reason,
        f"{stale} stored output{'s' * (stale > 1)} that the code does not produce" if stale else "",
        *(f"{heading} must be graded by hand" for heading in result.waiting),
        *(f"the check {check.name!r} is broken" for check in result.broken),
        f"same file as {', '.join(result.same_as)}" if result.same_as else "",
    ]
    return "; ".join(part for part in parts if part)


@dataclass(frozen=True)
class StudentClass:
    """The submissions of a class, and the platform they were exported from."""

    platform: str
    submissions: list[Submission]
    left_out: tuple[str, ...]  # entries that belong to no student

    def describe(self) -> str:
        """Return one line that describes what was found."""
        num_notebooks = sum(map(has_notebook, self.submissions))
        num_without = len(self.submissions) - num_notebooks
        parts = [self.platform, _count(len(self.submissions), "student")]
        parts += [_count(num_notebooks, "notebook")]
        parts += [f"{num_without} without one" if num_without else ""]
        ignored = _count(len(self.left_out), "other file")
        ending = f" ({ignored} ignored)" if self.left_out else ""
        return ", ".join(filter(None, parts)) + ending


def collect(folder: Path) -> list[Submission]:
    """Return the submissions in `folder`, sorted by name; the latest attempt of each student."""
    return read_class(folder).submissions


def read_class(folder: Path, *, attempt: int | None = None, assignment: str = "") -> StudentClass:
    """Return the class in `folder`, in the layout of the platform that most entries follow.

    `attempt` is the number of the attempt to grade; a student with fewer attempts is graded by the
    last one, which is also the default. `assignment` selects one of several nbgrader assignments.
    Raises `SubmissionError` if there are no submissions.
    """
    if not folder.is_dir():
        raise SubmissionError(f"{folder} is not a folder. Name the folder with the submissions.")
    export = read_export(folder, (*SUFFIXES, *ARCHIVES), assignment)
    students: dict[str, list[ExportEntry]] = {}
    for entry in export.entries:
        students.setdefault(entry.id or entry.login or f"name {entry.path}", []).append(entry)
    if not students:
        raise SubmissionError(
            f"{folder} contains no submissions. Expected notebooks ({', '.join(SUFFIXES)}), "
            "folders of students or .zip files."
        )
    submissions = named_apart(_submission(own, attempt) for own in students.values())
    return StudentClass(export.platform, submissions, export.left_out)


def named_apart(submissions: Iterable[Submission]) -> list[Submission]:
    """Return the submissions sorted by name, each with a unique name and key."""
    in_order = sorted(submissions, key=lambda one: (one.student, one.id))
    names = [one.student for one in in_order]
    students = distinct(
        f"{one.student} ({one.id})" if one.id and names.count(one.student) > 1 else one.student
        for one in in_order
    )
    stems = (safe_name(one.alias or name) for one, name in zip(in_order, students, strict=True))
    keys = distinct(stems, "{name}-{number}")
    triples = zip(in_order, students, keys, strict=True)
    return [replace(one, student=student, key=key) for one, student, key in triples]


def with_roster(submissions: Sequence[Submission], match: Match[Submission]) -> list[Submission]:
    """Return the submissions with the names and ids of their rows in a roster."""
    return named_apart(
        replace(
            one,
            student=match.people[one.key].name or one.student,
            id=one.id or match.people[one.key].id,
            login=one.login or match.people[one.key].login,
        )
        if one.key in match.people
        else one
        for one in submissions
    )


def _submission(own: list[ExportEntry], attempt: int | None) -> Submission:
    """Return one student's submission: of several attempts the one to grade."""
    times = sorted({entry.time for entry in own if entry.time})
    number = min(attempt or len(times), len(times))
    time = times[number - 1] if times else ""
    counted = [entry for entry in own if entry.time == time and not entry.is_text]
    first = (counted or own)[0]
    parts = tuple((_safe(one.rest) if one.path.is_file() else "", one.path) for one in counted)
    is_moodle = first.id and "_assignsubmission_" in first.path.name
    return Submission(
        first.name or first.path.name,
        key="",
        path=first.path,
        parts=parts if len(parts) > 1 or any(one.rest for one in counted) else (),
        id=first.id,
        login=first.login,
        submitted_at=time,
        attempt=max(number, *(entry.attempts for entry in own)),
        returned_as=f"{first.name}_{first.id}_assignsubmission_file_" if is_moodle else "",
    )


def _safe(rest: str) -> str:
    return rest.lstrip(". ") or "file"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
