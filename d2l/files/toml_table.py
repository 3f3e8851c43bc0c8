"""One table of a TOML file, read key by key: a key of another type, or one that was not requested,
is an error that names the file, the key, what was found and what is possible.
"""

import math
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from d2l.errors import D2LError

_SHOWN = 80  # characters of a wrong value that an error repeats
_NAMES = {
    str: "text", bool: "true or false", int: "a whole number", float: "a number", list: "a list",
    dict: "a table",
}  # fmt: skip


class TomlError(D2LError, ValueError):
    """A TOML file that does not say what it has to say, or something else."""


class TomlTable:
    """The keys of one table; `place` is what an error calls it, such as `hw1.toml, [limits]`.

    What does not fit raises `error_type`.
    """

    def __init__(
        self, values: Mapping[str, Any], place: str, error_type: type[D2LError] = TomlError
    ) -> None:
        self.values = values
        self.place = place
        self.error_type = error_type
        self._asked: dict[str, None] = {}  # in order

    def has(self, key: str) -> bool:
        """Whether there is a `key`, which may be there."""
        self._asked.setdefault(key)
        return key in self.values

    def text(self, key: str, default: str | None = None) -> str:
        """The text at `key`, not empty; an error if there is neither text nor default."""
        value = self._get(key, default, str)
        if not value.strip():
            raise self.error(key, "is empty")
        return value

    def truth(self, key: str, default: bool) -> bool:
        """Whether `key` is true."""
        return self._get(key, default, bool)

    def number(self, key: str, default: float | None = None, *, positive: bool = False) -> float:
        """The finite number at `key`, 0 or more; more than 0 if `positive`."""
        value = float(self._get(key, default, float))
        if not math.isfinite(value) or value < 0 or (positive and value == 0):
            raise self.error(key, f"is {value:g}: {'more than 0' if positive else '0 or more'}")
        return value

    def whole(self, key: str, default: int | None = None) -> int:
        """The whole number at `key`, 0 or more."""
        value = self._get(key, default, int)
        if value < 0:
            raise self.error(key, f"is {value}: 0 or more")
        return value

    def wholes(self, key: str, default: list[int], *, most: int) -> tuple[int, ...]:
        """The list of 1 to `most` different whole numbers at `key`."""
        values = self._get(key, default, list)
        right = all(type(value) is int and value >= 0 for value in values)
        if not right or not 1 <= len(values) <= most or len(set(values)) < len(values):
            problem = f"is {_short(values)}: 1 to {most} different whole numbers, such as {default}"
            raise self.error(key, problem)
        return tuple(values)

    def texts(self, key: str) -> tuple[str, ...]:
        """The text at `key`, or the list of texts, of which none is empty."""
        values = self._get(key, None, object)
        values = [values] if isinstance(values, str) else values
        if not isinstance(values, list) or not values or not all(map(_is_text, values)):
            raise self.error(key, f"is {_short(values)}: a text, or a list of texts")
        return tuple(values)

    def table(self, key: str) -> "TomlTable":
        """The table at `key`; an empty one if there is none."""
        return TomlTable(self._get(key, {}, dict), f"{self.place}, [{key}]", self.error_type)

    def tables(self, key: str) -> list["TomlTable"]:
        """The tables of the list at `key`, written `[[key]]`; none if there is none."""
        values = self._get(key, [], list)
        if not all(isinstance(value, dict) for value in values):
            raise self.error(key, f"is {_short(values)}: tables, each headed by [[{key}]]")
        place, kind = f"{self.place}, [[{key}]]", self.error_type
        return [
            TomlTable(table, f"{place} {number}", kind) for number, table in enumerate(values, 1)
        ]

    def end(self) -> None:
        """Raise an error if the table has a key that was not asked for."""
        for key in self.values:
            if key not in self._asked:
                close = get_close_matches(key, self._asked, n=1)
                hint = f"do you mean {close[0]!r}? " if close else ""
                raise self.error(key, f"is unknown; {hint}There are {', '.join(self._asked)}")

    def error(self, key: str, problem: str) -> D2LError:
        """The error that says what is wrong with `key`."""
        return self.error_type(f"{self.place}: {key!r} {problem}")

    def _get(self, key: str, default: Any, kind: type) -> Any:
        self._asked.setdefault(key)
        if key not in self.values:
            if default is not None:
                return default
            there = f"; there are {', '.join(self.values)}" if self.values else ""
            raise self.error(key, f"is missing{there}")
        value = self.values[key]
        fits = isinstance(value, (int, float) if kind is float else kind)
        if not fits or (isinstance(value, bool) and kind in (int, float)):
            asked = _NAMES.get(kind, kind.__name__)
            raise self.error(key, f"is {_short(value)}: asked for {asked}")
        return value


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
