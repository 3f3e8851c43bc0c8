"""The book's plotting functions: `plot`, figure sizes, axes and histograms of lengths."""

import weakref
from collections.abc import Iterable, Sequence, Sized
from itertools import cycle
from typing import TYPE_CHECKING, Any, cast

from d2l.plot.frontend import notebook_shell

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FMTS = ("-", "m--", "g-.", "r:")
DEFAULT_MAX_OPEN = 20  # matplotlib's default of `figure.max_open_warning`


def use_svg_display() -> None:
    """Show figures as SVG in notebooks; no effect elsewhere.

    >>> d2l.use_svg_display()

    Book: 2.4 Calculus
    """
    if notebook_shell() is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg")


def set_figsize(figsize: Sequence[float] = (3.5, 2.5)) -> None:
    """Set the default size of figures, in inches.

    >>> d2l.set_figsize((4.5, 2.5))
    >>> d2l.plt.rcParams["figure.figsize"]
    [4.5, 2.5]

    Book: 2.4 Calculus
    """
    from matplotlib import pyplot as plt

    use_svg_display()
    plt.rcParams["figure.figsize"] = list(figsize)


def set_axes(
    axes: "Axes",
    xlabel: str | None,
    ylabel: str | None,
    xlim: Iterable[float] | None,
    ylim: Iterable[float] | None,
    xscale: str,
    yscale: str,
    legend: Sequence[str] | None,
) -> None:
    """Set labels, limits, scales, a grid and, if given, a legend.

    >>> _, axes = d2l.plt.subplots(figsize=(3.5, 2.5))
    >>> _ = axes.plot([1, 10, 100], [1, 0.1, 0.01])
    >>> d2l.set_axes(axes, "examples", "error", [1, 100], [0.01, 1], "log", "log", ["1/n"])

    Book: 2.4 Calculus
    """
    axes.set_xlabel(xlabel or "")
    axes.set_ylabel(ylabel or "")
    axes.set_xscale(xscale)
    axes.set_yscale(yscale)
    if xlim is not None:
        axes.set_xlim(*_limits(xlim))
    if ylim is not None:
        axes.set_ylim(*_limits(ylim))
    if legend:
        axes.legend(legend)
    axes.grid()


def _limits(limits: Iterable[float]) -> tuple[float, float]:
    low, high = limits
    return low, high


def plot(
    X: Any,
    Y: Any = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
    legend: Sequence[str] | None = (),
    xlim: Iterable[float] | None = None,
    ylim: Iterable[float] | None = None,
    xscale: str = "linear",
    yscale: str = "linear",
    fmts: Sequence[str] = FMTS,
    figsize: Sequence[float] = (3.5, 2.5),
    axes: "Axes | None" = None,
) -> None:
    """Plot curves `Y` over `X`, each one series or a list of series; tensors on any device.

    Without `Y`, the values `X` are plotted over 0, 1, …. If there are more curves, the series of
    `X` and `fmts` are repeated.

    >>> x = torch.arange(-1, 3, 0.1)
    >>> d2l.plot(x, [x**2, 2 * x - 1], "x", "f(x)", legend=["f(x)", "tangent at 1"])

    Book: 2.4 Calculus
    """
    from matplotlib import pyplot as plt

    if axes is None:
        set_figsize(figsize)
        axes = plt.gca()
    axes.cla()
    for i, (x, y) in enumerate(_pairs(X, Y)):
        axes.plot(*([y] if x is None else [x, y]), fmts[i % len(fmts)])
    set_axes(axes, xlabel, ylabel, xlim, ylim, xscale, yscale, legend)


_created: "list[weakref.ref[Figure]]" = []  # figures created by the library, oldest first


def note_figure(figure: "Figure") -> None:
    """Register a figure created by the library, for `close_old_figures`."""
    _created.append(weakref.ref(figure))


def close_old_figures() -> None:
    """Outside a notebook, close the library's oldest figures before matplotlib would warn.

    The newest stay open, for `plt.savefig` and `plt.show`.
    """
    from matplotlib import pyplot as plt

    max_open = plt.rcParams["figure.max_open_warning"] or DEFAULT_MAX_OPEN
    while notebook_shell() is None and _created and len(plt.get_fignums()) >= max_open:
        figure = _created.pop(0)()
        if figure is not None:
            plt.close(figure)


def to_array(value: Any) -> Any:
    """Return a tensor on any device as a NumPy array; other values unchanged."""
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value


def _pairs(X: Any, Y: Any) -> list[tuple[Any, Any]]:
    if Y is None:
        return [(None, y) for y in _series(X)]
    xs, ys = _series(X), _series(Y)
    return [(x if len(x) else None, y) for x, y in zip(cycle(xs), ys)]


def _series(values: Any) -> list[Any]:
    """Return a list of series from one series or several."""
    values = to_array(values)
    if not hasattr(values, "__getitem__"):
        values = list(values)
    if hasattr(values, "ndim"):
        return [values] if values.ndim == 1 else list(values)
    if values and hasattr(values[0], "__len__") and getattr(values[0], "ndim", 1):
        return [to_array(series) for series in values]
    return [[to_array(value) for value in values]]


def show_list_len_pair_hist(
    legend: Iterable[str],
    xlabel: str,
    ylabel: str,
    xlist: Iterable[Sized],
    ylist: Iterable[Sized],
) -> None:
    """Plot a histogram of the lengths of the items of `xlist` and `ylist` (hatched).

    >>> english = [range(length) for length in (3, 3, 4, 5, 7)]
    >>> french = [range(length) for length in (2, 4, 4, 6, 9)]
    >>> d2l.show_list_len_pair_hist(["English", "French"], "tokens", "sentences", english, french)

    Book: 10.5 Machine translation and the dataset
    """
    from matplotlib import pyplot as plt

    set_figsize()
    lengths = [[*map(len, items)] for items in (xlist, ylist)]
    _, _, bars = plt.hist(lengths)
    plt.xlabel(xlabel)
    plt.ylabel(ylabel)
    for bar in cast(Any, bars)[1].patches:
        bar.set_hatch("/")
    plt.legend(list(legend))
