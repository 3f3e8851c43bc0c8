"""Reads the points that a board leaves beside its picture: JSON that may be forged, so checked."""

import json
import math
from collections.abc import Sequence

import numpy as np

from d2l.grader.compare.outputs import Curve, Curves

POINTS = "application/vnd.d2l.points+json"
_MOST_CURVES = 50
_MOST_POINTS = 20_000
_MOST_CHARACTERS = 2_000_000
_WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf, None: math.nan}


def read_points(data: object) -> Curves | None:
    """Return the curves in `{"label": [[x, y], ...]}`; None where the data have another form."""
    if isinstance(data, str):
        data = _parsed(data)
    if not isinstance(data, dict) or not 0 < len(data) <= _MOST_CURVES:
        return None
    curves = [_curve(label, points) for label, points in data.items()]
    whole = tuple(curve for curve in curves if curve is not None)
    return Curves(whole) if len(whole) == len(curves) else None


def _parsed(text: str) -> object:
    if len(text) > _MOST_CHARACTERS:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _curve(label: object, points: object) -> Curve | None:
    if not isinstance(label, str) or not isinstance(points, list) or len(points) > _MOST_POINTS:
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
        if abs(value) > 1e300:  # as JSON has whole numbers of any length
            return math.inf if value > 0 else -math.inf
        return float(value)
    return _WORDS.get(value) if value is None or isinstance(value, str) else None
