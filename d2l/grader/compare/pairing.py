"""Which items of one cell stand for which items of another: by kind, shape, words and values.

The order decides only between equals, so extra prints and another order do no harm.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from d2l.grader.compare.array_difference import same_shape
from d2l.grader.compare.assignment import assign
from d2l.grader.compare.exact import same_words
from d2l.grader.compare.outputs import (
    Array,
    Curves,
    Failure,
    Line,
    Picture,
    Table,
    Text,
    family,
)
from d2l.grader.compare.tolerance import close

_LIKE = 0.25  # items less alike than this are nothing to each other
_IN_PLACE = 0.1  # what the right place counts, which decides between equals
_LOOKED_AT = 50  # values of an array
_CERTAIN = 0.8


def pair(expected: Sequence[Output], found: Sequence[Output]) -> list[int | None]:
    """Return for each expected item the index of the found one that stands for it."""
    if len(expected) == len(found):
        straight = [likeness(a, b) for a, b in zip(expected, found, strict=True)]
        if all(value >= _CERTAIN for value in straight):
            return list(range(len(expected)))
    if not expected or not found:
        return [None] * len(expected)
    scores = np.array([[likeness(a, b) for b in found] for a in expected])
    pairs: list[int | None] = [None] * len(expected)
    for i, j in assign(np.where(scores >= _LIKE, scores + _IN_PLACE * _nearness(*scores.shape), 0)):
        pairs[i] = j if scores[i, j] >= _LIKE else None
    return pairs


def _nearness(num_expected: int, num_found: int) -> np.ndarray:
    """How near the places of two items are; squared, so that equals never cross."""
    ours, theirs = (np.arange(count) / max(count - 1, 1) for count in (num_expected, num_found))
    return 1 - (ours[:, None] - theirs[None, :]) ** 2


def likeness(expected: Output, found: Output) -> float:
    """Return from 0 to 1 how much `found` looks like what `expected` is."""
    for kinds, compare in _COMPARED:
        if isinstance(expected, kinds) and isinstance(found, kinds):
            return compare(expected, found)
    return 0.0


def _arrays(expected: Array, found: Array) -> float:
    score = 0.3
    score += 0.1 * (len(expected.shape) == len(found.shape))
    score += 0.1 * (family(expected.dtype) == family(found.dtype))
    score += 0.1 * (_words(expected.label) == _words(found.label))
    if same_shape(expected, found):
        a, b = expected.values[:_LOOKED_AT], found.values[:_LOOKED_AT]
        score += 0.15 + 0.25 * bool(close(a, b, expected.unit, found.unit).all())
    return score


def _lines(expected: Line, found: Line) -> float:
    ours, theirs = _words(" ".join(expected.labels)), _words(" ".join(found.labels))
    score = 0.3 + 0.3 * len(ours & theirs) / max(1, len(ours | theirs))
    score += 0.1 * (len(expected.labels) == len(found.labels))
    if expected.values.shape == found.values.shape:
        a, b = expected.values[:_LOOKED_AT], found.values[:_LOOKED_AT]
        unit = float(expected.units.max() + found.units.max())
        score += 0.1 + 0.2 * bool(close(a, b, unit, 0.0).all())
    return score


def _tables(expected: Table, found: Table) -> float:
    same_columns = sorted(expected.columns) == sorted(found.columns)
    return 0.5 + 0.3 * same_columns + 0.2 * (expected.rows == found.rows)


def _numbers(expected: Line | Array, found: Line | Array) -> float:
    """A line with one number, and a number without words."""
    is_single = expected.values.size == found.values.size == 1
    return 0.3 + 0.3 * bool(expected.values.item() == found.values.item()) if is_single else 0.0


def _texts(expected: Text, found: Text) -> float:
    base = 0.4 if expected.is_value == found.is_value else 0.3
    return 1.0 if same_words(expected, found) else base


def _curves(expected: Curves, found: Curves) -> float:
    ours = {curve.label for curve in expected.curves}
    theirs = {curve.label for curve in found.curves}
    return 0.6 + 0.4 * len(ours & theirs) / len(ours | theirs)


_COMPARED: tuple[tuple[Any, Callable[[Any, Any], float]], ...] = (
    (Array, _arrays),
    (Line, _lines),
    (Line | Array, _numbers),
    (Text, _texts),
    (Table, _tables),
    (Curves, _curves),
    (Picture, lambda expected, found: 0.9),
    (Picture | Curves, lambda expected, found: 0.5),
    (Failure, lambda expected, found: 0.9),
)


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in text.split() if word.isalnum())
