"""Read what one cell has shown: the only place where untrusted outputs become values."""

import base64
import binascii
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from d2l.grader.outputs.output_values import (
    HINT,
    MOST_CURVES,
    MOST_ITEMS,
    MOST_OUTPUTS,
    MOST_POINTS,
    Curve,
    Curves,
    Failure,
    Output,
    Picture,
)
from d2l.grader.outputs.parse_text import html_table, merged, read_text

PICTURES = ("image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp")
POINTS = "application/vnd.d2l.points+json"
_PNG = b"\x89PNG\r\n\x1a\n"
_SVG_LENGTH = r"\s{name}\s?=\s?[\"']([0-9]{{1,6}}(?:\.[0-9]{{1,6}})?)"
_MOST_POINTS_CHARACTERS = 2_000_000
_WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf, None: math.nan}


def read_cell(outputs: Sequence[Mapping[str, Any]]) -> list[Output]:
    """Return the items shown by the outputs of one code cell, in order; never raises.

    Outputs that are not results are omitted: stderr, hints about the training, times and speeds,
    addresses, functions, parts of a plot.

    >>> from nbformat.v4 import new_output
    >>> [item.what for item in read_cell([new_output("stream", text="loss: 0.5\\n[1, 2]")])]
    ['line "loss : …"', 'list of shape (2,)']
    """
    items: list[Output] = []
    printed: list[str] = []  # parts of one stream
    for output in outputs[:MOST_OUTPUTS]:
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
    """Return the richest representation of a display that can be parsed."""
    if HINT in data:
        return []
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
    if isinstance(value, list):  # notebooks may store text as a list of lines
        return "".join(line for line in value[:100_000] if isinstance(line, str))
    return value if isinstance(value, str) else ""


def read_picture(mime_type: str, data: object) -> Picture:
    """Return the picture with its size in points (SVG) or pixels (PNG), 0 if unknown."""
    start = data[:4_000] if isinstance(data, str) else ""
    if mime_type == "image/svg+xml":
        return Picture(_svg_length("width", start), _svg_length("height", start))
    if mime_type == "image/png":
        return _png(start)
    return Picture(0, 0)


def _svg_length(name: str, start: str) -> float:
    _, _, tag = start.partition("<svg")
    found = re.search(_SVG_LENGTH.format(name=name), tag.partition(">")[0])
    return float(found.group(1)) if found else 0.0


def _png(start: str) -> Picture:
    try:
        head = base64.b64decode("".join(start[:200].split())[:64])
    except (binascii.Error, ValueError):
        return Picture(0, 0)
    if not head.startswith(_PNG) or len(head) < 24:
        return Picture(0, 0)
    return Picture(int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big"))


def read_points(data: object) -> Curves | None:
    """Return the curves in `{"label": [[x, y], ...]}`, None if the data have another form."""
    if isinstance(data, str):
        data = _parsed(data)
    if not isinstance(data, dict) or not 0 < len(data) <= MOST_CURVES:
        return None
    curves = [_curve(label, points) for label, points in data.items()]
    whole = tuple(curve for curve in curves if curve is not None)
    return Curves(whole) if len(whole) == len(curves) else None


def _parsed(text: str) -> object:
    if len(text) > _MOST_POINTS_CHARACTERS:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _curve(label: object, points: object) -> Curve | None:
    if not isinstance(label, str) or not isinstance(points, list) or len(points) > MOST_POINTS:
        return None
    if not points or not all(isinstance(point, list) and len(point) == 2 for point in points):
        return None
    xs, ys = _numbers([point[0] for point in points]), _numbers([point[1] for point in points])
    return None if xs is None or ys is None else Curve(label[:100], xs, ys)


def _numbers(values: Sequence[object]) -> np.ndarray | None:
    numbers = [_number(value) for value in values]
    return None if None in numbers else np.array(numbers, dtype=np.float64)


def _number(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) > 1e300:  # JSON integers may be too large for float
            return math.inf if value > 0 else -math.inf
        return float(value)
    return _WORDS.get(value) if value is None or isinstance(value, str) else None
