"""Draw growing curves and show them in place in a notebook, with a limited rate of redraws.

Depends on curves and a style only. Matplotlib is loaded with the first picture.
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
MAX_SHARE_OF_TIME = 0.1  # drawing takes at most this fraction of the run's wall time
PNG_DPI = 100  # 350 x 250 pixels and some 12 KB for a board


class Style(NamedTuple):
    """The style of axes and curves; the fields are arguments of `ProgressBoard`."""

    xlabel: str | None
    ylabel: str | None
    xlim: Sequence[float] | None
    ylim: Sequence[float] | None
    xscale: str
    yscale: str
    ls: Sequence[str]
    colors: Sequence[str]


class RateLimiter:
    """Limits how often pictures are drawn, so that drawing hardly delays a run."""

    def __init__(self) -> None:
        self._due: float | None = None

    def is_due(self) -> bool:
        """Whether a picture is due now; the first one is due shortly after the first call."""
        now = time.monotonic()
        if self._due is None:  # a picture of a single point would show no curve
            self._due = now + MIN_SECONDS_BETWEEN_PICTURES
        return now >= self._due

    def record(self, seconds: float) -> None:
        """Record that drawing a picture took `seconds`."""
        pause = max(MIN_SECONDS_BETWEEN_PICTURES, seconds / MAX_SHARE_OF_TIME)
        self._due = time.monotonic() + pause


_shown: "WeakKeyDictionary[Figure, tuple[str, Any]]" = WeakKeyDictionary()  # cell and handle


def show_in_cell(figure: "Figure", is_final: bool = True, with_curves: bool = False) -> None:
    """Show the current state of the figure, replacing its previous output in this cell.

    A final state is a new output if the front end may not support replacing one. It has an SVG, a
    PNG for viewers without SVG, and a PDF for LaTeX: without a PDF, nbconvert would require
    Inkscape. `with_curves` adds the curves as numbers.
    """
    from IPython.display import display

    bundle: dict[str, Any] = {"image/svg+xml": to_svg(figure), "text/plain": "progress board"}
    if is_final:
        bundle["image/png"] = to_base64(figure, "png")
        bundle["application/pdf"] = to_base64(figure, "pdf")
    if with_curves:
        bundle[CURVES_TYPE] = figure_curves(figure)
    shell = notebook_shell()
    # IPython's execution count would not work: IPython 9 increments it before a cell, 7 and 8
    # after it, but before the callbacks at its end.
    this_cell = str(current_request(shell).get("header", {}).get("msg_id", ""))
    cell, handle = _shown.get(figure, (None, None))
    if handle is not None and cell == this_cell and (not is_final or can_update_outputs(shell)):
        handle.update(bundle, raw=True)
        return
    _shown[figure] = (this_cell, display(bundle, raw=True, display_id=True))
    if "matplotlib.pyplot" in sys.modules:  # otherwise pyplot would show it a second time
        sys.modules["matplotlib.pyplot"].close(figure)


@cache
def load() -> None:
    """Load matplotlib, its fonts and its SVG writer once, so that pictures are timed without."""
    figure = new_figure((1, 1))
    figure.add_subplot()
    to_svg(figure)


def new_figure(
    figsize: Sequence[float], refresh: Callable[[], None] | None = None, layout: str = "constrained"
) -> "Figure":
    """Return a figure that is not registered in pyplot, which would draw into it or show it.

    `refresh` is called before it is drawn or saved, or its axes are accessed.
    """
    from d2l.plot.artists import LazyFigure

    return LazyFigure(figsize=(figsize[0], figsize[1]), layout=layout, refresh=refresh)


def draw_curves(
    axes: "Axes", curves: Mapping[str, "Source"], style: Style, lines: dict[str, "CurveLine"]
) -> None:
    """Update the axes with the curves; `lines` stores the artists between calls."""
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
    """Set labels, limits and scales; None leaves a label or limit unchanged."""
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
    """Return the figure as SVG text; figures without a layout engine get a tight bounding box."""
    text = io.StringIO()
    has_layout = figure.get_layout_engine() is not None
    figure.savefig(text, format="svg", bbox_inches=None if has_layout else "tight")
    return text.getvalue()


def to_base64(figure: "Figure", kind: Literal["png", "pdf"]) -> str:
    """Return the figure as PNG or PDF in base64, for a notebook."""
    data = io.BytesIO()
    has_layout = figure.get_layout_engine() is not None
    undated: dict[str, Any] = {"metadata": {"CreationDate": None}} if kind == "pdf" else {}
    box = None if has_layout else "tight"
    figure.savefig(data, format=kind, dpi=PNG_DPI, bbox_inches=box, **undated)
    return b64encode(data.getvalue()).decode("ascii")


def _color(colors: Sequence[str], i: int) -> str:
    return colors[i] if i < len(colors) else f"C{i % 10}"
