"""Read exports of learning platforms: the student of each file and folder, by naming scheme.

`docs/how-to/platforms.md` documents each layout with its source.
"""

import io
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from d2l.errors import D2LError
from d2l.files.folder_files import composed
from d2l.files.plain_yaml import Yaml, YamlError, load_yaml

_NO_STUDENT = {"__macosx", "thumbs.db", "desktop.ini"}
# Other files next to submissions: receipts, tables, index pages.
_TEXTS = (".txt", ".html", ".htm", ".csv", ".tsv", ".yml", ".yaml", ".log", ".xlsx")
_PLAIN_MOODLE = re.compile(r"_assignsubmission_(file|onlinetext)_?$")
_METADATA = "submission_metadata.yml"  # of Gradescope
_START_BYTES = 4_096  # read from receipts and time stamps
_FORMATS = (
    "%Y-%m-%d-%H-%M-%S", "%b %d, %Y %I%M %p", "%d %B, %Y %H%M", "%Y-%m-%d %H:%M:%S.%f %Z",
    "%Y-%m-%d %H:%M:%S.%f %z",
)  # fmt: skip

# The naming scheme of each platform, matched from the left as the platforms do, because the part
# chosen by students comes last. `rest` is the file name that the student chose.
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


class ExportError(D2LError, ValueError):
    """Raised for an export whose files cannot be assigned to students."""


class ExportEntry(NamedTuple):
    """A file or folder of one student; with `is_text` it is a receipt, not a submission."""

    path: Path
    name: str
    id: str = ""
    login: str = ""  # or an email address
    time: str = ""
    rest: str = ""  # the file name that the student chose
    is_text: bool = False
    attempts: int = 0  # if the platform reports them


@dataclass(frozen=True)
class Export:
    """The contents of an export: its platform ("Moodle export", "Folder", …) and entries.

    `left_out` are the names of files that belong to no student.
    """

    platform: str
    entries: list[ExportEntry]
    left_out: tuple[str, ...]


def read_export(folder: Path, suffixes: Collection[str], assignment: str = "") -> Export:
    """Return the entries of `folder` with their students, by the layout that most entries match.

    `suffixes` are those of submissions; `assignment` selects one of several in an nbgrader folder.
    Raises `ExportError` if the files cannot be assigned to students.
    """
    platform, entries = _Reader(suffixes, assignment).entries(folder)
    taken = {path for entry in entries for path in (entry.path, *entry.path.parents)}
    left_out = (path.name for path in _visible(folder) if path not in taken)
    return Export(platform, entries, tuple(left_out))


def feedback_zip(pages: Iterable[tuple[str, Path]]) -> bytes | None:
    """Return a zip of feedback files in the folder layout that Moodle imports; None without files.

    The result is deterministic.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder, page in pages:
            entry = zipfile.ZipInfo(f"{folder}/feedback{page.suffix}")  # dated 1980
            archive.writestr(entry, page.read_bytes(), zipfile.ZIP_DEFLATED)
        count = len(archive.namelist())
    return content.getvalue() if count else None


@dataclass(frozen=True)
class _Reader:
    suffixes: Collection[str]
    assignment: str

    def entries(self, folder: Path) -> tuple[str, list[ExportEntry]]:
        """Return a folder's platform and its entries; enters a folder around an export."""
        visible = _visible(folder)
        folders = [path for path in visible if path.is_dir()]
        if (folder / _METADATA).is_file():
            return "Gradescope export", self._gradescope(folder)
        submitted = folder if folder.name == "submitted" else folder / "submitted"
        if submitted.is_dir() or any(folder.glob("*/*/timestamp.txt")):
            submitted = submitted if submitted.is_dir() else folder
            return "nbgrader folder", self._nbgrader(submitted)
        for platform, layout in _LAYOUTS.items():
            found = [(path, layout.match(composed(path.name))) for path in visible]
            fitting = [(path, match) for path, match in found if match]
            if 2 * len(fitting) > sum(not self._is_text(path) for path in visible):
                entries = [_from_name(path, match) for path, match in fitting]
                entries = _with_receipts(entries) if platform == "Blackboard" else entries
                others = (path for path, match in found if not match)
                return f"{platform} export", [*entries, *self._plain(others)]
        if folders and 2 * sum((path / ".git").exists() for path in folders) > len(visible):
            return "Git repositories", _repositories(folder, folders)
        if len(folders) == 1 and all(map(self._is_text, set(visible) - set(folders))):
            platform, entries = self.entries(folders[0])
            if platform != "Folder":
                return platform, entries
        return "Folder", self._plain(visible)

    def _gradescope(self, folder: Path) -> list[ExportEntry]:
        try:
            metadata = load_yaml((folder / _METADATA).read_bytes())
        except (OSError, YamlError) as error:
            raise ExportError(
                f"{folder / _METADATA}, which lists the students, cannot be read: {error}. Remove "
                "the file to use the names of the folders instead"
            ) from error
        entries = []
        paths = {composed(path.name): path for path in _visible(folder)}
        for name, about in metadata.items() if isinstance(metadata, dict) else ():
            path = paths.get(composed(name))
            if path is not None:
                entries += list(_submitters(path, about))
        known = {entry.path for entry in entries}
        return [*entries, *self._plain(path for path in paths.values() if path not in known)]

    def _nbgrader(self, submitted: Path) -> list[ExportEntry]:
        found = {
            student: [path for path in _visible(student) if path.is_dir()]
            for student in _visible(submitted)
            if student.is_dir() and not student.is_symlink()
        }
        names = sorted({path.name for paths in found.values() for path in paths})
        if len(names) > 1 and self.assignment not in names:
            raise ExportError(
                f"{submitted} contains several assignments ({', '.join(names[:5])}); give the "
                f"reference, {self.assignment!r}, the name of the one to grade, or pass a folder "
                "with only that one"
            )
        selected = self.assignment if self.assignment in names else "".join(names)
        return [
            ExportEntry(path, name, name, time=_time(_first_line(path / "timestamp.txt")))
            for name, paths in ((composed(student.name), paths) for student, paths in found.items())
            for path in paths
            if path.name == selected
        ]

    def _plain(self, paths: Iterable[Path]) -> list[ExportEntry]:
        """Return an entry for each file and folder, named after the student; skips texts."""
        return [ExportEntry(path, self._name_of(path)) for path in paths if not self._is_text(path)]

    def _is_text(self, path: Path) -> bool:
        suffixes = [suffix.lower() for suffix in path.suffixes]
        if path.is_dir() or not suffixes or suffixes[-1] not in _TEXTS:
            return False
        # A notebook that a browser saved as text is a submission, which is rejected with a reason.
        is_notebook = set(suffixes) & set(self.suffixes) or _start(path).startswith("{")
        return not is_notebook

    def _name_of(self, entry: Path) -> str:
        is_known = entry.suffix.lower() in self.suffixes and not entry.is_dir()
        name = entry.stem if is_known else entry.name
        return composed(_PLAIN_MOODLE.sub("", name)) or entry.name


