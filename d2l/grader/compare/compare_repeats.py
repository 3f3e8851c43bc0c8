"""Holds several runs of one item against several runs of the reference: is it random, is it right.

Random is what differs between the reference's runs, which differ in their seeds alone.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from d2l.grader.compare.curves import curve_difference, curves_difference
from d2l.grader.compare.difference import Difference, joined
from d2l.grader.compare.distributions import spread_difference, values_difference
from d2l.grader.compare.exact import difference
from d2l.grader.compare.line_difference import columns_of
from d2l.grader.compare.outputs import Array, Curve, Curves, Line, Output, Table, Text, family
from d2l.grader.compare.tables import (
    form_of_table_difference,
    in_order_of,
    numbers_of,
    table_difference,
)
from d2l.grader.compare.tolerance import is_deterministic

_LONG = 4  # lines that make a curve
_LONG_TEXT = 20  # characters that two runs do not have in common by chance


def repeats_difference(expected: Sequence[Output], found: Sequence[Output]) -> Difference | None:
    """Return how an item in a submission's runs differs from the same item in the reference's."""
    expected, found = _without_words(expected, found), _without_words(found, expected)
    for kind, compare in _RANDOM.items():
        ours, theirs = _all(kind, expected), _all(kind, found)
        if ours and theirs and not _repeats(ours):
            return compare(ours, theirs)
    problems = [difference(expected[0], run) for run in found]
    if None in problems and all(map(_is_truth, (*expected, *found))):
        return None
    return next(filter(None, problems), None)


def _is_truth(item: Output) -> bool:
    """Whether all runs may agree by chance: `(100 * a) / a == 100` is false for few `a`.

    What a submission's own runs do not agree on is random there, and right if one run is right.
    """
    return isinstance(item, Array) and family(item.dtype) == "bool"


def _random_lines(expected: Sequence[Line], found: Sequence[Line]) -> Difference | None:
    """Column by column: the same in each run, or a random value, or a curve."""
    if len({line.labels for line in expected}) > 1:  # the words are random too: nothing is sure
        return None
    problems = []
    places = columns_of(expected[0], found[0])
    is_log = len(expected[0].values) > 1  # how often it prints, and counts, is its own affair
    is_as_long = len(found[0].values) == len(expected[0].values)
    for column, place in enumerate(places):
        name = expected[0].labels[column].strip(" :=,") or f"number {column + 1}"
        if is_log and _is_counter(expected, column):
            continue
        if place is None or any(place >= len(line.labels) for line in found):
            problems.append(Difference(f"no number for {name}", f"no number for {name}"))
            continue
        ours = [line.values[:, column] for line in expected]
        theirs = [line.values[:, place] for line in found]
        if not all(is_deterministic(ours[0], other) for other in ours):
            unit = 1.0 if expected[0].integers[column] else float(expected[0].units[column])
            problem = _column_difference(name, ours, theirs, unit)
        elif not is_as_long:
            continue
        else:
            problem = next(
                (d for line in found if (d := _exact_column(expected[0], line, column, place))),
                None,
            )
        if problem is not None:
            problems.append(problem)
    return joined(problems)


def _is_counter(lines: Sequence[Line], column: int) -> bool:
    """Whether a number goes up from line to line in equal steps, as epochs do."""
    counts = lines[0].values[:, column]
    is_fixed = all(is_deterministic(counts, line.values[:, column]) for line in lines)
    return is_fixed and bool(lines[0].integers[column]) and len(set(np.diff(counts))) == 1


def _column_difference(
    name: str, ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray], unit: float
) -> Difference | None:
    shortest = min(len(column) for column in (*ours, *theirs))
    if shortest >= _LONG:
        return curve_difference(
            name, [_curve(name, column) for column in ours], [_curve(name, c) for c in theirs]
        )
    ends = [np.array([column[-1:] for column in side]) for side in (ours, theirs)]
    if len({len(column) for column in (*ours, *theirs)}) == 1:
        ends = [np.array(side) for side in (ours, theirs)]
    problem = values_difference(ends[0], ends[1], unit)
    return problem and Difference(f"{name} {problem.message}", f"{name} {problem.hint}")


def _curve(name: str, column: np.ndarray) -> Curve:
    return Curve(name, np.linspace(0, 1, len(column)), column)


def _exact_column(expected: Line, found: Line, column: int, place: int) -> Difference | None:
    return difference(_column(expected, column), _column(found, place))


def _column(line: Line, i: int) -> Line:
    part = slice(i, i + 1)
    return Line(line.labels[part], line.values[:, part], line.units[part], line.integers[part])


def _random_tables(expected: Sequence[Table], found: Sequence[Table]) -> Difference | None:
    for table in found:
        problem = form_of_table_difference(expected[0], table)
        if problem is not None:
            return problem
    theirs = [in_order_of(expected[0], table) for table in found]
    values = [numbers_of(table) for table in expected]
    if len({len(row) for row in (*values, *map(numbers_of, theirs))}) > 1:
        return table_difference(expected[0], theirs[0])
    ours = np.array(values)
    is_number = np.isfinite(ours).all(axis=0)
    answers = np.array([numbers_of(table) for table in theirs])
    return values_difference(ours[:, is_number], answers[:, is_number], min(expected[0].units))


def _random_words(expected: Sequence[Text], found: Sequence[Text]) -> Difference | None:
    """Sentences that a model made: any words will do, but not the same each time."""
    texts, theirs = {words.text for words in expected}, {words.text for words in found}
    is_fixed = len(found) > 1 and len(theirs) == 1 and len(found[0].text) >= _LONG_TEXT
    if not is_fixed or len(texts) < len(expected):
        return None
    said = "the same text with every seed: not random, though it should be"
    return Difference(said, said)


_RANDOM: dict[type, Callable[[Any, Any], Difference | None]] = {
    Curves: curves_difference,
    Array: spread_difference,
    Line: _random_lines,
    Table: _random_tables,
    Text: _random_words,
}


def _repeats(items: Sequence[Output]) -> bool:
    """Whether all runs gave the same; of curves, which rounding bends, that is never asked."""
    first, *others = (_content(item) for item in items)
    if first is None:
        return False
    if isinstance(first, str):
        return all(other == first for other in others)
    return all(isinstance(other, np.ndarray) and is_deterministic(first, other) for other in others)


def _content(item: Output) -> np.ndarray | str | None:
    if isinstance(item, Array | Line):
        return item.values
    if isinstance(item, Table):
        return numbers_of(item)
    return item.text if isinstance(item, Text) else None


def _all(kind: type, items: Sequence[Output]) -> list[Any]:
    """The items, if all are of this kind; else none."""
    matching = [item for item in items if isinstance(item, kind)]
    return matching if len(matching) == len(items) else []


def _without_words(items: Sequence[Output], others: Sequence[Output]) -> list[Output]:
    """A line with one number is that number, where the others show a number without words."""
    return [
        _number(item, other.dtype)
        if isinstance(item, Line) and item.values.shape == (1, 1) and isinstance(other, Array)
        else item
        for item, other in ((item, others[0]) for item in items)
    ]


def _number(line: Line, dtype: str) -> Array:
    is_integer = bool(line.integers[0])
    shown = "int" if is_integer and family(dtype) == "int" else "float" if is_integer else dtype
    label = line.labels[0]
    return Array("number", shown, (), (), line.values[0], float(line.units[0]), label)
