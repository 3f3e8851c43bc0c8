"""Plot curves of several runs, and of several seeds."""

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from d2l.errors import ShapeError
from d2l.plot.figure import set_axes, set_figsize, to_array
from d2l.plot.live import Style, draw_curves, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINE_STYLES = ("-", "--", "-.", ":")
# Fonts, if installed, for letters that matplotlib's default font lacks
FALLBACK_FONTS = (
    "Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "Apple SD Gothic Neo", "Malgun Gothic",
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Arial Unicode MS",
)  # fmt: skip


@runtime_checkable
class DrawnRun(Protocol):
    """A run to be drawn: its name, and its points by label."""

    @property
    def name(self) -> str:
        """The name in the legend."""
        ...

    @property
    def points(self) -> Mapping[str, Sequence[tuple[float, float]]]:
        """The points `(x, y)` of each curve."""
        ...


def draw_runs(runs: Sequence[DrawnRun], labels: Sequence[str]) -> "Figure":
    """Return a figure with the curves of these labels of all runs."""
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
    """Save the figure in the format of the suffix; return False if a font for its text is missing.

    In an `.svg`, text stays text, shown with the fonts of the viewer.
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
    """Return the series with infinite values replaced by nan, which is drawn as a gap."""
    return [x for x, _ in series], [y if math.isfinite(y) else math.nan for _, y in series]


def _add_legend(figure: "Figure", entries: Sequence[tuple[str, str, Any]]) -> None:
    """Add a legend of runs and labels outside the axes, where it does not cover a curve."""
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


def plot_curves(
    curves: Mapping[str, Any],
    xlabel: str,
    ylabel: str,
    smooth: int = 1,
    reference: float | None = None,
    ylim: Iterable[float] | None = None,
) -> None:
    """Plot for each label the median over seeds, and a band from the lower to the upper quartile.

    A curve is an array (num_seeds, num_steps), or one series. Each value is first replaced by the
    mean of the last `smooth` values of its seed. `reference` is the height of a dashed line.

    >>> noise = torch.randn(5, 100)
    >>> curves = {"slow": torch.arange(100) / 100 + noise / 9, "fast": 1 - 1 / (2 + noise.abs())}
    >>> d2l.plot_curves(curves, "episode", "return", smooth=5, reference=1.0)

    Book: 17 Reinforcement learning (2026)
    """
    from matplotlib import pyplot as plt

    set_figsize()
    axes = plt.gca()
    axes.cla()
    for i, (label, values) in enumerate(curves.items()):
        low, middle, high = np.percentile(_smoothed(label, values, smooth), [25, 50, 75], axis=0)
        steps = np.arange(len(middle))
        axes.plot(steps, middle, color=f"C{i}", label=label)
        axes.fill_between(steps, low, high, color=f"C{i}", alpha=0.2, linewidth=0)
    if reference is not None:
        axes.axhline(reference, color="gray", linestyle="--", linewidth=1)
    set_axes(axes, xlabel, ylabel, None, ylim, "linear", "linear", None)
    axes.legend()


def _smoothed(label: str, values: Any, smooth: int) -> Any:
    """Return running means of at most `smooth` values, of shape (num_seeds, num_steps)."""
    runs = np.atleast_2d(np.asarray(to_array(values), dtype=float))
    if runs.ndim != 2 or runs.shape[1] == 0:
        raise ShapeError(
            f"the curve {label!r} must have the shape (num_seeds, num_steps); found {runs.shape}"
        )
    sums = np.cumsum(runs, axis=1)
    width = max(1, smooth)
    sums[:, width:] -= sums[:, :-width].copy()
    return sums / np.minimum(np.arange(1, runs.shape[1] + 1), width)
