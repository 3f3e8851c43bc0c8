"""Which cells of a submission do what which cells of the reference do.

By what they define, call, write down and show, and by the sections they are in; the order counts
only between equals. Knows nothing of right and wrong.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from d2l.grader.compare.assignment import assign

MOST_CELLS = 1_000  # of one notebook that are looked at

_SAME_SECTION = 0.2
_SAME_PLACE = 0.05
_LIKE = 0.3  # the score of two cells that are taken for the same
_WITHIN = 0.5  # the part of a cell that another one must have to be taken for a piece of it
_BLOCK = 4_096  # words that are counted at once, which bounds the memory
_WEIGHTS = {"defines": 4.0, "line": 2.0, "calls": 1.0, "writes": 0.7, "shows": 1.0, "raises": 0.5}


@dataclass(frozen=True)
class Cell:
    """One code cell, as far as it matters here."""

    index: int  # among all cells of its notebook
    section: int  # of the reference
    words: frozenset[str]  # its fingerprint
    shows: bool


@dataclass(frozen=True)
class Group:
    """Cells that belong together: one and one, or one and the pieces of it, as indices."""

    reference: tuple[int, ...]
    submission: tuple[int, ...]


def align(reference: Sequence[Cell], submission: Sequence[Cell]) -> list[Group]:
    """Return the groups of cells that do the same; each cell is in one at most.

    A group has a cell of the reference and one or, if it was split, several of the submission; or
    several of the reference that were merged.
    """
    reference, submission = reference[:MOST_CELLS], submission[:MOST_CELLS]
    if not reference or not submission:
        return []
    likeness = _Likeness.of(reference, submission)
    pairs = _best_pairs(reference, submission, likeness)
    pieces = _pieces(reference, submission, likeness, pairs)
    return _grouped(reference, submission, [*pairs.items(), *pieces])


@dataclass(frozen=True)
class _Likeness:
    """For each cell of the reference (row) and of the submission (column), from 0 to 1."""

    both: np.ndarray  # how much the two have in common
    of_reference: np.ndarray  # how much of the reference's cell is in the submission's
    of_submission: np.ndarray

    @classmethod
    def of(cls, reference: Sequence[Cell], submission: Sequence[Cell]) -> "_Likeness":
        weights = _weights(reference, submission)
        ours = _totals(reference, weights)[:, None]
        theirs = _totals(submission, weights)[None, :]
        common = _common(reference, submission, weights)
        return cls(
            2 * common / np.maximum(ours + theirs, 1e-9),
            common / np.maximum(ours, 1e-9),
            common / np.maximum(theirs, 1e-9),
        )


def _weights(reference: Sequence[Cell], submission: Sequence[Cell]) -> dict[str, float]:
    """A word weighs more the fewer cells have it."""
    cells = [*reference, *submission]
    spread = Counter(word for cell in cells for word in cell.words)
    return {
        word: _WEIGHTS[word.partition(" ")[0]] * float(np.log(1 + len(cells) / count))
        for word, count in spread.items()
    }


def _totals(cells: Sequence[Cell], weights: dict[str, float]) -> np.ndarray:
    return np.array([sum(weights[word] for word in cell.words) for cell in cells])


def _common(
    reference: Sequence[Cell], submission: Sequence[Cell], weights: dict[str, float]
) -> np.ndarray:
    ours = frozenset[str]().union(*(cell.words for cell in reference))
    theirs = frozenset[str]().union(*(cell.words for cell in submission))
    words = sorted(ours & theirs)
    common = np.zeros((len(reference), len(submission)), dtype=np.float32)
    for start in range(0, len(words), _BLOCK):
        block = {word: column for column, word in enumerate(words[start : start + _BLOCK])}
        weight = np.array([weights[word] for word in block], dtype=np.float32)
        common += (_presence(reference, block) * weight) @ _presence(submission, block).T
    return common


def _presence(cells: Sequence[Cell], columns: dict[str, int]) -> np.ndarray:
    present = np.zeros((len(cells), len(columns)), dtype=np.float32)
    for row, cell in enumerate(cells):
        present[row, [columns[word] for word in cell.words if word in columns]] = 1
    return present


def _best_pairs(
    reference: Sequence[Cell], submission: Sequence[Cell], likeness: _Likeness
) -> dict[int, int]:
    same_section = _sections(reference)[:, None] == _sections(submission)[None, :]
    places = np.abs(_places(len(reference))[:, None] - _places(len(submission))[None, :])
    scores = likeness.both + _SAME_SECTION * same_section + _SAME_PLACE * (1 - places)
    return {row: column for row, column in assign(scores) if scores[row, column] >= _LIKE}


def _sections(cells: Sequence[Cell]) -> np.ndarray:
    return np.array([cell.section for cell in cells])


def _places(count: int) -> np.ndarray:
    return np.arange(count) / max(count - 1, 1)


def _pieces(
    reference: Sequence[Cell],
    submission: Sequence[Cell],
    likeness: _Likeness,
    pairs: dict[int, int],
) -> list[tuple[int, int]]:
    """Pairs of a cell that was left over and the cell on the other side that it is a piece of."""
    taken = set(pairs.values())
    near = 0.1 * (_sections(reference)[:, None] == _sections(submission)[None, :])
    of_reference, of_submission = likeness.of_reference + near, likeness.of_submission + near
    pieces = []
    for row, cell in enumerate(reference):
        column = int(np.argmax(of_reference[row]))
        if cell.shows and row not in pairs and of_reference[row, column] >= _WITHIN:
            pieces.append((row, column))
    for column, cell in enumerate(submission):
        row = int(np.argmax(of_submission[:, column]))
        if cell.shows and column not in taken and of_submission[row, column] >= _WITHIN:
            pieces.append((row, column))
    return pieces


def _grouped(
    reference: Sequence[Cell], submission: Sequence[Cell], links: list[tuple[int, int]]
) -> list[Group]:
    rows = {row: row for row, _ in links}  # to the first row of the group
    columns: dict[int, int] = {}
    for row, column in links:
        here, there = rows[row], rows[columns.setdefault(column, row)]
        rows = {key: here if first == there else first for key, first in rows.items()}
    groups = []
    for first in sorted(set(rows.values())):
        members = sorted(row for row in rows if rows[row] == first)
        found = sorted(column for column, row in columns.items() if rows[row] == first)
        groups.append(
            Group(
                tuple(reference[row].index for row in members),
                tuple(submission[column].index for column in found),
            )
        )
    return groups
