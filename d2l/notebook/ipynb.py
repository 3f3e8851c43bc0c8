"""Parse .ipynb files with bounded cost, and repair deviations from the format.

Editors other than Jupyter omit required fields or add unknown ones. The result is valid, with the
code, text and outputs of the file.
"""

import json
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import nbformat
from nbformat import NotebookNode

from d2l.notebook.outputs import JSON_KIND, is_deeper

MAX_DEPTH = 60  # nesting of lists and objects; Jupyter's own notebooks have 8 levels
MAX_CONTAINERS = 100_000  # lists and objects; a plot with all its data has a few thousand
MAX_VALUES = 2_000_000  # lines and numbers; in Python each takes about 100 bytes
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_CELL_KEYS = {"cell_type", "id", "metadata", "source", "attachments"}
_CODE_KEYS = {"outputs", "execution_count"}
_KINDS = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip archive",
    b"version https://git-lfs": "a Git LFS pointer",
}
_OLD_TYPES = {"pyout": "execute_result", "pyerr": "error"}
_OLD_KINDS = {
    "text": "text/plain", "html": "text/html", "latex": "text/latex", "png": "image/png",
    "jpeg": "image/jpeg", "svg": "image/svg+xml",
}  # fmt: skip


def parse_ipynb(
    content: bytes, max_cells: int, on_note: Callable[[str], None] = lambda note: None
) -> NotebookNode:
    """Return the notebook in the content of a file, in the current version of the format.

    `on_note` is called with a line for each kind of repair. Raises any exception for content that
    is not a notebook, `ValueError` if it is recognised as something else.
    """
    content = content.removeprefix(b"\xef\xbb\xbf")
    if content.lstrip()[:1] not in (b"{", b"["):
        raise ValueError(_recognised(content))
    _require_small(content)
    notebook = _parsed(content, max_cells)
    repair = _Repair()
    cells = [repair.cell(number, cell) for number, cell in enumerate(notebook.cells, start=1)]
    for note, count in repair.notes.items():
        on_note(f"{note} ({count}x)" if count > 1 else note)
    metadata = _without(notebook.metadata, authors=list, title=str)
    return nbformat.from_dict(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    )


def _recognised(content: bytes) -> str:
    """Return what a file is that is not JSON."""
    start = content[:4000].lstrip()
    if not start:
        return "the file is empty"
    if start.startswith(b"<"):
        return "the file is a web page saved as .ipynb; download the notebook itself"
    for beginning, kind in _KINDS.items():
        if start.startswith(beginning):
            return f"the file is {kind} saved as .ipynb"
    if re.search(rb"^(import |from \w+ import|def |class |print\(|# ?%%|#!|\w+ = )", start, re.M):
        return "the file is a Python script saved as .ipynb; rename it to .py"
    return "the file is not JSON"


def _require_small(content: bytes) -> None:
    """Check sizes before parsing: a list of two bytes takes a hundred in memory."""
    outside = _STRING.sub(b"", content)
    containers = outside.count(b"[") + outside.count(b"{")
    values = outside.count(b",") + containers
    for count, most, what in (
        (containers, MAX_CONTAINERS, "lists and objects"),
        (values, MAX_VALUES, "values"),
    ):
        if count > most:
            raise ValueError(
                f"the notebook has {count:,} {what}, but the limit is {most:,}; clear its outputs"
            )


def _parsed(content: bytes, max_cells: int) -> NotebookNode:
    data = json.loads(content.decode("utf-8"))  # given bytes, json would guess the encoding
    if is_deeper(data, MAX_DEPTH):
        raise ValueError(f"the notebook is nested more than {MAX_DEPTH} levels deep")
    if not isinstance(data, dict) or not {"cells", "worksheets"} & set(data):
        raise ValueError("the file is JSON, but not a notebook")
    sheets = data.get("worksheets") or []
    num_cells = len(data.get("cells") or []) + sum(len(sheet["cells"]) for sheet in sheets)
    if num_cells > max_cells:
        raise ValueError(f"the notebook has {num_cells:,} cells, but the limit is {max_cells:,}")
    if _SURROGATE.search(content):
        json.dumps(data, ensure_ascii=False).encode()  # raises for lone surrogates
    major, minor = nbformat.reader.get_version(data)
    if major not in nbformat.versions:
        raise ValueError(f"unsupported format version {major}; supported are 1 to 4")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about deviations that are repaired here
        notebook = nbformat.versions[major].to_notebook_json(data, minor=minor)
        return notebook if major == 4 else nbformat.convert(notebook, 4)


