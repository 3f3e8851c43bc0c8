"""Compare an item in several runs of a submission with the same item in runs of the reference.

An item is random if it differs between the reference's runs, which differ only in their seeds.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from d2l.grader.compare.compare_curves import curve_difference, curves_difference
from d2l.grader.compare.differences import (
    Difference,
    alike,
    as_share,
    columns_of,
    difference,
    form_difference,
    form_of_table_difference,
    in_order_of,
    in_rows_of,
    instead,
    joined,
    numbers_of,
    plain,
    same_shape,
)
from d2l.grader.compare.distributions import Numbers, expected_text, values_difference
from d2l.grader.compare.tolerance import (
    AUTO,
    FEW_COUNTS,
    FEW_RUNS,
    LOG_FACTOR,
    LONG_LOG,
    LONG_TEXT,
    MOST_EXAMPLES,
    ROUNDED_ALIKE,
    Rule,
    close,
    is_deterministic,
)
from d2l.grader.outputs.output_values import Array, Curve, Curves, Line, Output, Table, Text, family


def repeats_difference(
    expected: Sequence[Output], found: Sequence[Output], alpha: float, rule: Rule = AUTO
) -> Difference | None:
    """Return how an item in a submission's runs differs from the same item in the reference's.

    `alpha` is the rate of false alarms for random items.
    """
    expected, found = _without_words(expected, found), _without_words(found, expected)
    if rule.compare == "shape":
        return _form_difference(expected[0], found)
    if rule.compare == "exact":
        pairs = zip(expected, found, strict=False)
        return next(filter(None, (difference(e, f, rule.tolerance) for e, f in pairs)), None)
    if rule.tolerance is not None and is_random(expected):
        return _mean_difference(expected, found, rule.tolerance)
    for kind, compare in _RANDOM.items():
        ours, theirs = _all(kind, expected), _all(kind, found)
        if ours and theirs and is_random(ours):
            return compare(ours, theirs, alpha)
    problems = [difference(expected[0], run, rule.tolerance) for run in found]
    if None in problems and all(map(_is_truth, (*expected, *found))):
        return None
    problem = next(filter(None, problems), None)
    return None if problem and _is_rounded_alike(expected, found) else problem


def is_random(items: Sequence[Output]) -> bool:
    """Whether an item differs between runs; curves, which amplify rounding, count as random."""
    first, *others = (_content(item) for item in items)
    if first is None:
        return isinstance(items[0], Curves)
    if isinstance(first, str):
        return any(other != first for other in others)
    return not all(isinstance(o, np.ndarray) and is_deterministic(first, o) for o in others)


def num_random_values(items: Sequence[Output]) -> int:
    """Return the number of values of a random item in each run, 0 if it is not random."""
    if not is_random(items) or isinstance(items[0], Text):
        return 0
    if isinstance(items[0], Curves):
        return 4
    content = _content(items[0])
    return content.size if isinstance(content, np.ndarray) else 0


def _is_truth(item: Output) -> bool:
    """Whether all runs may agree by chance: `(100 * a) / a == 100` is false for few `a`.

    If a submission's runs disagree, the item is random there, and matches if one run matches.
    """
    return isinstance(item, Array) and family(item.dtype) == "bool"


def _is_rounded_alike(expected: Sequence[Output], found: Sequence[Output]) -> bool:
    """Whether a random number was rounded to the same digits in all runs of the reference."""
    ours, theirs = ([_content(item) for item in items] for items in (expected, found))
    first = ours[0]
    if not isinstance(first, np.ndarray) or isinstance(expected[0], Table):
        return False
    values = [x for x in theirs if isinstance(x, np.ndarray) and x.shape == first.shape]
    if len(values) < len(theirs) or first.size > FEW_COUNTS or not 1 < len(ours) < FEW_RUNS:
        return False
    shown = expected[0]
    units = shown.units if isinstance(shown, Line) else getattr(shown, "unit", 0.0)
    return is_random(found) and _is_near(first, values, units)


def _is_near(ours: np.ndarray, theirs: Sequence[np.ndarray], units: np.ndarray | float) -> bool:
    """Whether numbers differ by a few last digits, or integers by a few square roots."""
    whole = np.where(ours == np.round(ours), 3 * np.abs(ours) ** 0.5, 0.0)
    room = np.where(np.asarray(units) > 0, ROUNDED_ALIKE * np.asarray(units), whole)
    if ours.size == 1:
        room = np.maximum(room, _binomial_room(np.array([ours, *theirs]).ravel(), np.max(units)))
    return all((np.abs(values - ours) <= room * 1.001).all() for values in theirs)


def _binomial_room(shares: np.ndarray, unit: float) -> float:
    """Return the allowed difference of fractions, assuming the smallest possible denominator."""
    if unit <= 0 or not ((shares >= 0) & (shares <= 1)).all():
        return 0.0
    counts = np.arange(2, MOST_EXAMPLES)[:, None]
    nearest = np.round(shares * counts) / counts
    fits = (np.abs(nearest - shares) <= 0.501 * unit).all(axis=1)
    if not fits.any():
        return 0.0
    n = float(counts[np.argmax(fits), 0])
    return 4 * (max(shares[0] * (1 - shares[0]), 1 / n) / n) ** 0.5


def _form_difference(expected: Output, found: Sequence[Output]) -> Difference | None:
    for item in found:
        if isinstance(expected, Array) and isinstance(item, Array):
            problem = form_difference(expected, item)
        elif isinstance(expected, Table) and isinstance(item, Table):
            problem = form_of_table_difference(expected, item)
        else:
            is_same = type(expected) is type(item)
            problem = None if is_same else instead(item.what, expected.what)
        if problem is not None:
            return problem
    return None


def _mean_difference(
    expected: Sequence[Output], found: Sequence[Output], tolerance: float
) -> Difference | None:
    """Compare the means over runs of random numbers with the instructor's tolerance."""
    ours, theirs = ([_content(item) for item in items] for items in (expected, found))
    shapes = {x.shape for x in (*ours, *theirs) if isinstance(x, np.ndarray)}
    if len(shapes) > 1 or any(not isinstance(x, np.ndarray) for x in (*ours, *theirs)):
        return _form_difference(expected[0], found)
    a, b = np.array(ours).mean(axis=0), np.array(theirs).mean(axis=0)
    if close(a, b, 0.0, 0.0, tolerance=tolerance).all():
        return None
    at = int(np.argmax(np.abs(a - b)))
    here = plain(float(b.ravel()[at]))
    return Difference(
        f"{expected_text(np.array(ours).reshape(len(ours), -1)[:, at])} with relative tolerance "
        f"{tolerance:.3g}, found {here}",
        f"{here} is further from the expected value than the tolerance",
    )


