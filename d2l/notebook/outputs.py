"""Collect the outputs of one cell from the kernel's messages, with a limit for each kind.

The messages may come from untrusted code, so every part is validated; the result is a list of plain
dictionaries in the form of nbformat's outputs.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Output = dict[str, Any]

JSON_KIND = re.compile(r"application/(.*\+)?json")  # nbformat's rule
MAX_TRACEBACK = 20_000
MAX_MESSAGE = 2_000
MAX_DISPLAYS = 50
MAX_DEPTH = 40  # nesting of lists and objects
MAX_KINDS = 10  # MIME types of one display: text, HTML, picture, …


@dataclass(frozen=True)
class Caps:
    """Limits for one cell: characters of streams and of text displays, and of other displays."""

    characters: int = 20_000_000
    rich: int = 200_000_000


class Outputs:
    """The outputs of one cell; `shown` are the displays of the whole run by their ids."""

    def __init__(self, caps: Caps, shown: dict[str, list[Output]]) -> None:
        self.execution_count: int | None = None
        self._caps = caps
        self._shown = shown
        self._list: list[Output] = []
        self._clear_before_next = False
        self._dropped_characters = 0
        self._dropped_displays = 0

    def add(self, kind: str, content: Mapping[str, Any]) -> None:
        """Process one message of the kernel; messages without output are ignored."""
        count = content.get("execution_count")
        if isinstance(count, int):
            self.execution_count = count
        if kind == "stream":
            self._write(content)
        elif kind in ("display_data", "execute_result"):
            self._display(kind, content)
        elif kind == "update_display_data":
            self._update(content)
        elif kind == "error":
            self._append(_error(content))
        elif kind == "clear_output":
            self._clear(bool(content.get("wait")))

    def fail(self, name: str, message: str) -> None:
        """Add an error that the code did not raise: a timeout, or a kernel that died."""
        self._append(_error({"ename": name, "evalue": message, "traceback": []}))

    def finish(self) -> list[Output]:
        """Return the outputs, with a final note if some were dropped."""
        notes = []
        if self._dropped_characters:
            notes.append(f"{self._dropped_characters:,} more characters")
        if self._dropped_displays:
            notes.append(f"{self._dropped_displays:,} more pictures or tables")
        if not notes:
            return self._list
        note = f"[d2l: {' and '.join(notes)} were removed]\n"
        return [*self._list, {"output_type": "stream", "name": "stderr", "text": note}]

    def _write(self, content: Mapping[str, Any]) -> None:
        name, text = content.get("name"), content.get("text")
        if name not in ("stdout", "stderr") or not isinstance(text, str) or not text:
            return
        self._clear_if_due()
        room = max(0, self._caps.characters - self._characters("stream"))
        self._dropped_characters += max(0, len(text) - room)
        if not room:
            return
        streams = (output for output in self._list if output["output_type"] == "stream")
        stream = next((output for output in streams if output["name"] == name), None)
        if stream is None:
            stream = {"output_type": "stream", "name": name, "text": ""}
            self._append(stream)
        stream["text"] = _continued(stream["text"], clean(text[:room]))

    def _display(self, kind: str, content: Mapping[str, Any]) -> None:
        output: Output = {"output_type": kind, **_bundle(content)}
        if kind == "execute_result":
            output["execution_count"] = self.execution_count
        self._clear_if_due()
        if not self._has_room(output):
            self._dropped_displays += 1
            return
        self._append(output)
        name = _display_name(content)
        if name:
            self._shown.setdefault(name, []).append(output)

    def _update(self, content: Mapping[str, Any]) -> None:
        bundle = _bundle(content)
        for output in self._shown.get(_display_name(content), []):
            before = dict(output)
            output.update(data={}, metadata={})
            fits = self._has_room(bundle)
            output.update(bundle if fits else before)
            self._dropped_displays += not fits

    def _has_room(self, output: Output) -> bool:
        texts, rich = _sizes(output)
        is_few = sum("data" in other for other in self._list) < MAX_DISPLAYS or not (texts or rich)
        fits = texts + self._characters("data") <= self._caps.characters
        return is_few and fits and rich + self._rich() <= self._caps.rich

    def _characters(self, kind: str) -> int:
        if kind == "stream":
            return sum(len(output.get("text", "")) for output in self._list)
        return sum(_sizes(output)[0] for output in self._list if "data" in output)

    def _rich(self) -> int:
        return sum(_sizes(output)[1] for output in self._list if "data" in output)

    def _append(self, output: Output) -> None:
        self._clear_if_due()
        self._list.append(output)

    def _clear(self, wait: bool) -> None:
        self._clear_before_next = True
        if not wait:
            self._clear_if_due()

    def _clear_if_due(self) -> None:
        if self._clear_before_next:
            self._list.clear()
            self._clear_before_next = False


def clean(text: str) -> str:
    """Return `text` with lone surrogates, which cannot be encoded, replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def clean_data(data: Any) -> Any:
    """Return a copy of plain data with all strings cleaned."""
    return json.loads(clean(json.dumps(data, ensure_ascii=False)))


