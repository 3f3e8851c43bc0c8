"""Read untrusted YAML as strings, lists and dicts: size limits, no types, no aliases of lists."""

from collections.abc import Iterator
from typing import Any

from d2l.errors import D2LError

MAX_BYTES = 64 * 2**20
MAX_NODES = 3_000_000
MAX_DEPTH = 40
Yaml = str | list["Yaml"] | dict[str, "Yaml"]


class YamlError(D2LError, ValueError):
    """Raised for a text that is not YAML, or exceeds the limits."""


def load_yaml(data: bytes) -> Yaml:
    """Return the contents of a YAML document, with every scalar as a string; ignores tags.

    Raises `YamlError` if it is corrupt, too large or too deep, or repeats a list or dict by an
    alias, because a few hundred bytes of aliases can expand to millions of values.
    """
    import yaml

    if len(data) > MAX_BYTES:
        raise YamlError(f"it has {len(data):,} bytes; at most {MAX_BYTES:,} are allowed")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Reader(yaml.parse(data, Loader=loader)).document()
    except (yaml.YAMLError, UnicodeError, StopIteration, RuntimeError) as error:
        raise YamlError(f"it is not valid YAML: {' '.join(str(error).split())[:200]}") from error


class _Reader:
    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._scalars: dict[str, str] = {}
        self._count = 0

    def document(self) -> Yaml:
        while type(event := next(self._events)).__name__ in (
            "StreamStartEvent",
            "DocumentStartEvent",
        ):
            pass
        return self._value(event, 0)

    def _value(self, event: Any, depth: int) -> Yaml:
        self._count += 1
        if depth > MAX_DEPTH or self._count > MAX_NODES:
            raise YamlError(f"it has more than {MAX_NODES:,} values or {MAX_DEPTH} nested levels")
        kind = type(event).__name__
        if kind == "ScalarEvent":
            if event.anchor:
                self._scalars[event.anchor] = event.value
            return str(event.value)
        if kind == "AliasEvent":
            if event.anchor not in self._scalars:
                raise YamlError(f"the alias {event.anchor!r} repeats a list or table")
            return self._scalars[event.anchor]
        if kind == "SequenceStartEvent":
            return [self._value(item, depth + 1) for item in self._until("SequenceEndEvent")]
        if kind != "MappingStartEvent":
            raise YamlError("it is empty")
        pairs: dict[str, Yaml] = {}
        for key in self._until("MappingEndEvent"):
            name = self._value(key, depth + 1)
            pairs[str(name)] = self._value(next(self._events), depth + 1)
        return pairs

    def _until(self, end: str) -> Iterator[Any]:
        while type(event := next(self._events)).__name__ != end:
            yield event