def _random_arrays(
    expected: Sequence[Array], found: Sequence[Array], alpha: float
) -> Difference | None:
    if not all(same_shape(expected[0], array) for array in expected):
        return _dimensions_difference(expected[0], found)
    for array in found:
        problem = form_difference(expected[0], array)
        if problem is not None:
            return problem
    ours, theirs = (np.array([array.values for array in side]) for side in (expected, found))
    is_whole = family(expected[0].dtype) in ("int", "bool")
    unit = 1.0 if is_whole else max(array.unit for array in (*expected, *found))
    return values_difference(ours, theirs, Numbers(unit, alpha, expected[0].shown))


def _dimensions_difference(expected: Array, found: Sequence[Array]) -> Difference | None:
    """Compare the number of axes of arrays with random shapes."""
    for array in found:
        if len(array.shape) != len(expected.shape):
            return instead(f"{len(array.shape)} axes", str(len(expected.shape)), "are wrong")
    return None


def _random_lines(
    expected: Sequence[Line], found: Sequence[Line], alpha: float
) -> Difference | None:
    """Compare column by column: deterministic values, random values, or curves."""
    if len({line.labels for line in expected}) > 1:  # the words are random too
        return None
    count, here = len(expected[0].values), len(found[0].values)
    if count >= LONG_LOG and not 1 / LOG_FACTOR < here / count < LOG_FACTOR:
        return instead(f"{here} lines", str(count), "are the wrong number of lines")
    found = [in_rows_of(expected[0], line) for line in found]
    problems = []
    for column, place in enumerate(columns_of(expected[0], found[0])):
        name = expected[0].labels[column].strip(" :=,") or f"number {column + 1}"
        # The frequency of a log and its counters are not compared.
        if count > 1 and _is_counter(expected, column):
            continue
        if place is None or any(place >= len(line.labels) for line in found):
            problems.append(alike(f"no number for {name}"))
            continue
        lines = [_column(line, place, as_share(expected[0], line, column, place)) for line in found]
        own = [_column(line, column) for line in expected]
        problem = _column_difference(name, own, lines, alpha / len(expected[0].labels))
        if problem is not None:
            problems.append(problem)
    return joined(problems)


def _is_counter(lines: Sequence[Line], column: int) -> bool:
    """Whether a number increases from line to line in equal steps, like epochs."""
    counts = lines[0].values[:, column]
    is_fixed = all(is_deterministic(counts, line.values[:, column]) for line in lines)
    return is_fixed and bool(lines[0].integers[column]) and len(set(np.diff(counts))) == 1