def is_deeper(data: object, depth: int) -> bool:
    """Whether plain data are nested more than `depth` levels deep."""
    if isinstance(data, dict):
        data = list(data.values())
    if not isinstance(data, list):
        return False
    return not depth or any(is_deeper(part, depth - 1) for part in data)


def _error(content: Mapping[str, Any]) -> Output:
    lines = content.get("traceback")
    text = "\n".join(str(line) for line in lines) if isinstance(lines, list) else ""
    if len(text) > MAX_TRACEBACK:  # the end has the error
        text = "…\n" + text[-MAX_TRACEBACK:]
    return {
        "output_type": "error",
        "ename": clean(str(content.get("ename", "")))[:MAX_MESSAGE],
        "evalue": clean(str(content.get("evalue", "")))[:MAX_MESSAGE],
        "traceback": clean(text).split("\n") if text else [],
    }


def _bundle(content: Mapping[str, Any]) -> Output:
    """Return the data of a display: strings, and JSON for JSON types, nothing else."""
    data = content.get("data")
    kinds = list(data.items())[:MAX_KINDS] if isinstance(data, dict) else []
    kept: Output = {}
    for kind, value in kinds:
        if isinstance(value, str):
            kept[clean(kind)] = clean(value)
        elif JSON_KIND.fullmatch(kind) and not is_deeper(value, MAX_DEPTH - 10):
            kept[clean(kind)] = clean_data(value)
    metadata = content.get("metadata")
    is_small = isinstance(metadata, dict) and len(str(metadata)) < MAX_MESSAGE
    return {"data": kept, "metadata": clean_data(metadata) if is_small else {}}


def _display_name(content: Mapping[str, Any]) -> str:
    transient = content.get("transient")
    return str(transient.get("display_id") or "") if isinstance(transient, dict) else ""


def _sizes(output: Output) -> tuple[int, int]:
    """Return the number of characters of text in a display, and of other data."""
    lengths = [(kind, len(str(value))) for kind, value in output["data"].items()]
    texts = sum(length for kind, length in lengths if kind.startswith("text/"))
    return texts, sum(length for _, length in lengths) - texts


def _continued(before: str, text: str) -> str:
    """Return what a terminal shows of both: returns and backspaces overwrite their line."""
    start = before.rfind("\n") + 1
    if not any(sign in text or sign in before[start:] for sign in "\r\b"):
        return before + text
    lines = (before[start:] + text).split("\n")
    return before[:start] + "\n".join(_written_over(line) for line in lines)


def _written_over(line: str) -> str:
    core = line.rstrip("\r")
    returns = "\r" if len(core) < len(line) else ""  # the next text overwrites the line
    last = core.rpartition("\r")[2]
    return (_without_backspaces(last) if "\b" in last else last) + returns


def _without_backspaces(line: str) -> str:
    shown: list[str] = []
    for sign in line:
        if sign != "\b":
            shown.append(sign)
        elif shown:
            shown.pop()
    return "".join(shown)
