"""A class as a learning platform exports it: which files are whose, by the names of the entries.

`docs/platforms.md` has each layout with its source. What a submission holds is the business of
`submissions`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from d2l.files.archive import ArchiveError, UnpackLimits, unpack
from d2l.files.file_names import composed, distinct, safe_name
from d2l.files.people_table import Match
from d2l.files.plain_yaml import Yaml, YamlError, load_yaml
from d2l.grader.grading.submissions import ARCHIVES, Submission, SubmissionError, has_notebook
from d2l.notebook.source import SUFFIXES

_CLASS_LIMITS = UnpackLimits(16 * 2**30, 200_000, ratio=1_000, is_strict=True)
_NO_STUDENT = {"__macosx", "thumbs.db", "desktop.ini"}
# What platforms and people leave next to submissions: receipts, tables, pages of an index.
_TEXTS = (".txt", ".html", ".htm", ".csv", ".tsv", ".yml", ".yaml", ".log", ".xlsx")
_PLAIN_MOODLE = re.compile(r"_assignsubmission_(file|onlinetext)_?$")
_METADATA = "submission_metadata.yml"  # of Gradescope
_RECEIPT_BYTES = 4_096
_FORMATS = ("%Y-%m-%d-%H-%M-%S", "%b %d, %Y %I%M %p", "%d %B, %Y %H%M", "%Y-%m-%d %H:%M:%S.%f %Z")

# A platform's name and how it names entries; the first match from the left, as the platforms
# themselves read names back: what students chose comes last. `rest` is a file's own name.
_LAYOUTS = {
    "Moodle": re.compile(
        r"(?P<name>[^_]*)_(?P<id>\d+)_assignsubmission_"
        r"(?:(?P<text>onlinetext)|file)(?:_(?P<rest>.*))?"
    ),
    "Blackboard": re.compile(
        r"(?P<head>.+?)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:(?P<text>\.txt)$|_(?P<rest>.+))"
    ),
    "Brightspace": re.compile(
        r"(?P<id>\d+)-\d+ ?- (?P<name>.+?) ?- (?P<time>[^-]*\d{4} \d{3,4}(?: [AP]M)?)"
        r"(?: ?- (?P<rest>.+))?"
    ),
    "Canvas": re.compile(
        r"(?P<name>\w+?)(?:_LATE)?_(?P<id>\d+|(?<=anon_)[A-Za-z0-9]+)"
        r"_(?:(?P<text>(?:text|link)\.html)$|\d+_(?P<rest>.+))"
    ),
}


class _Entry(NamedTuple):
    """A file or folder of one student, under its own name; a text is no part of a submission."""

    path: Path
    name: str
    id: str = ""
    login: str = ""
    time: str = ""
    rest: str = ""
    is_text: bool = False
    attempts: int = 0  # so far, where the platform says it


@dataclass(frozen=True)
class StudentClass:
    """What was handed in, and what is known of it as a whole."""

    platform: str
    submissions: list[Submission]
    left_out: tuple[str, ...]  # entries that are nobody's

    def describe(self) -> str:
        """Say in one line what was found."""
        with_one = sum(map(_has_notebook, self.submissions))
        without = len(self.submissions) - with_one
        parts = [self.platform, _count(len(self.submissions), "student")]
        parts += [_count(with_one, "notebook"), f"{without} without one" if without else ""]
        texts = _count(len(self.left_out), "other file")
        return ", ".join(filter(None, parts)) + (f" ({texts} left out)" if self.left_out else "")


@contextmanager
def class_folder(path: Path) -> Iterator[tuple[Path, list[str]]]:
    """Give the folder of a class, unpacked if it is the platform's zip, and what is bad in that.

    An entry with a dangerous name is left out; one that cannot be read becomes an empty file, so
    that its student is refused alone.
    """
    if path.is_dir():
        yield path, []
        return
    with TemporaryDirectory(prefix="d2l-class-", ignore_cleanup_errors=True) as private:
        bad: list[str] = []
        try:
            unpack(path, Path(private), _CLASS_LIMITS, lambda *entry: bad.append(": ".join(entry)))
        except (ArchiveError, OSError) as error:
            raise SubmissionError(
                f"{path} is neither a folder of submissions nor a zip of them: {error}"
            ) from error
        yield Path(private), bad


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
    platform, entries = _entries(folder, assignment)
    students: dict[str, list[_Entry]] = {}
    for entry in entries:
        students.setdefault(entry.id or entry.login or f"name {entry.path}", []).append(entry)
    if not students:
        raise SubmissionError(
            f"{folder} holds no submissions: put notebooks ({', '.join(SUFFIXES)}), folders of "
            "students or .zip files there"
        )
    submissions = [_submission(own, attempt) for own in students.values()]
    taken = {path for entry in entries for path in (entry.path, *entry.path.parents)}
    left_out = [path.name for path in _visible(folder) if path not in taken]
    return StudentClass(platform, named_apart(submissions), tuple(left_out))


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
    joined = []
    for one in submissions:
        person = match.people.get(one.key)
        student, own_id, login = (person.name, person.id, person.login) if person else ("", "", "")
        joined.append(
            replace(
                one, student=student or one.student, id=one.id or own_id, login=one.login or login
            )
        )
    return named_apart(joined)


def _entries(folder: Path, assignment: str) -> tuple[str, list[_Entry]]:
    """The platform of a folder and what is whose in it; a folder around the export is opened."""
    visible = _visible(folder)
    folders = [path for path in visible if path.is_dir()]
    if (folder / _METADATA).is_file():
        return "Gradescope export", _gradescope(folder)
    submitted = folder if folder.name == "submitted" else folder / "submitted"
    if submitted.is_dir() or any(folder.glob("*/*/timestamp.txt")):
        submitted = submitted if submitted.is_dir() else folder
        return "nbgrader folder", _nbgrader(submitted, assignment)
    for platform, layout in _LAYOUTS.items():
        found = [(path, layout.match(composed(path.name))) for path in visible]
        fitting = [(path, match) for path, match in found if match]
        if 2 * len(fitting) > sum(not _is_text(path) for path in visible):
            entries = [_from_name(path, match) for path, match in fitting]
            entries = _with_receipts(entries) if platform == "Blackboard" else entries
            others = (path for path, match in found if not match)
            return f"{platform} export", [*entries, *_plain(others)]
    if folders and 2 * sum((path / ".git").exists() for path in folders) > len(visible):
        return "Git repositories", _repositories(folder, folders)
    if len(folders) == 1 and all(map(_is_text, set(visible) - set(folders))):
        platform, entries = _entries(folders[0], assignment)
        if platform != "Folder":
            return platform, entries
    return "Folder", _plain(visible)


def _from_name(path: Path, match: re.Match[str]) -> _Entry:
    found = {name: value or "" for name, value in match.groupdict().items()}
    name, student = found.get("name", ""), found.get("id", "")
    if name.casefold() in ("", "participant", "anon", "late_anon"):  # of an anonymous assignment
        name = f"Participant {student}"
    rest = found["rest"] if path.is_file() else ""
    text, head = bool(found.get("text")), found.get("head", "")
    return _Entry(path, name, student, head, _time(found.get("time", "")), rest, text)


def _with_receipts(entries: list[_Entry]) -> list[_Entry]:
    """Blackboard's entries by login: receipts tell it apart from the assignment's name."""
    people = {}
    for entry in entries:
        if entry.is_text and not entry.path.is_symlink():
            with open(entry.path, "rb") as file:
                line = file.read(_RECEIPT_BYTES).decode("utf-8", "replace").partition("\n")[0]
            said = re.match(r"\ufeff?Name: *(.{1,200}?) \(([^()]{1,100})\)\s*$", line)
            if said and entry.login.endswith(f"_{said[2]}"):
                people[entry.login] = (said[1], said[2])
    starts = {head.removesuffix(login) for head, (_, login) in people.items()}
    starts = starts or {_common_start([entry.login for entry in entries], "_")}
    return [_with_login(entry, people, sorted(starts, key=len, reverse=True)) for entry in entries]


def _with_login(
    entry: _Entry, people: Mapping[str, tuple[str, str]], starts: Sequence[str]
) -> _Entry:
    start = next((start for start in starts if entry.login.startswith(start)), "")
    name, login = people.get(entry.login, (entry.login.removeprefix(start),) * 2)
    return entry._replace(name=composed(name), login=login)


def _gradescope(folder: Path) -> list[_Entry]:
    try:
        said = load_yaml((folder / _METADATA).read_bytes())
    except (OSError, YamlError) as error:
        raise SubmissionError(
            f"{folder / _METADATA}, which names the students, cannot be read: {error}. Without "
            "that file folders are graded by their own names"
        ) from error
    entries = []
    paths = {composed(path.name): path for path in _visible(folder)}
    for name, about in said.items() if isinstance(said, dict) else ():
        path = paths.get(composed(name))
        if path is not None:
            entries += list(_submitters(path, about))
    known = {entry.path for entry in entries}
    return [*entries, *_plain(path for path in paths.values() if path not in known)]


def _submitters(path: Path, about: Yaml) -> Iterator[_Entry]:
    """A student for each of those who handed in together."""
    values = about if isinstance(about, dict) else {}
    history, people = values.get(":history"), values.get(":submitters")
    attempts = len(history) + 1 if isinstance(history, list) else 0
    time = _time(str(values.get(":created_at", "")))
    for person in people if isinstance(people, list) else []:
        if isinstance(person, dict):
            sid, email, name = (str(person.get(key) or "") for key in (":sid", ":email", ":name"))
            name = composed(name) or sid or email or path.name
            yield _Entry(path, name, sid, email, time, attempts=attempts)


def _nbgrader(submitted: Path, assignment: str) -> list[_Entry]:
    found = {
        student: [path for path in _visible(student) if path.is_dir()]
        for student in _visible(submitted)
        if student.is_dir()
    }
    names = sorted({path.name for paths in found.values() for path in paths})
    if len(names) > 1 and assignment not in names:
        raise SubmissionError(
            f"{submitted} holds several assignments ({', '.join(names[:5])}): name the reference, "
            f"{assignment!r}, like the one to grade, or pass a folder with that one alone"
        )
    wanted = assignment if assignment in names else "".join(names)
    entries = []
    for student, paths in found.items():
        for path in paths:
            if path.name == wanted:
                time = ""
                with suppress(OSError):
                    time = (path / "timestamp.txt").read_text(errors="replace")[:100].strip()
                name = composed(student.name)
                entries.append(_Entry(path, name, name, time=_time(time)))
    return entries


def _repositories(folder: Path, folders: list[Path]) -> list[_Entry]:
    """Repositories named ASSIGNMENT-LOGIN, in a folder that may be ASSIGNMENT-submissions."""
    start = folder.name.removesuffix("-submissions") + "-"
    if not all(path.name.startswith(start) for path in folders):
        start = _common_start([path.name for path in folders], "-") if len(folders) > 1 else ""
    logins = [composed(path.name.removeprefix(start)) for path in folders]
    return [_Entry(path, login, "", login) for path, login in zip(folders, logins, strict=True)]


def _common_start(names: Iterable[str], mark: str) -> str:
    """The parts that all names begin with, each before a mark; never all of a name."""
    parts = zip(*(name.split(mark)[:-1] for name in names), strict=False)
    return "".join(part[0] + mark for part in takewhile(lambda part: len(set(part)) == 1, parts))


def _plain(paths: Iterable[Path]) -> list[_Entry]:
    """Every file and folder is a student's of that name, texts aside."""
    return [_Entry(path, _name_of(path)) for path in paths if not _is_text(path)]