class _Repair:
    """Copies the valid parts of cells; `notes` counts the repairs."""

    def __init__(self) -> None:
        self.notes: Counter[str] = Counter()
        self._ids: set[str] = set()

    def cell(self, number: int, cell: NotebookNode) -> dict[str, Any]:
        kind = cell["cell_type"]
        if kind not in ("code", "markdown", "raw"):
            self._note("a cell of unknown type was kept as raw text")
            kind = "raw"
        allowed = _CELL_KEYS | (_CODE_KEYS if kind == "code" else set())
        if set(cell) - allowed or (kind == "code" and "attachments" in cell):
            self._note("a cell had fields that its type does not allow")
        source = cell.get("source")
        if not isinstance(source, str):
            self._note("a cell had no source")
        kept: dict[str, Any] = {
            "id": self._id(number, cell.get("id")),
            "cell_type": kind,
            "metadata": self._metadata(cell.get("metadata")),
            "source": source if isinstance(source, str) else "",
        }
        if kind == "code":
            kept["execution_count"] = self._count(cell)
            kept["outputs"] = self._outputs(cell.get("outputs"))
        elif cell.get("attachments"):
            items = _table(cell["attachments"]).items()
            kept["attachments"] = {name: _bundle(data) for name, data in items}
        return kept

    def _note(self, text: str) -> None:
        self.notes[text] += 1

    def _id(self, number: int, given: object) -> str:
        if isinstance(given, str) and _ID.fullmatch(given) and given not in self._ids:
            self._ids.add(given)
            return given
        if given is not None:
            self._note("a cell had an invalid or duplicate id")
        own = f"cell-{number}"
        while own in self._ids:
            own += "-"
        self._ids.add(own)
        return own

    def _metadata(self, given: object) -> dict[str, Any]:
        kept = _without(_table(given), jupyter=dict, execution=dict, collapsed=bool, format=str)
        if kept.get("scrolled", "auto") not in (True, False, "auto"):
            del kept["scrolled"]
        if "name" in kept and not (isinstance(kept["name"], str) and kept["name"]):
            del kept["name"]
        kept_times = kept.get("execution", {})
        if not all(isinstance(time, str) for time in kept_times.values()):
            del kept["execution"]
        if "tags" in kept:
            kept["tags"] = _tags(kept["tags"])
        if kept != given:
            self._note("a cell had invalid metadata")
        return kept

    def _count(self, holder: dict[str, Any]) -> int | None:
        count = holder.get("execution_count")
        if "execution_count" not in holder:
            self._note("a cell or a result had no execution_count")
        return count if type(count) is int and count >= 0 else None

    def _outputs(self, given: object) -> list[dict[str, Any]]:
        if not isinstance(given, list):
            self._note("a code cell had no list of outputs")
            return []
        outputs = [self._output(output) for output in given if isinstance(output, dict)]
        return [output for output in outputs if output is not None]

    def _output(self, given: dict[str, Any]) -> dict[str, Any] | None:
        kind = given.get("output_type", "")
        kind = _OLD_TYPES.get(kind, kind)
        output: dict[str, Any]
        if kind == "stream":
            name, text = given.get("name"), _text(given.get("text"))
            output = {"name": name if isinstance(name, str) else "stdout", "text": text or ""}
        elif kind == "error":
            lines = given.get("traceback")
            lines = [str(line) for line in lines] if isinstance(lines, list) else []
            output = {"ename": str(given.get("ename", "")), "evalue": str(given.get("evalue", ""))}
            output["traceback"] = lines
        elif kind in ("display_data", "execute_result"):
            output = {"data": _bundle(given.get("data", _old_bundle(given)))}
            output["metadata"] = _table(given.get("metadata"))
            if kind == "execute_result":
                output["execution_count"] = self._count(given)
        else:
            self._note("an output of unknown type was removed")
            return None
        output["output_type"] = kind
        if output != given:
            self._note("an output was invalid")
        return output


def _without(metadata: dict[str, Any], **types: type) -> dict[str, Any]:
    """Return a copy without those of the given keys whose values have another type."""
    return {
        key: value
        for key, value in metadata.items()
        if key not in types or isinstance(value, types[key])
    }


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _tags(given: object) -> list[str]:
    tags: Iterable[object] = given if isinstance(given, list) else [given]
    words = (word.strip() for tag in tags if isinstance(tag, str) for word in tag.split(","))
    return list(dict.fromkeys(word for word in words if word))


def _bundle(given: object) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for kind, value in _table(given).items():
        text = _text(value)
        if JSON_KIND.fullmatch(kind):
            kept[kind] = value
        elif text is not None:
            kept[kind] = text
    return kept


def _old_bundle(output: dict[str, Any]) -> dict[str, Any]:
    return {new: output[old] for old, new in _OLD_KINDS.items() if old in output}


def _text(value: object) -> str | None:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value if isinstance(value, str) else None
