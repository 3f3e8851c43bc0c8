"""One figure of growing curves, redrawn in place in a notebook, and the policy of when.

Knows curves by label and a style, nothing of models. Matplotlib is loaded with the first picture.
"""

import io
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast
from weakref import WeakKeyDictionary

from d2l.plot.curve_data import CURVES_TYPE, figure_curves
from d2l.plot.frontend import can_update_outputs, current_request, notebook_shell

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from d2l.plot.artists import CurveLine, Source

MIN_SECONDS_BETWEEN_PICTURES = 0.1
MAX_SHARE_OF_TIME = 0.1  # pictures take at most this part of the run's wall time
PNG_DPI = 100  # 350 x 250 pixels and some 12 KB for a board


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


class RateLimiter:
    """Says when the next picture is due: so rarely that a run hardly waits for its pictures."""

    def __init__(self) -> None:
        self._due: float | None = None

    def is_due(self) -> bool:
        """Whether a picture may be made now; the first one soon after this was first asked."""
        now = time.monotonic()
        if self._due is None:  # a picture of the very first point would show nothing
            self._due = now + MIN_SECONDS_BETWEEN_PICTURES
        return now >= self._due

    def record(self, seconds: float) -> None:
        """A picture was made in so many seconds."""
        pause = max(MIN_SECONDS_BETWEEN_PICTURES, seconds / MAX_SHARE_OF_TIME)
        self._due = time.monotonic() + pause


_shown: "WeakKeyDictionary[Figure, tuple[str, Any]]" = WeakKeyDictionary()  # cell and handle


def show_in_cell(figure: "Figure", is_final: bool = True, with_curves: bool = False) -> None:
    """Show the figure's present state, replacing what this notebook cell showed of it before.

    A final state is a new output where the front end may not be able to replace one. Next to its
    SVG are a PNG, for what shows no SVG, and a PDF: nbconvert needs it for LaTeX, as it hands an
    SVG without one to Inkscape, PNG or not. `with_curves` adds the numbers, for programs.
    """
    from IPython.display import display

    bundle: dict[str, Any] = {"image/svg+xml": to_svg(figure), "text/plain": "progress board"}
    if is_final:
        bundle["image/png"] = to_base64(figure, "png")
        bundle["application/pdf"] = to_base64(figure, "pdf")
    if with_curves:
        bundle[CURVES_TYPE] = figure_curves(figure)
    shell = notebook_shell()
    # No count of cells will do for this: IPython 9 increments it before a cell, IPython 7 and 8
    # after it, but before what is left for its end.
    this_cell = str(current_request(shell).get("header", {}).get("msg_id", ""))
    cell, handle = _shown.get(figure, (None, None))
    if handle is not None and cell == this_cell and (not is_final or can_update_outputs(shell)):
        handle.update(bundle, raw=True)
        return
    _shown[figure] = (this_cell, display(bundle, raw=True, display_id=True))
    if "matplotlib.pyplot" in sys.modules:  # else pyplot would show it a second time
        sys.modules["matplotlib.pyplot"].close(figure)


@cache
def load() -> None:
    """Load matplotlib, its fonts and its SVG writer, once: no picture is timed with that."""
    figure = new_figure((1, 1))
    figure.add_subplot()
    to_svg(figure)


def new_figure(
    figsize: Sequence[float], refresh: Callable[[], None] | None = None, layout: str = "constrained"
) -> "Figure":
    """A figure that pyplot does not know, so that nothing else draws into it or shows it.

    `refresh` is called before it is drawn or saved, or its axes are asked for.
    """
    from d2l.plot.artists import LazyFigure

    return LazyFigure(figsize=(figsize[0], figsize[1]), layout=layout, refresh=refresh)


def draw_curves(
    axes: "Axes", curves: Mapping[str, "Source"], style: Style, lines: dict[str, "CurveLine"]
) -> None:
    """Bring the axes up to date with the curves; `lines` keeps the artists between calls."""
    from d2l.plot.artists import CurveLine

    for i, (label, source) in enumerate(curves.items()):
        if label not in lines or lines[label].axes is not axes:  # new, or the axes were cleared
            lines[label] = CurveLine(source, label)
            axes.add_line(lines[label])
        lines[label].set_linestyle(cast(Any, style.ls[i % len(style.ls)]))
        lines[label].set_color(_color(style.colors, i))
        lines[label].pull()
    style_axes(axes, style)
    axes.relim()
    axes.autoscale_view()
    if len(lines) > 0:
        axes.legend(handles=list(lines.values()))


def style_axes(axes: "Axes", style: Style) -> None:
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


def to_base64(figure: "Figure", kind: Literal["png", "pdf"]) -> str:
    """The figure as PNG or PDF, as text for a notebook."""
    data = io.BytesIO()
    is_ours = figure.get_layout_engine() is not None
    undated: dict[str, Any] = {"metadata": {"CreationDate": None}} if kind == "pdf" else {}
    box = None if is_ours else "tight"
    figure.savefig(data, format=kind, dpi=PNG_DPI, bbox_inches=box, **undated)
    return b64encode(data.getvalue()).decode("ascii")


def _color(colors: Sequence[str], i: int) -> str:
    return colors[i] if i < len(colors) else f"C{i % 10}"
