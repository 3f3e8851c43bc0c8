"""A class: who handed in what, of several attempts the one that counts, under which names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from d2l.files.file_names import distinct, safe_name
from d2l.files.people_table import Match
from d2l.files.platform_export import ExportEntry, read_export
from d2l.grader.grading.submissions import ARCHIVES, Submission, SubmissionError, has_notebook
from d2l.notebook.source import SUFFIXES


@dataclass(frozen=True)
class StudentClass:
    """What was handed in, and what is known of it as a whole."""

    platform: str
    submissions: list[Submission]
    left_out: tuple[str, ...]  # entries that are nobody's

    def describe(self) -> str:
        """Say in one line what was found."""
        with_one = sum(map(has_notebook, self.submissions))
        without = len(self.submissions) - with_one
        parts = [self.platform, _count(len(self.submissions), "student")]
        parts += [_count(with_one, "notebook"), f"{without} without one" if without else ""]
        texts = _count(len(self.left_out), "other file")
        return ", ".join(filter(None, parts)) + (f" ({texts} left out)" if self.left_out else "")


def collect(folder: Path) -> list[Submission]:
    """Return the submissions in `folder`, by name; the latest attempt of each student."""
    return read_class(folder).submissions


def read_class(folder: Path, *, attempt: int | None = None, assignment: str = "") -> StudentClass:
    """Return the class in `folder`, in the layout of the platform that most entries follow.

    `attempt` is the one that counts, or the one before it that there is; by default the last.
    `assignment` tells several of nbgrader's apart. Raises `SubmissionError` if nothing is there.
    """
    if not folder.is_dir():
        raise SubmissionError(f"{folder} is no folder: name the one that holds the submissions")
    export = read_export(folder, (*SUFFIXES, *ARCHIVES), assignment)
    students: dict[str, list[ExportEntry]] = {}
    for entry in export.entries:
        students.setdefault(entry.id or entry.login or f"name {entry.path}", []).append(entry)
    if not students:
        raise SubmissionError(
            f"{folder} holds no submissions: put notebooks ({', '.join(SUFFIXES)}), folders of "
            "students or .zip files there"
        )
    submissions = named_apart(_submission(own, attempt) for own in students.values())
    return StudentClass(export.platform, submissions, export.left_out)


def named_apart(submissions: Iterable[Submission]) -> list[Submission]:
    """Return the submissions by name, each with a name and a key of its own."""
    in_order = sorted(submissions, key=lambda one: (one.student, one.id))
    names = [one.student for one in in_order]
    students = distinct(
        f"{one.student} ({one.id})" if one.id and names.count(one.student) > 1 else one.student
        for one in in_order
    )
    wanted = (safe_name(one.alias or name) for one, name in zip(in_order, students, strict=True))
    keys = distinct(wanted, "{name}-{number}")
    triples = zip(in_order, students, keys, strict=True)
    return [replace(one, student=student, key=key) for one, student, key in triples]


def with_roster(submissions: Sequence[Submission], match: Match[Submission]) -> list[Submission]:
    """Return the submissions with the names and ids that the rows of a roster give them."""
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
    """One student's submission: of several attempts the one that counts."""
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
