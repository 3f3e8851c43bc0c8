"""The curves of a figure as numbers, for programs that read executed notebooks.

With D2L_POINTS=1 in the environment they are stored in the output next to the picture.
"""

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CURVES_TYPE = "application/vnd.d2l.points+json"
MAX_POINTS = 4_000  # of one figure; longer curves are thinned
MAX_CURVES = 50


def export_requested() -> bool:
    """Whether the environment requests the curves as numbers."""
    return os.environ.get("D2L_POINTS") == "1"


def figure_curves(figure: "Figure") -> dict[str, list[list[Any]]]:
    """Return the curves of a figure, by label, as pairs of numbers, or "nan", "inf" and "-inf".

    Long curves are thinned evenly; the first and the last point are kept.
    """
    drawn = [pair for axes in figure.axes for pair in _labelled(axes)][:MAX_CURVES]
    curves: dict[str, list[list[Any]]] = {}
    for label, line in drawn:
        name = label if label not in curves else f"{label} {len(curves) + 1}"
        points = np.column_stack([np.asarray(data, dtype=float) for data in line.get_data()])
        points = points[~np.isnan(points[:, 0])]  # nan separates runs
        if len(points):
            curves[name] = _thinned(points, MAX_POINTS // len(drawn))
    return curves


def _labelled(axes: "Axes") -> list[tuple[str, Any]]:
    """Return the lines with their names in the legend, or "curve 1", "curve 2", …"""
    legend = axes.get_legend()
    texts = [] if legend is None else [text.get_text() for text in legend.get_texts()]
    names = texts if len(texts) == len(axes.lines) else [str(x.get_label()) for x in axes.lines]
    return [
        (f"curve {i}" if name.startswith("_") else name, line)
        for i, (name, line) in enumerate(zip(names, axes.lines, strict=True), start=1)
    ]


def _thinned(points: np.ndarray, limit: int) -> list[list[Any]]:
    kept = np.unique(np.linspace(0, len(points) - 1, min(limit, len(points))).round().astype(int))
    return [[_json(x), _json(y)] for x, y in points[kept].tolist()]


def _json(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)
