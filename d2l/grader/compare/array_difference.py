"""How one array differs from the array it should be: shape, then dtype, then values."""

import numpy as np

from d2l.grader.compare.difference import Difference, plain
from d2l.grader.compare.outputs import Array, family, shape_text
from d2l.grader.compare.tolerance import close


def array_difference(expected: Array, found: Array) -> Difference | None:
    """Return how shape, dtype or, where these are right, the values differ."""
    return form_difference(expected, found) or _value_difference(expected, found)


def form_difference(expected: Array, found: Array) -> Difference | None:
    """Return how shape and dtype differ."""
    if not same_shape(expected, found):
        here, there = shape_text(found.shape), shape_text(expected.shape)
        note = _shape_note(expected, found)
        return Difference(
            f"shape {here} where the reference has {there}{note}",
            f"shape {here} is not the one asked for",
        )
    here, there = _dtypes(found, expected)
    if here != there:
        return Difference(
            f"dtype {here} where the reference has {there}",
            f"dtype {here} is not the one asked for",
        )
    return None


def same_shape(expected: Array, found: Array) -> bool:
    """Whether two arrays have the same shape, as far as it was printed."""
    if len(expected.shape) != len(found.shape) or expected.shown != found.shown:
        return False
    pairs = zip(expected.shape, found.shape, strict=True)
    return all(a == b or a is None or b is None for a, b in pairs)


def _value_difference(expected: Array, found: Array) -> Difference | None:
    is_exact = {family(expected.dtype), family(found.dtype)} <= {"int", "bool"}
    same = close(expected.values, found.values, expected.unit, found.unit, is_exact)
    if same.all():
        return None
    sizes = np.abs(expected.values - found.values)
    at = int(np.argmax(np.where(same, -1.0, np.where(np.isfinite(sizes), sizes, np.inf))))
    here, there = _shown(found, at), _shown(expected, at)
    if len(same) == 1:
        return Difference(f"{here} where the reference has {there}", f"{here} is not right")
    place = _place(found, at)
    count = f"{int((~same).sum())} of {len(same)} values differ"
    note = _value_note(expected, found)
    return Difference(
        f"{count}, most of all at {place}: {here} where the reference has {there}{note}",
        f"{int((~same).sum())} of {len(same)} values are not right, among them {here} at {place}",
    )


def _shape_note(expected: Array, found: Array) -> str:
    if len(expected.values) != len(found.values) or len(found.values) == 0:
        return ""
    if close(expected.values, found.values, expected.unit, found.unit).all():
        return ", though the values are the same"
    return ""


def _value_note(expected: Array, found: Array) -> str:
    """What is known about the way in which values differ; empty if nothing is."""
    a, b = expected.values, found.values
    unit = expected.unit + found.unit
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
            return (
                f"; all values are {plain(round(float(factors.mean()), 4))} times the reference's"
            )
    return ""


def _dtypes(found: Array, expected: Array) -> tuple[str, str]:
    is_same_kind = found.kind == expected.kind and found.kind in ("tensor", "array")
    if is_same_kind and not {found.dtype, expected.dtype} & {"float", "int"}:
        return found.dtype, expected.dtype
    return family(found.dtype), family(expected.dtype)


def _shown(array: Array, at: int) -> str:
    value = array.values[at]
    return str(bool(value)) if array.dtype == "bool" else plain(value)


def _place(array: Array, at: int) -> str:
    index = ", ".join(str(int(i)) for i in np.unravel_index(at, array.shown))
    return f"[{index}]{' of what is shown' if None in array.shape else ''}"
