"""One figure of several runs: a color for each run, a line style for each label."""

import math
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from d2l.plot.live import Style, draw_curves, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINE_STYLES = ("-", "--", "-.", ":")
# For letters that matplotlib's own font lacks, where one is installed
FALLBACK_FONTS = (
    "Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "Apple SD Gothic Neo", "Malgun Gothic",
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Arial Unicode MS",
)  # fmt: skip


@runtime_checkable
class DrawnRun(Protocol):
    """What is drawn of a run: its name, and its points by label."""

    @property
    def name(self) -> str:
        """How the legend calls it."""
        ...

    @property
    def points(self) -> Mapping[str, Sequence[tuple[float, float]]]:
        """The points `(x, y)` of each curve."""
        ...


def draw_runs(runs: Sequence[DrawnRun], labels: Sequence[str]) -> "Figure":
    """Draw the curves of these labels of all the runs into one figure."""
    keys = [(i, j) for i, run in enumerate(runs) for j, l in enumerate(labels) if run.points.get(l)]
    colors = _colors(len(runs))
    styles = [LINE_STYLES[j % len(LINE_STYLES)] for j in range(len(labels))]
    style = Style(
        xlabel="epoch",
        ylabel=labels[0] if len(labels) == 1 else None,
        xlim=None,
        ylim=None,
        xscale="linear",
        yscale="linear",
        ls=[styles[j] for _, j in keys],
        colors=[colors[i] for i, _ in keys],
    )
    curves = {f"{i} {j}": partial(_finite, runs[i].points[labels[j]]) for i, j in keys}
    figure = new_figure((7.0, max(3.5, 1.0 + 0.2 * (len(runs) + len(labels)))))
    axes = figure.gca()
    draw_curves(axes, curves, style, {})
    legend = axes.get_legend()
    if legend is not None:
        legend.remove()  # it has runs times labels entries
    entries = [(run.name, colors[i], "-") for i, run in enumerate(runs)]
    entries += [("", "none", "-")]
    entries += [(label, "black", styles[j]) for j, label in enumerate(labels)]
    _add_legend(figure, entries)
    return figure


def save_runs(figure: "Figure", path: Path) -> bool:
    """Write the figure in the format of the suffix; false if a font for its names is missing.

    In an `.svg` text stays text, shown with the fonts of the viewer.
    """
    from matplotlib import rc_context

    with rc_context({"svg.fonttype": "none"}), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure.savefig(path, dpi=150)
    is_missing = any("missing from font" in str(warning.message) for warning in caught)
    return path.suffix.lower() == ".svg" or not is_missing


def _colors(count: int) -> list[str]:
    if count <= 10:
        return [f"C{i}" for i in range(count)]
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps["turbo"](i / (count - 1))) for i in range(count)]


def _finite(series: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """The series with gaps at infinite values, which an axis cannot show."""
    return [x for x, _ in series], [y if math.isfinite(y) else math.nan for _, y in series]


def _add_legend(figure: "Figure", entries: Sequence[tuple[str, str, Any]]) -> None:
    """Name runs and labels next to the axes, where they cover no curve."""
    from matplotlib import font_manager, rcParams
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], label=text.replace("$", r"\$"), color=color, linestyle=style)
        for text, color, style in entries
    ]
    installed = set(font_manager.get_font_names())
    fonts = [*rcParams["font.family"], *(name for name in FALLBACK_FONTS if name in installed)]
    legend = figure.legend(handles=handles, loc="outside right upper", frameon=False)
    for text in legend.get_texts():
        text.set_fontfamily(fonts)
