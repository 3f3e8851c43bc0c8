"""Compare deterministic items: describe how an item differs from the expected one.

A difference has two texts, one with the reference's values and one without.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from d2l.grader.compare.tolerance import PERCENT_WORDS, SMALLEST_PICTURE, close
from d2l.grader.outputs.output_values import (
    Array,
    Cell,
    Curves,
    Failure,
    Line,
    Output,
    Picture,
    Table,
    Text,
    family,
    shape_text,
)


@dataclass(frozen=True)
class Difference:
    """A difference: `message` contains the reference's values, `hint` does not."""

    message: str
    hint: str


def instead(found: str, expected: str, wrong: str = "is wrong") -> Difference:
    """Return the difference that `found` is shown instead of `expected`."""
    return Difference(f"{found} where the reference has {expected}", f"{found} {wrong}")


def alike(text: str) -> Difference:
    """Return a difference whose text does not contain the reference's values."""
    return Difference(text, text)


def joined(differences: Sequence[Difference]) -> Difference | None:
    """Return several differences joined to one, None if there are none."""
    if not differences:
        return None
    messages = "; ".join(difference.message for difference in differences[:5])
    return Difference(messages, "; ".join(difference.hint for difference in differences[:5]))


def plain(value: float) -> str:
    """Return a number as text with at most six significant digits.

    >>> plain(2.0), plain(0.33333333), plain(float("nan"))
    ('2', '0.333333', 'nan')
    """
    return f"{value:.6g}"


def difference(
    expected: Output, found: Output, tolerance: float | None = None
) -> Difference | None:
    """Return how `found` differs from `expected`, None if it does not."""
    for kind, compare in _COMPARED.items():
        if isinstance(expected, kind) and isinstance(found, kind):
            return compare(expected, found, tolerance)
    if isinstance(expected, Picture) and isinstance(found, Curves):  # a picture with points
        return None
    return instead(found.what, expected.what, "has the wrong type")


def same_words(expected: Text, found: Text) -> bool:
    """Whether two texts are the same up to case, white space and quotes."""
    return _bare(expected.text) == _bare(found.text)


def same_shape(expected: Array, found: Array) -> bool:
    """Whether two arrays have the same shape, as far as it was printed."""
    if len(expected.shape) != len(found.shape) or expected.shown != found.shown:
        return False
    pairs = zip(expected.shape, found.shape, strict=True)
    return all(a == b or a is None or b is None for a, b in pairs)


def form_difference(expected: Array, found: Array) -> Difference | None:
    """Return how shape and type of numbers differ; float64 and float32 are equivalent."""
    if not same_shape(expected, found):
        here, there = shape_text(found.shape), shape_text(expected.shape)
        is_same = len(expected.values) == len(found.values) > 0 and _same(expected, found).all()
        note = ", though the values are the same" if is_same else ""
        return instead(f"shape {here}", f"{there}{note}", "is wrong")
    if family(expected.dtype) != family(found.dtype):
        is_named = expected.kind == found.kind and found.kind in ("tensor", "array")
        here, there = (x.dtype if is_named else family(x.dtype) for x in (found, expected))
        return instead(f"dtype {here}", there, "is wrong")
    return None


def form_of_table_difference(expected: Table, found: Table) -> Difference | None:
    """Return how the columns and the number of rows differ."""
    if sorted(expected.columns) != sorted(found.columns):
        here, there = (", ".join(table.columns[1:])[:200] for table in (found, expected))
        return instead(f"columns {here}", there, "are wrong")
    if len(expected.rows) != len(found.rows):
        here = f"{len(found.rows)} rows"
        return instead(here, str(len(expected.rows)), "are the wrong number of rows")
    return None


def in_order_of(expected: Table, found: Table) -> Table:
    """Return `found` with its columns and named rows in the order of `expected`."""
    order = [found.columns.index(column) for column in expected.columns]
    rows = [tuple(row[i] for i in order if i < len(row)) for row in found.rows]
    names = [str(row[0]) for row in expected.rows if row]
    if sorted(names) == sorted(str(row[0]) for row in rows if row) and len(set(names)) == len(rows):
        rows = sorted(rows, key=lambda row: names.index(str(row[0])))
    return Table(expected.columns, tuple(rows), tuple(found.units[i] for i in order))


