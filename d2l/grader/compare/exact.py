"""Compares one item with the one it should be, where the reference shows the same in each run."""

from collections.abc import Callable
from typing import Any

from d2l.grader.compare.array_difference import array_difference
from d2l.grader.compare.difference import Difference
from d2l.grader.compare.line_difference import line_difference
from d2l.grader.compare.outputs import Array, Curves, Failure, Line, Output, Picture, Table, Text
from d2l.grader.compare.tables import table_difference

_SIZE_FACTOR = 3.0  # pictures may be this much larger or smaller


def difference(expected: Output, found: Output) -> Difference | None:
    """Return how `found` differs from `expected`; None if it does not."""
    for kind, compare in _COMPARED.items():
        if isinstance(expected, kind) and isinstance(found, kind):
            return compare(expected, found)
    if isinstance(expected, Picture) and isinstance(found, Curves):  # a picture with points
        return None
    return Difference(
        f"{found.what} where the reference has {expected.what}",
        f"{found.what} is not what was asked for",
    )


def same_words(expected: Text, found: Text) -> bool:
    """Whether two texts are the same but for case, white space and quotes."""
    return _bare(expected.text) == _bare(found.text)


def _words_difference(expected: Text, found: Text) -> Difference | None:
    if same_words(expected, found):
        return None
    if not expected.is_value:
        here, there = found.text.partition(":"), expected.text.partition(":")
        is_labelled = bool(here[1]) and _bare(here[0]) == _bare(there[0])
        if not is_labelled:  # a remark in other words
            return None
    return Difference(
        f"{found.text[:80]!r} where the reference has {expected.text[:80]!r}",
        f"{found.text[:80]!r} is not right",
    )


def _picture_difference(expected: Picture, found: Picture) -> Difference | None:
    for here, there in ((found.width, expected.width), (found.height, expected.height)):
        if here and there and not 1 / _SIZE_FACTOR <= here / there <= _SIZE_FACTOR:
            sizes = f"picture of {found.width:g} by {found.height:g}"
            return Difference(
                f"{sizes} where the reference's is {expected.width:g} by {expected.height:g}",
                f"{sizes} is of another size than asked for",
            )
    return None


def _failure_difference(expected: Failure, found: Failure) -> Difference | None:
    if expected.name == found.name:
        return None
    here = f"{found.name}: {found.message}"
    return Difference(f"{here}, where the reference raises {expected.name}", f"raises {here}")


def _bare(text: str) -> str:
    return "".join(text.replace("'", "").replace('"', "").split()).casefold()


_COMPARED: dict[type, Callable[[Any, Any], Difference | None]] = {
    Array: array_difference,
    Line: line_difference,
    Text: _words_difference,
    Table: table_difference,
    Picture: _picture_difference,
    Failure: _failure_difference,
}
