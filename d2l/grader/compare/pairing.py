"""Pair the items of two cells by words, form, values and order.

Items printed with the same words are paired wherever they are. The others are aligned in order,
one to one, with items of the same form. If far more numbers are printed than in the reference, a
number that matches does not count as an answer.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from d2l.grader.compare.align import assign
from d2l.grader.compare.differences import same_shape, same_words
from d2l.grader.compare.tolerance import IN_PLACE, LIKE, SURPLUS, SURPLUS_FACTOR, close
from d2l.grader.outputs.output_values import (
    Array,
    Curves,
    Failure,
    Line,
    Output,
    Picture,
    Table,
    Text,
    family,
)

_LOOKED_AT = 50  # values of an array that are compared
_CERTAIN = 0.8

Form = tuple[object, ...]
Pairs = dict[int, int]


def pair(
    expected: Sequence[Sequence[Output]], found: Sequence[Output], *, is_ordered: bool = True
) -> list[int | None]:
    """Return the index of the item paired with each expected item (given as its runs), or None."""
    firsts = [runs[0] for runs in expected]
    if len(expected) == len(found):
        straight = [likeness(runs, item) for runs, item in zip(expected, found, strict=True)]
        if all(value >= _CERTAIN for value in straight):
            return list(range(len(expected)))
    pairs = _by_words(expected, found)
    for ours, theirs in _by_form(firsts, found, pairs):
        pairs |= _aligned(expected, found, ours, theirs, is_ordered)
    ours, theirs = _free(len(expected), pairs), _free(len(found), pairs.values())
    if is_ordered:  # forms that were aligned in order are not paired out of order
        forms = {_form(found[index]) for index in theirs}
        ours = [index for index in ours if _form(firsts[index]) not in forms]
    pairs |= _best(expected, found, ours, theirs)
    return [pairs.get(index) for index in range(len(expected))]


def num_numbers(items: Sequence[Output]) -> int:
    """Return the number of single numbers among the items."""
    return sum(_form(item) == ("number",) for item in items)


def is_haystack(num_expected: int, num_found: int) -> bool:
    """Whether too many numbers are printed for a match to be meaningful."""
    return num_found > SURPLUS_FACTOR * num_expected + SURPLUS


def likeness(expected: Sequence[Output], found: Output) -> float:
    """Return the similarity, from 0 to 1, of `found` to an item given as its runs `expected`."""
    if _form(expected[0]) == _form(found) == ("number",):
        return _numbers(expected, found)
    for kind, compare in _LIKENESS.items():
        if isinstance(expected[0], kind) and isinstance(found, kind):
            return compare(expected, found)
    is_picture = isinstance(expected[0], Picture | Curves) and isinstance(found, Picture | Curves)
    return 0.5 if is_picture else 0.0


def _by_words(expected: Sequence[Sequence[Output]], found: Sequence[Output]) -> Pairs:
    """Return pairs of items that are printed with the same words."""
    ours, theirs = defaultdict(list), defaultdict(list)
    for index, runs in enumerate(expected):
        ours[_words(runs[0])].append(index)
    for index, item in enumerate(found):
        theirs[_words(item)].append(index)
    pairs: Pairs = {}
    for words, indices in ours.items():
        if words and words in theirs:
            pairs |= _aligned(expected, found, indices, theirs[words], True)
    return pairs


def _by_form(
    expected: Sequence[Output], found: Sequence[Output], pairs: Pairs
) -> list[tuple[list[int], list[int]]]:
    """Return the unpaired items by form; surplus numbers are dropped."""
    ours: dict[Form, list[int]] = defaultdict(list)
    theirs: dict[Form, list[int]] = defaultdict(list)
    for index in _free(len(expected), pairs):
        ours[_form(expected[index])].append(index)
    for index in _free(len(found), pairs.values()):
        theirs[_form(found[index])].append(index)
    number: Form = ("number",)
    if is_haystack(num_numbers(expected), num_numbers(found)):
        theirs[number] = theirs[number][: len(ours[number])]
    return [(ours[form], theirs[form]) for form in ours if form in theirs]


def _aligned(
    expected: Sequence[Sequence[Output]],
    found: Sequence[Output],
    ours: Sequence[int],
    theirs: Sequence[int],
    is_ordered: bool,
) -> Pairs:
    """Return the pairs in order with the largest total similarity (Needleman-Wunsch)."""
    if not is_ordered or not ours or not theirs:
        return _best(expected, found, ours, theirs)
    scores = np.array([[likeness(expected[i], found[j]) for j in theirs] for i in ours])
    # One good match counts more than several poor ones.
    near = scores**4 + IN_PLACE**2 * _nearness(*scores.shape)
    scores = np.where(scores >= LIKE, near, 0)
    best = np.zeros((len(ours) + 1, len(theirs) + 1))
    for i in range(len(ours)):
        taken = best[i, :-1] + scores[i]
        best[i + 1, 1:] = np.maximum.accumulate(np.maximum(taken, best[i, 1:]))
    pairs, j = {}, len(theirs)
    for i in range(len(ours), 0, -1):
        while j > 0 and best[i, j] == best[i, j - 1]:
            j -= 1
        if j > 0 and best[i, j] > best[i - 1, j]:
            pairs[ours[i - 1]] = theirs[j - 1]
            j -= 1
    return pairs


def _best(
    expected: Sequence[Sequence[Output]],
    found: Sequence[Output],
    ours: Sequence[int],
    theirs: Sequence[int],
) -> Pairs:
    """Return the pairs in any order with the largest total similarity."""
    if not ours or not theirs:
        return {}
    scores = np.array([[likeness(expected[i], found[j]) for j in theirs] for i in ours])
    near = np.where(scores >= LIKE, scores + IN_PLACE * _nearness(*scores.shape), 0)
    return {ours[i]: theirs[j] for i, j in assign(near) if scores[i, j] >= LIKE}


def _free(count: int, taken: Iterable[int]) -> list[int]:
    used = set(taken)
    return [index for index in range(count) if index not in used]


def _nearness(num_expected: int, num_found: int) -> np.ndarray:
    """Return the proximity of positions; quadratic, so that equal items do not cross."""
    ours, theirs = (np.arange(count) / max(count - 1, 1) for count in (num_expected, num_found))
    return 1 - (ours[:, None] - theirs[None, :]) ** 2


def _form(item: Output) -> Form:
    """Return the form, which two items must share to be aligned in order."""
    if isinstance(item, Array):
        return ("number",) if item.values.size == 1 and not item.shape else ("array", item.shape)
    if isinstance(item, Line):
        return ("number",) if item.values.size == 1 else ("line", len(item.labels))
    return (type(item).__name__, getattr(item, "is_value", True))


def _words(item: Output) -> tuple[str, ...]:
    label = item.label if isinstance(item, Array) else " ".join(getattr(item, "labels", ()))
    return tuple(word.lower() for word in label.split() if word.isalnum() or word[:1] in "'\"")


def _numbers(expected: Sequence[Output], found: Output) -> float:
    values = [_number(item) for item in expected if _form(item) == ("number",)]
    value = _number(found)
    score = 0.5 + 0.1 * (_words(expected[0]) == _words(found))
    score += 0.1 * (_is_whole(expected[0]) == _is_whole(found))
    low, high = min(values), max(values)
    if low == high or not np.isfinite(high - low):
        units = _unit(expected[0]), _unit(found)
        is_near = bool(close(np.array(values[0]), np.array(value), *units))
    else:
        is_near = low - 3 * (high - low) <= value <= high + 3 * (high - low)
    return score + 0.3 * is_near


def _arrays(expected: Sequence[Array], found: Array) -> float:
    first = expected[0]
    score = 0.3
    score += 0.1 * (len(first.shape) == len(found.shape))
    score += 0.1 * (family(first.dtype) == family(found.dtype))
    score += 0.1 * (_words(first) == _words(found))
    if same_shape(first, found):
        runs = [item.values[:_LOOKED_AT] for item in expected]
        is_drawn = any(run.shape != runs[0].shape or (run != runs[0]).any() for run in runs)
        b = found.values[:_LOOKED_AT]
        score += 0.15 + 0.25 * (is_drawn or bool(close(runs[0], b, first.unit, found.unit).all()))
    return score


def _lines(expected: Sequence[Line], found: Line) -> float:
    first = expected[0]
    ours, theirs = set(_words(first)), set(_words(found))
    score = 0.3 + 0.3 * len(ours & theirs) / max(1, len(ours | theirs))
    score += 0.1 * (len(first.labels) == len(found.labels))
    if first.values.shape == found.values.shape:
        a, b = first.values[:_LOOKED_AT], found.values[:_LOOKED_AT]
        unit = float(first.units.max() + found.units.max())
        score += 0.1 + 0.2 * bool(close(a, b, unit, 0.0).all())
    return score


def _texts(expected: Sequence[Text], found: Text) -> float:
    base = 0.4 if expected[0].is_value == found.is_value else 0.3
    return 1.0 if same_words(expected[0], found) else base


def _tables(expected: Sequence[Table], found: Table) -> float:
    same_columns = sorted(expected[0].columns) == sorted(found.columns)
    return 0.5 + 0.3 * same_columns + 0.2 * (expected[0].rows == found.rows)


def _curves(expected: Sequence[Curves], found: Curves) -> float:
    ours, theirs = ({curve.label for curve in item.curves} for item in (expected[0], found))
    return 0.6 + 0.4 * len(ours & theirs) / len(ours | theirs)


_LIKENESS: dict[type, Callable[[Any, Any], float]] = {
    Array: _arrays,
    Line: _lines,
    Text: _texts,
    Table: _tables,
    Curves: _curves,
    Picture: lambda expected, found: 0.9,
    Failure: lambda expected, found: 0.9,
}


def _number(item: Output) -> float:
    assert isinstance(item, Array | Line)
    return float(item.values.item())


def _unit(item: Output) -> float:
    return item.unit if isinstance(item, Array) else float(item.units[0])  # type: ignore[union-attr]


def _is_whole(item: Output) -> bool:
    if isinstance(item, Array):
        return family(item.dtype) == "int"
    return isinstance(item, Line) and bool(item.integers[0])