def columns_of(expected: Line, found: Line) -> list[int | None]:
    """Return the column of `found` for each column of `expected`, by its words or position."""
    ours, theirs = ([_key(label) for label in line.labels] for line in (expected, found))
    is_named = len(set(ours)) == len(ours) and all(ours)
    if is_named and set(ours) <= set(theirs):
        return [theirs.index(key) for key in ours]
    if len(ours) == len(theirs):
        return list(range(len(theirs)))
    real = [[i for i, whole in enumerate(x.integers) if not whole] for x in (expected, found)]
    is_labelled = {ours[i][-1:] for i in real[0]} <= {theirs[i][-1:] for i in real[1]}
    if (
        len(real[0]) == len(real[1]) and not is_labelled
    ):  # counters may be written differently, such as `[3/10]` for `epoch 3`
        places = dict(zip(*real, strict=True))
        free = {at: key for at, key in enumerate(theirs) if at not in real[1]}
    else:
        places, free = {}, dict(enumerate(theirs))
    columns: list[int | None] = []
    for i, key in enumerate(ours):
        by_words = (at for at, other in free.items() if other[-1:] == key[-1:])
        columns.append(places[i] if i in places else next(by_words, None))
        free.pop(-1 if columns[-1] is None else columns[-1], None)
    return columns


def in_rows_of(expected: Line, found: Line) -> Line:
    """Return `found` with its lines in the order of `expected`, if the first number is a key.

    >>> # "class 0: 5", "class 1: 7" is equivalent to "class 1: 7", "class 0: 5"
    """
    if expected.values.shape != found.values.shape or not expected.integers[0]:
        return found
    ours, theirs = expected.values[:, 0], found.values[:, 0]
    if len(set(ours)) < len(ours) or sorted(ours) != sorted(theirs):
        return found
    order = np.argsort(theirs)[np.argsort(np.argsort(ours))]
    return Line(found.labels, found.values[order], found.units, found.integers)


def as_share(expected: Line, found: Line, column: int, place: int) -> float:
    """Return the factor for `found`: 0.01 or 100 if one is a fraction and one a percentage."""
    words = _key(expected.labels[column]) + _key(found.labels[place])
    ours, theirs = np.abs(expected.values[:, column]).max(), np.abs(found.values[:, place]).max()
    if not set(words) & set(PERCENT_WORDS):
        return 1.0
    return 0.01 if ours <= 1 < theirs <= 100 else 100.0 if theirs <= 1 < ours <= 100 else 1.0


def _key(label: str) -> tuple[str, ...]:
    return tuple("".join(c if c.isalnum() else " " for c in label).lower().split())


def _array_difference(expected: Array, found: Array, tolerance: float | None) -> Difference | None:
    form = form_difference(expected, found)
    if form is not None:
        return form
    is_exact = {family(expected.dtype), family(found.dtype)} <= {"int", "bool"}
    same = _same(expected, found, is_exact, tolerance)
    if same.all():
        return None
    sizes = np.abs(expected.values - found.values)
    at = int(np.argmax(np.where(same, -1.0, np.where(np.isfinite(sizes), sizes, np.inf))))
    here, there = _shown(found, at), _shown(expected, at)
    if len(same) == 1:
        return instead(here, there)
    index = ", ".join(str(int(i)) for i in np.unravel_index(at, found.shown))
    place = f"[{index}]{' of the values shown' if None in found.shape else ''}"
    count, note = int((~same).sum()), _value_note(expected, found)
    return Difference(
        f"{count} of {len(same)} values differ, most at {place}: {here} where the reference "
        f"has {there}{note}",
        f"{count} of {len(same)} values are wrong, among them {here} at {place}",
    )


def _same(a: Array, b: Array, is_exact: bool = False, tolerance: float | None = None) -> np.ndarray:
    return close(a.values, b.values, a.unit, b.unit, is_exact, tolerance)


def _value_note(expected: Array, found: Array) -> str:
    """Return a note on how values differ (transposed, permuted, scaled), "" if unknown."""
    a, b, unit = expected.values, found.values, expected.unit + found.unit
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return ""
    is_square = len(expected.shown) == 2 and expected.shown[0] == expected.shown[1]
    if is_square and close(a.reshape(expected.shown).T.ravel(), b, unit, unit).all():
        return "; it is transposed"
    if close(np.sort(a), np.sort(b), unit, unit).all():
        return "; the values are the same in another order"
    nonzero = np.abs(a) > 20 * unit
    if nonzero.sum() >= 2 and family(expected.dtype) != "bool":
        factors = b[nonzero] / a[nonzero]
        if factors[0] != 0 and np.allclose(factors, factors[0], rtol=0.02):
            factor = plain(round(float(factors.mean()), 4))
            return f"; all values are {factor} times the reference's"
    return ""