def _submission(own: list[_Entry], attempt: int | None) -> Submission:
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


def _time(text: str) -> str:
    """A time as every table sorts it; as it was said where its form is not known."""
    for form in _FORMATS:
        with suppress(ValueError):
            return datetime.strptime(text, form).isoformat(" ", "seconds")
    return text


def _visible(folder: Path) -> list[Path]:
    entries = [entry for entry in folder.iterdir() if not _is_left_by_systems(entry.name.lower())]
    return sorted(entries, key=lambda entry: composed(entry.name))


def _is_left_by_systems(name: str) -> bool:
    return name.startswith((".", "readme")) or name in _NO_STUDENT


def _is_text(path: Path) -> bool:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    is_text = suffixes[-1:] and suffixes[-1] in _TEXTS and not set(suffixes) & set(SUFFIXES)
    return bool(is_text) and not path.is_dir()


def _name_of(entry: Path) -> str:
    is_known = entry.suffix.lower() in (*SUFFIXES, *ARCHIVES) and not entry.is_dir()
    name = entry.stem if is_known else entry.name
    return composed(_PLAIN_MOODLE.sub("", name)) or entry.name


def _has_notebook(submission: Submission) -> bool:
    try:
        return has_notebook(submission)
    except SubmissionError:  # too much in it, which is said when its turn comes
        return True


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
