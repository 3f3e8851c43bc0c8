"""Read one table of a TOML file key by key, with errors for wrong types and unknown keys.

Errors name the file, the key, what was found and what is allowed.
"""

import math
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from d2l.errors import D2LError

_MAX_SHOWN = 80  # characters of a wrong value in an error message
_NAMES = {
    str: "text", bool: "true or false", int: "a whole number", float: "a number", list: "a list",
    dict: "a table",
}  # fmt: skip


class TomlError(D2LError, ValueError):
    """Raised for a TOML file with missing, invalid or unknown keys."""


class TomlTable:
    """One table of a TOML file; `place` names it in errors, such as `hw1.toml, [limits]`.

    Invalid values raise `error_type`.
    """

    def __init__(
        self, values: Mapping[str, Any], place: str, error_type: type[D2LError] = TomlError
    ) -> None:
        self.values = values
        self.place = place
        self.error_type = error_type
        self._known_keys: dict[str, None] = {}  # in order

    def has(self, key: str) -> bool:
        """Whether the table has the optional `key`."""
        self._known_keys.setdefault(key)
        return key in self.values

    def text(self, key: str, default: str | None = None) -> str:
        """Return the text at `key`, not empty; an error without text and default."""
        value = self._get(key, default, str)
        if not value.strip():
            raise self.error(key, "is empty")
        return value

    def truth(self, key: str, default: bool) -> bool:
        """Return the boolean at `key`."""
        return self._get(key, default, bool)

    def number(self, key: str, default: float | None = None, *, positive: bool = False) -> float:
        """Return the finite number at `key`, 0 or more; more than 0 if `positive`."""
        value = float(self._get(key, default, float))
        if not math.isfinite(value) or value < 0 or (positive and value == 0):
            raise self.error(key, f"must be {'> 0' if positive else '>= 0'}; found {value:g}")
        return value

    def whole(self, key: str, default: int | None = None) -> int:
        """Return the whole number at `key`, 0 or more."""
        value = self._get(key, default, int)
        if value < 0:
            raise self.error(key, f"must be >= 0; found {value}")
        return value

    def wholes(self, key: str, default: list[int], *, most: int) -> tuple[int, ...]:
        """Return the list of 1 to `most` different whole numbers at `key`."""
        values = self._get(key, default, list)
        is_valid = all(type(value) is int and value >= 0 for value in values)
        if not is_valid or not 1 <= len(values) <= most or len(set(values)) < len(values):
            problem = f"must be 1 to {most} different whole numbers, such as {default}; found "
            raise self.error(key, problem + _short(values))
        return tuple(values)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the text or the list of texts at `key`, none of them empty."""
        values = self._get(key, None, object)
        values = [values] if isinstance(values, str) else values
        if not isinstance(values, list) or not values or not all(map(_is_text, values)):
            raise self.error(key, f"must be a text or a list of texts; found {_short(values)}")
        return tuple(values)

    def table(self, key: str) -> "TomlTable":
        """Return the table at `key`; an empty one if there is none."""
        return TomlTable(self._get(key, {}, dict), f"{self.place}, [{key}]", self.error_type)

    def tables(self, key: str) -> list["TomlTable"]:
        """Return the tables of the list at `key`, written `[[key]]`; [] if there is none."""
        values = self._get(key, [], list)
        if not all(isinstance(value, dict) for value in values):
            problem = f"must be tables, each headed by [[{key}]]; found {_short(values)}"
            raise self.error(key, problem)
        place, kind = f"{self.place}, [[{key}]]", self.error_type
        return [
            TomlTable(table, f"{place} {number}", kind) for number, table in enumerate(values, 1)
        ]

    def end(self) -> None:
        """Raise an error if the table has an unknown key; call this after reading all keys."""
        for key in self.values:
            if key not in self._known_keys:
                close = get_close_matches(key, self._known_keys, n=1)
                hint = f"did you mean {close[0]!r}? " if close else ""
                raise self.error(key, f"is unknown; {hint}Available: {', '.join(self._known_keys)}")

    def error(self, key: str, problem: str) -> D2LError:
        """Return an error about `key`."""
        return self.error_type(f"{self.place}: {key!r} {problem}")

    def _get(self, key: str, default: Any, kind: type) -> Any:
        self._known_keys.setdefault(key)
        if key not in self.values:
            if default is not None:
                return default
            found = f"; found {', '.join(self.values)}" if self.values else ""
            raise self.error(key, f"is missing{found}")
        value = self.values[key]
        fits = isinstance(value, (int, float) if kind is float else kind)
        if not fits or (isinstance(value, bool) and kind in (int, float)):
            expected = _NAMES.get(kind, kind.__name__)
            raise self.error(key, f"must be {expected}; found {_short(value)}")
        return value


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