def _column_difference(
    name: str, expected: Sequence[Line], found: Sequence[Line], alpha: float
) -> Difference | None:
    ours, theirs = ([line.values[:, 0] for line in lines] for lines in (expected, found))
    lengths = {len(column) for column in (*ours, *theirs)}
    if all(is_deterministic(ours[0], other) for other in ours):
        if len(lengths) > 1:
            return None
        problem = next(filter(None, (difference(expected[0], line) for line in found)), None)
        unit = 0.0 if expected[0].integers[0] else float(expected[0].units[0])
        is_drawn = unit > 0 or not is_deterministic(theirs[0], theirs[-1])
        is_alike = is_drawn and len(ours) < FEW_RUNS and _is_near(ours[0], theirs, unit)
        return None if is_alike else problem
    if min(lengths) >= LONG_LOG:
        return curve_difference(name, _curves(name, ours), _curves(name, theirs), alpha)
    last = slice(None) if len(lengths) == 1 else slice(-1, None)
    a, b = (np.array([column[last] for column in side]) for side in (ours, theirs))
    unit = 1.0 if expected[0].integers[0] else float(max(expected[0].units[0], found[0].units[0]))
    problem = values_difference(a, b, Numbers(unit, alpha))
    return problem and Difference(f"{name}: {problem.message}", f"{name}: {problem.hint}")


def _curves(name: str, columns: Sequence[np.ndarray]) -> list[Curve]:
    return [Curve(name, np.linspace(0, 1, len(y)), y) for y in columns]


def _column(line: Line, i: int, factor: float = 1.0) -> Line:
    part = slice(i, i + 1)
    values, units = line.values[:, part] * factor, line.units[part] * factor
    return Line(line.labels[part], values, units, line.integers[part])


def _random_tables(
    expected: Sequence[Table], found: Sequence[Table], alpha: float
) -> Difference | None:
    for table in found:
        problem = form_of_table_difference(expected[0], table)
        if problem is not None:
            return problem
    theirs = [in_order_of(expected[0], table) for table in found]
    a, b = ([numbers_of(table) for table in side] for side in (expected, theirs))
    if len({x.shape for x in (*a, *b)}) > 1:
        return difference(expected[0], theirs[0])
    ours, answers = np.array(a), np.array(b)
    problems = []
    for column, name in enumerate(expected[0].columns[1:]):
        kept = np.isfinite(ours[:, :, column]).all(axis=0)
        x, y = ours[:, kept, column], answers[:, kept, column]
        unit = max(t.units[column + 1] for t in (expected[0], theirs[0]))
        if all(is_deterministic(x[0], row) for row in x):
            problem = next((_fixed(x[0], row, unit) for row in y if _fixed(x[0], row, unit)), None)
        else:
            whole = 1.0 if (x == np.round(x)).all() else unit
            numbers = Numbers(whole, alpha / max(ours.shape[2], 1))
            problem = values_difference(x, y, numbers)
        if problem is not None:
            place = f"column {name}: "
            problems.append(Difference(place + problem.message, place + problem.hint))
    return joined(problems)


def _fixed(expected: np.ndarray, found: np.ndarray, unit: float) -> Difference | None:
    same = close(expected, found, unit, unit)
    if same.all() or _is_near(expected, [found], unit):
        return None
    at = int(np.argmin(same))
    return instead(plain(float(found[at])), plain(float(expected[at])))


def _random_words(expected: Sequence[Text], found: Sequence[Text], _: float) -> Difference | None:
    """Compare generated text: any words match, unless they are the same in each run."""
    texts, theirs = {words.text for words in expected}, {words.text for words in found}
    is_fixed = len(found) > 1 and len(theirs) == 1 and len(found[0].text) >= LONG_TEXT
    if not is_fixed or len(texts) < len(expected):
        return None
    return alike("the text is identical for every seed, but should be random")


_RANDOM: dict[type, Callable[[Any, Any, float], Difference | None]] = {
    Curves: curves_difference,
    Array: _random_arrays,
    Line: _random_lines,
    Table: _random_tables,
    Text: _random_words,
}


def _content(item: Output) -> np.ndarray | str | None:
    if isinstance(item, Array | Line):
        return item.values
    if isinstance(item, Table):
        return numbers_of(item)
    return item.text if isinstance(item, Text) else None


def _all(kind: type, items: Sequence[Output]) -> list[Any]:
    """Return the items if all are of this kind, otherwise an empty list."""
    matching = [item for item in items if isinstance(item, kind)]
    return matching if len(matching) == len(items) else []


def _without_words(items: Sequence[Output], others: Sequence[Output]) -> list[Output]:
    """Replace a line with one number by the number, if the others have a number without words."""
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
    number = Array("number", shown, (), (), line.values[0], float(line.units[0]), label)
    return replace(number, unit=0.0 if is_integer else number.unit)