def _from_name(path: Path, match: re.Match[str]) -> ExportEntry:
    found = {name: value or "" for name, value in match.groupdict().items()}
    name, student = found.get("name", ""), found.get("id", "")
    if name.casefold() in ("", "participant", "anon", "late_anon"):  # an anonymous assignment
        name = f"Participant {student}"
    rest = found["rest"] if path.is_file() else ""
    text, head = bool(found.get("text")), found.get("head", "")
    return ExportEntry(path, name, student, head, _time(found.get("time", "")), rest, text)


def _with_receipts(entries: list[ExportEntry]) -> list[ExportEntry]:
    """Return Blackboard's entries with logins; receipts separate them from the assignment."""
    people = {}
    for entry in entries:
        line = _first_line(entry.path) if entry.is_text else ""
        match = re.fullmatch(r"Name: *(.{1,200}?) \(([^()]{1,100})\)", line)
        if match and entry.login.endswith(f"_{match[2]}"):
            people[entry.login] = (match[1], match[2])
    starts = {head.removesuffix(login) for head, (_, login) in people.items()}
    starts = starts or {_common_start([entry.login for entry in entries], "_")}
    return [_with_login(entry, people, sorted(starts, key=len, reverse=True)) for entry in entries]


def _with_login(
    entry: ExportEntry, people: Mapping[str, tuple[str, str]], starts: Sequence[str]
) -> ExportEntry:
    start = next((start for start in starts if entry.login.startswith(start)), "")
    name, login = people.get(entry.login, (entry.login.removeprefix(start),) * 2)
    return entry._replace(name=composed(name), login=login)


def _submitters(path: Path, about: Yaml) -> Iterator[ExportEntry]:
    """Iterate over the students of a group submission."""
    values = about if isinstance(about, dict) else {}
    history, people = values.get(":history"), values.get(":submitters")
    attempts = len(history) + 1 if isinstance(history, list) else 0
    time = _time(str(values.get(":created_at", "")))
    for person in people if isinstance(people, list) else []:
        if isinstance(person, dict):
            sid, email, name = (str(person.get(key) or "") for key in (":sid", ":email", ":name"))
            name = composed(name) or sid or email or path.name
            yield ExportEntry(path, name, sid, email, time, attempts=attempts)


def _repositories(folder: Path, folders: list[Path]) -> list[ExportEntry]:
    """Return repositories named ASSIGNMENT-LOGIN, in a folder such as ASSIGNMENT-submissions."""
    start = folder.name.removesuffix("-submissions") + "-"
    if not all(path.name.startswith(start) for path in folders):
        start = _common_start([path.name for path in folders], "-") if len(folders) > 1 else ""
    logins = [composed(path.name.removeprefix(start)) for path in folders]
    return [
        ExportEntry(path, login, "", login) for path, login in zip(folders, logins, strict=True)
    ]


def _common_start(names: Iterable[str], mark: str) -> str:
    """Return the common leading parts of the names, each with its `mark`; never a whole name."""
    parts = zip(*(name.split(mark)[:-1] for name in names), strict=False)
    return "".join(part[0] + mark for part in takewhile(lambda part: len(set(part)) == 1, parts))


def _first_line(path: Path) -> str:
    return _start(path).partition("\n")[0].strip()


def _start(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        return ""
    with open(path, "rb") as file:
        return file.read(_START_BYTES).decode("utf-8-sig", "replace").strip()


def _time(text: str) -> str:
    """Return a time in ISO format; unchanged if its format is unknown."""
    for form in _FORMATS:
        with suppress(ValueError):
            return datetime.strptime(text, form).isoformat(" ", "seconds")
    return text


def _visible(folder: Path) -> list[Path]:
    entries = [entry for entry in folder.iterdir() if not _is_system_file(entry.name.lower())]
    return sorted(entries, key=lambda entry: composed(entry.name))


def _is_system_file(name: str) -> bool:
    return name.startswith((".", "readme")) or name in _NO_STUDENT
