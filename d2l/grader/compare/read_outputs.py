"""What a cell shows, read into items: the one door from outputs, which are hostile, to values."""

from collections.abc import Mapping, Sequence
from typing import Any

from d2l.grader.compare.outputs import Failure, Output
from d2l.grader.compare.parse_text import merged, read_text
from d2l.grader.compare.pictures import PICTURES, read_picture
from d2l.grader.compare.read_curves import POINTS, read_points
from d2l.grader.compare.text_tables import html_table

MOST_ITEMS = 200  # of one cell; what comes after is not looked at
_MOST_OUTPUTS = 2_000


def read_cell(outputs: Sequence[Mapping[str, Any]]) -> list[Output]:
    """Return what the outputs of one code cell show, in order; never raises, whatever they hold.

    Not in it, because it is no result: what went to stderr, times and speeds, addresses.

    >>> from nbformat.v4 import new_output
    >>> [item.what for item in read_cell([new_output("stream", text="loss: 0.5\\\\n[1, 2]")])]
    ['line "loss : …"', 'list of shape (2,)']
    """
    items: list[Output] = []
    printed: list[str] = []  # a stream that was sent in pieces
    for output in outputs[:_MOST_OUTPUTS]:
        if _is_printed(output):
            printed.append(_text(output.get("text")))
            continue
        items += read_text("".join(printed), is_result=False)
        printed = []
        items += _read(output)
    items += read_text("".join(printed), is_result=False)
    return merged(items)[:MOST_ITEMS]


def _is_printed(output: Mapping[str, Any]) -> bool:
    return output.get("output_type") == "stream" and output.get("name") != "stderr"


def _read(output: Mapping[str, Any]) -> list[Output]:
    kind, data = output.get("output_type"), output.get("data")
    if kind == "error":
        name, message = _text(output.get("ename")), _text(output.get("evalue"))
        return [Failure(name[:100], message[:200])]
    if kind not in ("execute_result", "display_data") or not isinstance(data, Mapping):
        return []
    return _shown(data)


def _shown(data: Mapping[str, Any]) -> list[Output]:
    """The richest form of what was shown that can be read."""
    curves = read_points(data[POINTS]) if POINTS in data else None
    if curves is not None:
        return [curves]
    for mime_type in PICTURES:
        if mime_type in data:
            return [read_picture(mime_type, _text(data[mime_type]))]
    table = html_table(_text(data["text/html"])) if "text/html" in data else None
    if table is not None:
        return [table]
    return read_text(_text(data.get("text/plain")), is_result=True)


def _text(value: object) -> str:
    if isinstance(value, list):  # notebooks may store text line by line
        return "".join(line for line in value[:100_000] if isinstance(line, str))
    return value if isinstance(value, str) else ""
