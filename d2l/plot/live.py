"""One figure of growing curves, redrawn in place in a notebook, and the policy of when.

Knows curves by label and a style, nothing of models. Matplotlib is loaded with the first picture.
"""

import io
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from d2l.plot.points import POINTS_TYPE, figure_points
from d2l.plot.surface import notebook_shell

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MIN_SECONDS_BETWEEN_PICTURES = 0.1
MAX_SHARE_OF_TIME = 0.1  # pictures take at most this part of the run's wall time


class Style(NamedTuple):
    """How the axes and the curves look; the fields are `ProgressBoard`'s arguments."""

    xlabel: str | None
    ylabel: str | None
    xlim: Sequence[float] | None
    ylim: Sequence[float] | None
    xscale: str
    yscale: str
    ls: Sequence[str]
    colors: Sequence[str]


Curves = Mapping[str, tuple[Sequence[float], Sequence[float]]]


class Pacer:
    """Says when the next picture is due: so rarely that a run hardly waits for its pictures."""

    def __init__(self) -> None:
        self._due: float | None = None

    def is_due(self) -> bool:
        """Whether a picture may be made now; the first one soon after this was first asked."""
        now = time.monotonic()
        if self._due is None:  # a picture of the very first point would show nothing
            self._due = now + MIN_SECONDS_BETWEEN_PICTURES
        return now >= self._due

    def took(self, seconds: float) -> None:
        """A picture was made, and cost this much."""
        pause = max(MIN_SECONDS_BETWEEN_PICTURES, seconds / MAX_SHARE_OF_TIME)
        self._due = time.monotonic() + pause


_shown: "WeakKeyDictionary[Figure, tuple[str, Any]]" = WeakKeyDictionary()  # cell and handle


def show_in_cell(figure: "Figure", with_points: bool = False) -> None:
    """Show the figure's present state, replacing what this notebook cell showed of it before.

    `with_points` leaves the numbers beside the picture, where programs find them.
    """
    from IPython.display import display

    bundle: dict[str, Any] = {"image/svg+xml": to_svg(figure), "text/plain": "progress board"}
    if with_points:
        bundle[POINTS_TYPE] = figure_points(figure)
    this_cell = _request()
    cell, handle = _shown.get(figure, (None, None))
    if handle is not None and cell == this_cell:
        handle.update(bundle, raw=True)
        return
    _shown[figure] = (this_cell, display(bundle, raw=True, display_id=True))
    if "matplotlib.pyplot" in sys.modules:  # else pyplot would show it a second time
        sys.modules["matplotlib.pyplot"].close(figure)


def _request() -> str:
    """The request that the kernel is answering: one for each run of a cell.

    No count of cells will do: IPython 9 goes on to the next one before a cell, IPython 7 and 8 do
    so after it, but before what is left for its end.
    """
    parent = getattr(notebook_shell(), "parent_header", None) or {}
    return str(parent.get("header", {}).get("msg_id", ""))


@cache
def load() -> None:
    """Load matplotlib, its fonts and its SVG writer, once: no picture is timed with that."""
    figure = new_figure((1, 1))
    figure.add_subplot()
    to_svg(figure)


def new_figure(figsize: Sequence[float]) -> "Figure":
    """A figure that pyplot does not know, so that nothing else draws into it or shows it."""
    from matplotlib.figure import Figure

    return Figure(figsize=(figsize[0], figsize[1]), layout="constrained")


def draw_curves(axes: "Axes", curves: Curves, style: Style, lines: dict[str, Any]) -> None:
    """Bring the axes up to date with the curves; `lines` keeps the artists between calls."""
    for i, (label, (xs, ys)) in enumerate(curves.items()):
        if label not in lines:
            (lines[label],) = axes.plot([], [], label=label)
        lines[label].set_data(*_without_returns(xs, ys))
        lines[label].set_linestyle(style.ls[i % len(style.ls)])
        lines[label].set_color(_color(style.colors, i))
        lines[label].set_marker("." if len(xs) == 1 else "")  # one point makes no line
    dress(axes, style)
    axes.relim()
    axes.autoscale_view()
    if len(lines) > 0:
        axes.legend(handles=list(lines.values()))


def dress(axes: "Axes", style: Style) -> None:
    """Set labels, limits and scales; `None` leaves a label or limit as it is."""
    axes.set_xscale(style.xscale)
    axes.set_yscale(style.yscale)
    if style.xlabel is not None:
        axes.set_xlabel(style.xlabel)
    if style.ylabel is not None:
        axes.set_ylabel(style.ylabel)
    if style.xlim is not None:
        axes.set_xlim(style.xlim[0], style.xlim[1])
    if style.ylim is not None:
        axes.set_ylim(style.ylim[0], style.ylim[1])


def to_svg(figure: "Figure") -> str:
    """The figure as SVG text; ours all of one size, others cut to what is drawn."""
    text = io.StringIO()
    is_ours = figure.get_layout_engine() is not None
    figure.savefig(text, format="svg", bbox_inches=None if is_ours else "tight")
    return text.getvalue()


def _without_returns(xs: Sequence[float], ys: Sequence[float]) -> tuple[Any, Any]:
    """The curve, broken where x goes back: a second run begins a line of its own."""
    returns = np.flatnonzero(np.diff(xs) < 0) + 1
    return np.insert(xs, returns, np.nan), np.insert(ys, returns, np.nan)


def _color(colors: Sequence[str], i: int) -> str:
    return colors[i] if i < len(colors) else f"C{i % 10}"
