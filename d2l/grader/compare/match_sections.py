"""Split notebooks into sections by Markdown headings, and match the sections of two notebooks.

Sections are matched by their headings only; `align` matches the cells.
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
    """A heading and the code cells below it, as indices among all cells."""

    heading: str
    parents: tuple[str, ...]
    cells: tuple[int, ...]


def sections_of(notebook: NotebookNode) -> list[Section]:
    """Return all sections in order; the first is the part before the first heading."""
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
    """Return the level and text of each heading in Markdown, except in code blocks.

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
    """Return the index of the reference's section that each section of the submission belongs to.

    A section whose heading is not in the reference belongs to the same section as the one before
    it; at the beginning that is the start (0).
    """
    parents: list[int] = []
    same = dict(_same_sections(reference, submission))
    for index in range(len(submission)):
        before = parents[-1] if parents else 0
        parents.append(same.get(index, before))
    return parents


def _same_sections(
    reference: Sequence[Section], submission: Sequence[Section]
) -> list[tuple[int, int]]:
    ours = [_Title.of(section) for section in reference[1:]]
    theirs = [_Title.of(section) for section in submission[1:]]
    if not ours or not theirs:
        return []
    likeness = np.array([[title.likeness(other) for title in ours] for other in theirs])
    # Among equal headings, those in the same position are matched.
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
        """Return a similarity from 0 to about 1; numbers and single letters must agree."""
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
