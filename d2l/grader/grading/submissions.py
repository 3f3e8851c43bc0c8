"""The class: which entries of a folder are whose submission, and a safe name for each.

Looks at names alone. What a submission holds is the business of `opening`, one student at a time.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from d2l.errors import D2LError
from d2l.notebook.source import SUFFIXES

ARCHIVES = (".zip",)

_LONGEST_KEY = 120  # bytes; with a suffix it stays below the 255 that file systems take
_NO_STUDENT = {"__macosx", "thumbs.db", "desktop.ini"}
_LMS = re.compile(r"_assignsubmission_(file|onlinetext)_?$")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


class SubmissionError(D2LError, ValueError):
    """A class that cannot be collected, or one submission that cannot be opened."""


@dataclass(frozen=True)
class Submission:
    """One student's file or folder, as it was handed in."""

    student: str
    key: str  # a name for the student's files that every system takes, distinct in the class
    path: Path


def collect(folder: Path) -> list[Submission]:
    """Return the submissions in `folder`, by name: every file and every folder is a student's.

    Left out are hidden files, files named README, and what systems leave in folders.
    """
    if not folder.is_dir():
        raise SubmissionError(f"{folder} is no folder: name the one that holds the submissions")
    entries = sorted((entry for entry in folder.iterdir() if _is_handed_in(entry)), key=_by_name)
    if not entries:
        raise SubmissionError(
            f"{folder} holds no submissions: put notebooks ({', '.join(SUFFIXES)}), folders of "
            "students or .zip files there"
        )
    students = _distinct([_student(entry) for entry in entries], "")
    keys = _distinct([_key(student) for student in students], "-")
    return [Submission(*one) for one in zip(students, keys, entries, strict=True)]


def _is_handed_in(entry: Path) -> bool:
    name = entry.name.lower()
    return not (name.startswith((".", "readme")) or name in _NO_STUDENT)


def _by_name(entry: Path) -> str:
    # Korean names from a Mac are decomposed: composed, they sort and read as they are written.
    return unicodedata.normalize("NFC", entry.name)


def _student(entry: Path) -> str:
    is_known = entry.suffix.lower() in (*SUFFIXES, *ARCHIVES) and not entry.is_dir()
    name = entry.stem if is_known else entry.name
    # A name that is no UTF-8 holds surrogates, which no table and no page could be written with.
    printable = _LMS.sub("", name).encode(errors="replace").decode()
    return unicodedata.normalize("NFC", printable) or entry.name


def _key(student: str) -> str:
    visible = "".join(c if c.isprintable() and c not in '/\\:*?"<>|%#' else "_" for c in student)
    short = visible.encode()[:_LONGEST_KEY].decode(errors="ignore").strip(" .")
    return f"_{short}" if not short or _RESERVED.fullmatch(short) else short


def _distinct(names: Iterable[str], mark: str) -> list[str]:
    """Number the names that were there before; those that differ in case alone count as equal."""
    taken: set[str] = set()
    distinct = []
    for name in names:
        number, candidate = 1, name
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{name}{mark}{number}" if mark else f"{name} ({number})"
        taken.add(candidate.casefold())
        distinct.append(candidate)
    return distinct