def _shown(array: Array, at: int) -> str:
    value = array.values[at]
    return str(bool(value)) if array.dtype == "bool" else plain(value)


def _line_difference(expected: Line, found: Line, tolerance: float | None) -> Difference | None:
    if len(expected.values) != len(found.values):
        here = f"{len(found.values)} lines"
        return instead(here, str(len(expected.values)), "are the wrong number of lines")
    found = in_rows_of(expected, found)
    problems = []
    for i, j in enumerate(columns_of(expected, found)):
        name = expected.labels[i].strip(" :=,") or f"number {i + 1}"
        if j is None:
            problems.append(alike(f"no number for {name}"))
            continue
        factor = as_share(expected, found, i, j)
        ours, theirs = expected.values[:, i], found.values[:, j] * factor
        is_exact = bool(expected.integers[i] and found.integers[j])
        units = float(expected.units[i]), float(found.units[j]) * factor
        same = close(ours, theirs, *units, is_exact, tolerance)
        if not same.all():
            row = int(np.argmin(same))
            problems.append(instead(f"{name} {plain(theirs[row])}", plain(ours[row])))
    return joined(problems)


def _table_difference(expected: Table, found: Table, tolerance: float | None) -> Difference | None:
    form = form_of_table_difference(expected, found)
    if form is not None:
        return form
    found = in_order_of(expected, found)
    places = ((r, c) for r in range(len(expected.rows)) for c in range(len(expected.columns)))
    wrong = [place for place in places if not _same_cell(expected, found, *place, tolerance)]
    if not wrong:
        return None
    here, there = (_cell_text(_at(table, *wrong[0])) for table in (found, expected))
    place = f"row {wrong[0][0] + 1}, column {expected.columns[wrong[0][1]] or 'index'}"
    return Difference(
        f"{len(wrong)} cells differ, the first in {place}: {here} where the reference has {there}",
        f"{len(wrong)} cells are wrong, the first in {place}: {here}",
    )


def _same_cell(
    expected: Table, found: Table, row: int, column: int, tolerance: float | None
) -> bool:
    a, b = _at(expected, row, column), _at(found, row, column)
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    units = expected.units[column], found.units[column]
    return bool(close(np.array(a), np.array(b), *units, tolerance=tolerance))


def _at(table: Table, row: int, column: int) -> Cell:
    return table.rows[row][column] if column < len(table.rows[row]) else ""


def _cell_text(cell: Cell) -> str:
    return repr(cell[:60]) if isinstance(cell, str) else plain(cell)


def _words_difference(expected: Text, found: Text, _: float | None) -> Difference | None:
    if same_words(expected, found):
        return None
    if not expected.is_value:
        here, there = found.text.partition(":"), expected.text.partition(":")
        is_labelled = bool(here[1]) and _bare(here[0]) == _bare(there[0])
        if not is_labelled:  # a remark in different words
            return None
    return instead(repr(found.text[:80]), repr(expected.text[:80]))


def _picture_difference(expected: Picture, found: Picture, _: float | None) -> Difference | None:
    for here, there in ((found.width, expected.width), (found.height, expected.height)):
        if here and there and here < SMALLEST_PICTURE * there:
            sizes = f"picture of {found.width:g} by {found.height:g}"
            return Difference(
                f"{sizes} where the reference's is {expected.width:g} by {expected.height:g}",
                f"{sizes} is much smaller than expected",
            )
    return None


def _failure_difference(expected: Failure, found: Failure, _: float | None) -> Difference | None:
    if expected.name == found.name:
        return None
    here = f"{found.name}: {found.message}"
    return Difference(f"{here}, where the reference raises {expected.name}", f"raises {here}")


def _bare(text: str) -> str:
    return "".join(text.replace("'", "").replace('"', "").split()).casefold()


def numbers_of(table: Table) -> np.ndarray:
    """Return the table's numbers as an array, with nan for other cells."""
    cells = [[c if isinstance(c, float) else math.nan for c in row[1:]] for row in table.rows]
    return np.array(cells) if len({len(row) for row in cells}) == 1 else np.zeros((0, 0))


_COMPARED: dict[type, Callable[[Any, Any, float | None], Difference | None]] = {
    Array: _array_difference,
    Line: _line_difference,
    Text: _words_difference,
    Table: _table_difference,
    Picture: _picture_difference,
    Failure: _failure_difference,
}
