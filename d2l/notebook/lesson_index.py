"""List the lessons in the order of the book, and select lessons by name."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from d2l.errors import D2LError

_PACKAGE = Path(__file__).parents[1]
# In a wheel the lessons are inside the package, in a checkout next to it.
_FOLDERS = (_PACKAGE / "_lessons", _PACKAGE.parent / "lessons")

_CHAPTERS = {
    2: "Preliminaries",
    3: "Linear regression",
    4: "Linear classification",
    5: "Multilayer perceptrons",
    6: "Builders' guide",
    7: "Convolutional neural networks",
    8: "Modern convolutional neural networks",
    9: "Recurrent neural networks",
    10: "Modern recurrent neural networks",
    11: "Attention and transformers",
}


class UnknownLessonError(D2LError, LookupError):
    """A name that matches no lesson."""


@dataclass(frozen=True)
class Lesson:
    """A lesson and its file; `4_4_softmax` belongs to section 4.4."""

    path: Path

    @property
    def name(self) -> str:
        """The file's stem."""
        return self.path.stem

    @property
    def title(self) -> str:
        """The first heading of its script, or its name; the script is not parsed as a notebook."""
        heading = re.search(r"^# #\s+(.+?)\s*$", self.path.read_text("utf-8"), re.M)
        return heading[1] if heading else self.name

    @property
    def section(self) -> str:
        """The section of the book at the start of the name, such as "4.4", or ""."""
        return section_of(self.name)


def section_of(name: str) -> str:
    """Return the section at the start of a lesson's name, or "".

    >>> section_of("4_4_softmax")
    '4.4'
    """
    numbers = re.match(r"(\d+)_(\d+)_", name)
    return f"{numbers[1]}.{numbers[2]}" if numbers else ""


def chapter_of(name: str) -> str:
    """Return the heading under which the contents page lists a lesson.

    >>> chapter_of("4_4_softmax")
    'Chapter 4. Linear classification'
    """
    number = section_of(name).partition(".")[0]
    if not number:
        return "Other notebooks"
    title = _CHAPTERS.get(int(number))
    return f"Chapter {number}. {title}" if title else f"Chapter {number}"


def book_order(name: str) -> tuple[bool, list[int], bool, str]:
    """Return a sort key for names: the order of the book, exercises after their section."""
    section = section_of(name)
    numbers = [int(number) for number in section.split(".")] if section else []
    return not section, numbers, "_exercise" in name, name


def find_lessons(folders: Iterable[Path] = _FOLDERS) -> list[Lesson]:
    """Return the lessons of the first folder that has any, in the order of the book."""
    for folder in folders:
        lessons = [Lesson(path) for path in folder.glob("*.py")]
        if lessons:
            return sorted(lessons, key=lambda lesson: book_order(lesson.name))
    return []


def select_lessons(names: Sequence[str], lessons: Sequence[Lesson]) -> list[Lesson]:
    """Return the distinct lessons for `names` (stems, sections or paths), by default all.

    Raises `UnknownLessonError` if a name matches none.
    """
    if not names:
        return list(lessons)
    selected = (lesson for name in names for lesson in _matching(name, lessons))
    return list(dict.fromkeys(selected))


def _matching(name: str, lessons: Sequence[Lesson]) -> list[Lesson]:
    found = [lesson for lesson in lessons if name in (lesson.name, lesson.section)]
    if not found and Path(name).is_file():
        found = [Lesson(Path(name))]
    if not found:
        raise UnknownLessonError(_unknown(name, lessons))
    return found


def _unknown(name: str, lessons: Sequence[Lesson]) -> str:
    stems = [lesson.name for lesson in lessons]
    # The words after the numbers are the most memorable part.
    words = {stem.lstrip("_0123456789"): stem for stem in stems}
    close = get_close_matches(name, [*stems, *words], n=3, cutoff=0.5)
    near = [stem for stem in stems if name.lower() in stem] + [words.get(c, c) for c in close]
    hint = f"Did you mean {', '.join(dict.fromkeys(near))}? " if near else ""
    return f"no lesson or file is named {name!r}. {hint}`d2l lessons list` shows all lessons."
