"""A notebook's sections by its markdown headings, and which sections of two notebooks are the same.

Knows headings alone; what the cells below them do is the business of `align`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from nbformat import NotebookNode

from d2l.grader.compare.align import assign
from d2l.grader.compare.tolerance import LIKE_HEADING, MOST_HEADINGS

START = "Start of the notebook"

_SMALL = {"a", "an", "and", "the"}
_POINTS = re.compile(r"[(\[][^()\[\]]{0,20}\d[^()\[\]]{0,20}[)\]]\W*$")  # "(5 points)"


@dataclass(frozen=True)
class Section:
    """A heading as it is written, and the code cells below it, as indices among all cells."""

    heading: str
    parents: tuple[str, ...]
    cells: tuple[int, ...]


def sections_of(notebook: NotebookNode) -> list[Section]:
    """Return every section that a heading opens, in order; the first is the notebook's start."""
    open_headings: list[tuple[int, str]] = []
    sections: list[tuple[str, tuple[str, ...], list[int]]] = [(START, (), [])]
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and cell.source.strip():
            sections[-1][2].append(index)
        if cell.cell_type != "markdown":
            continue
        for level, heading in headings_in(cell.source):
            if len(sections) > MOST_HEADINGS:
                break
            open_headings = [parent for parent in open_headings if parent[0] < level]
            sections.append((heading, tuple(title for _, title in open_headings), []))
            open_headings.append((level, heading))
    return [Section(heading, parents, tuple(cells)) for heading, parents, cells in sections]


def headings_in(source: str) -> list[tuple[int, str]]:
    """Return the level and the words of each heading in a text of markdown; code has none.

    >>> headings_in("# One\\n\\ntext\\n\\n### 1.1 Two ###")
    [(1, 'One'), (3, '1.1 Two')]
    """
    found, fence = [], ""
    for line in source.splitlines():
        mark = re.match(r" {0,3}(```|~~~)", line)
        if mark and fence in ("", mark[1]):
            fence = "" if fence else mark[1]
        heading = None if fence or mark else re.match(r" {0,3}(#{1,6})[ \t]+(\S.{0,300})", line)
        if heading:
            found.append((len(heading[1]), heading[2].rstrip("# \t")))
    return found


def match_sections(reference: Sequence[Section], submission: Sequence[Section]) -> list[int]:
    """Return for each section of the submission the one of the reference that it belongs to.

    A heading that the reference does not have opens no section of its own: what is below it
    belongs to the section before it. That is the start (0) where there is none.
    """
    homes: list[int] = []
    same = dict(_same_sections(reference, submission))
    for index in range(len(submission)):
        before = homes[-1] if homes else 0
        homes.append(same.get(index, before))
    return homes


def _same_sections(
    reference: Sequence[Section], submission: Sequence[Section]
) -> list[tuple[int, int]]:
    ours = [_Title.of(section) for section in reference[1:]]
    theirs = [_Title.of(section) for section in submission[1:]]
    if not ours or not theirs:
        return []
    likeness = np.array([[title.likeness(other) for title in ours] for other in theirs])
    # Of several equal headings, the one in the same place is the same.
    places = np.abs(_places(len(theirs))[:, None] - _places(len(ours))[None, :])
    pairs = assign(likeness - 0.02 * places)
    return [(row + 1, column + 1) for row, column in pairs if likeness[row, column] >= LIKE_HEADING]


def _places(count: int) -> np.ndarray:
    return np.arange(count) / max(count - 1, 1)


@dataclass(frozen=True)
class _Title:
    number: str
    words: tuple[str, ...]
    trigrams: frozenset[str]
    parents: frozenset[str]

    @classmethod
    def of(cls, section: Section) -> "_Title":
        number, words = _split(section.heading)
        text = f"  {' '.join(words)} "
        trigrams = frozenset(text[start : start + 3] for start in range(len(text) - 2))
        parents = frozenset(word for parent in section.parents for word in _split(parent)[1])
        return cls(number, words, trigrams, parents)

    def likeness(self, other: "_Title") -> float:
        """From 0 to about 1; what tells two parts of a list apart (a number, a letter) counts."""
        like = _shared(self.trigrams, other.trigrams)
        if self._marks() != other._marks():
            like /= 2
        elif self.number and self.number == other.number:
            like += 0.3
        return min(like, 1.0) + 0.05 * _shared(self.parents, other.parents)

    def _marks(self) -> frozenset[str]:
        return frozenset(word for word in self.words if word.isdigit() or len(word) == 1)


def _shared(ours: frozenset[str], theirs: frozenset[str]) -> float:
    return 2 * len(ours & theirs) / max(len(ours) + len(theirs), 1)


def _split(heading: str) -> tuple[str, tuple[str, ...]]:
    numbered = re.match(r"\W*(\d+(?:\.\d+)*)[.:)]?\s+(.*)", heading)
    number, title = (numbered[1], numbered[2]) if numbered else ("", heading)
    words = re.findall(r"[^\W_]+", _POINTS.sub("", title).lower())
    kept = [word for word in words[:-1] if word not in _SMALL] + words[-1:]
    return number, tuple(kept)
