"""`Animator`: live curves for training loops written by hand.

The points are stored in `plot.curves` and displayed by `plot.live_figure`, as in `ProgressBoard`.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from d2l.core.board import finish_board
from d2l.errors import ShapeError
from d2l.plot import live
from d2l.plot.curves import Series, as_value
from d2l.plot.drawing_state import state_of
from d2l.plot.figure import FMTS, set_axes
from d2l.plot.frontend import notebook_shell
from d2l.plot.live_figure import LiveFigure, make_current

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Style(NamedTuple):
    """The arguments of an animator."""

    axes: tuple[Any, ...]  # arguments of `set_axes`
    grid: tuple[int, int]
    figsize: Sequence[float]


class Animator:
    """Draws the curves of a training loop while it runs.

    In a notebook, one figure is updated in place and remains as the cell's output. In a script, the
    figure is drawn only when needed: by `plt.show()`, `plt.savefig(…)` or `animator.fig`. The
    curves are in the first of `nrows * ncols` axes; the others, `axes[1]`, …, are left to the
    caller.

    >>> animator = d2l.Animator(xlabel="epoch", legend=["train loss", "test acc"])
    >>> animator.add(0.5, (2.0, None))
    >>> animator.add(1, (1.0, 0.9))
    >>> animator.X, animator.Y
    ([[0.5, 1.0], [1.0]], [[2.0, 1.0], [0.9]])

    Book: 23.7 Utility functions and classes
    """

    def __init__(
        self,
        xlabel: str | None = None,
        ylabel: str | None = None,
        legend: Sequence[str] | None = None,
        xlim: Sequence[float] | None = None,
        ylim: Sequence[float] | None = None,
        xscale: str = "linear",
        yscale: str = "linear",
        fmts: Sequence[str] = FMTS,
        nrows: int = 1,
        ncols: int = 1,
        figsize: Sequence[float] = (3.5, 2.5),
    ) -> None:
        self.fmts = fmts
        limits = _width(xlim), _width(ylim)
        axes = (xlabel, ylabel, *limits, xscale, yscale, () if legend is None else legend)
        state_of(self).looks = Style(axes, (nrows, ncols), figsize)
        if notebook_shell() is None:
            make_current(_live(self), partial(_figure, self))

    def add(self, x: Any, y: Any) -> None:
        """Add a point to each curve: `y` is one number or one per curve, None for no point.

        `x` is one number for all curves or one per curve. Tensors on a GPU are read only when the
        figure is drawn.

        Book: 23.7 Utility functions and classes
        """
        ys = _values(y)
        xs = _values(x) if _is_sequence(x) else [x] * len(ys)
        if len(xs) != len(ys):
            raise ShapeError(
                f"add expects one point per curve; found {len(xs)} values in x and {len(ys)} in y. "
                "Pass a single x for all curves: animator.add(epoch, (loss, acc))"
            )
        state = state_of(self)
        _take_assigned(self)
        for i in range(len(state.curves.series), len(ys)):
            state.curves.series[_new_label(self, i, len(ys))] = Series()
        for label, a, b in zip([*state.curves.series], xs, ys, strict=False):
            if a is not None and b is not None:
                state.curves.add(label, a, b)
        _follow(self)

    @property
    def X(self) -> Any:  # noqa: N802
        """The x values, one list per curve; None before the first point."""
        return _lists(self, "X", lambda series: series.xs)

    @X.setter
    def X(self, value: Any) -> None:  # noqa: N802
        state_of(self).assigned["X"] = value

    @property
    def Y(self) -> Any:  # noqa: N802
        """The y values, one list per curve; None before the first point."""
        return _lists(self, "Y", lambda series: series.ys)

    @Y.setter
    def Y(self, value: Any) -> None:  # noqa: N802
        state_of(self).assigned["Y"] = value

    @property
    def fig(self) -> "Figure":
        """The figure, drawn on access."""
        return _figure(self)

    @fig.setter
    def fig(self, value: "Figure") -> None:
        state_of(self).fig = value

    @property
    def axes(self) -> "list[Axes]":
        """The axes, row by row, updated with all points."""
        _live(self).refresh()
        return _axes(self)

    @axes.setter
    def axes(self, value: "Sequence[Axes]") -> None:
        state_of(self).axes = value

    def config_axes(self) -> None:
        """Set labels, scales, limits, legend and grid of the first axes."""
        set_axes(_axes(self)[0], *state_of(self).looks.axes)

    def latest(self) -> dict[str, float]:
        """Return the last value of each curve by its label; synchronizes with the device."""
        return state_of(self).curves.latest()

    def save(self, path: str | Path) -> None:
        """Save the figure in the format of the suffix (`.svg`, `.png`, `.pdf`)."""
        _live(self).render().savefig(Path(path), bbox_inches="tight")

    def render(self) -> "Figure":
        """Return the figure, updated with all points."""
        return _live(self).render()

    def finish(self) -> None:
        """Update the figure if it is outdated; called at the end of each run and cell."""
        finish_board(self)


def _live(animator: Animator) -> LiveFigure:
    state = state_of(animator)
    if state.live is None:
        state.live = LiveFigure(
            figure=partial(_figure, animator),
            redraw=partial(_redraw, animator),
            version=partial(_version, animator),
            finish=partial(finish_board, animator),
        )
    return state.live


def _follow(animator: Animator) -> None:
    state, shown = state_of(animator), _live(animator)
    if state.follows and (shown.place or shown.begin()) == "cell":
        shown.update()
    else:
        state.follows = False


def _figure(animator: Animator) -> "Figure":
    state = state_of(animator)
    if state.fig is None:
        # users adjust the spacing of several axes with fig.subplots_adjust
        layout = "constrained" if state.looks.grid == (1, 1) else "tight"
        state.fig = live.new_figure(state.looks.figsize, _live(animator).refresh, layout)
    return state.fig


def _axes(animator: Animator) -> "list[Axes]":
    state = state_of(animator)
    if state.axes is None:
        grid = _figure(animator).subplots(*state.looks.grid, squeeze=False).flatten()
        state.axes = [*grid] if len(grid) == 1 else grid
    return cast("list[Axes]", state.axes)


def _redraw(animator: Animator) -> None:
    """Draw the curves; without points, keep what a user-defined `add` has drawn."""
    axes, curves = _axes(animator)[0], state_of(animator).curves
    if not any(curves.counts().values()):
        return
    axes.cla()
    for i, series in enumerate(curves.series.values()):
        (line,) = axes.plot(series.xs, series.ys, animator.fmts[i % len(animator.fmts)])
        if len(series) == 1:  # a line needs two points
            line.set_marker(".")
    animator.config_axes()


def _version(animator: Animator) -> Any:
    curves = state_of(animator).curves
    return curves.counts(), curves.num_clears


def _take_assigned(animator: Animator) -> None:
    """Replace the curves by the points that the user assigned to `X` and `Y`."""
    state = state_of(animator)
    if not state.assigned:
        return
    xs, ys = animator.X or [], animator.Y or []
    state.assigned.clear()
    state.curves.clear()
    for i, (curve_xs, curve_ys) in enumerate(zip(xs, ys, strict=False)):
        label = _new_label(animator, i, len(ys))
        state.curves.extend(label, [*map(as_value, curve_xs)], [*map(as_value, curve_ys)])


def _lists(animator: Animator, name: str, of: Callable[[Series], list[float]]) -> Any:
    """Return the assigned value, or one list per curve; None without curves, as in 1.0.3."""
    state = state_of(animator)
    if name in state.assigned:
        return state.assigned[name]
    return [of(series) for series in state.curves.series.values()] or None


def _new_label(animator: Animator, i: int, num_curves: int) -> str:
    _, ylabel, *_, legend = state_of(animator).looks.axes
    label = legend[i] if i < len(legend) else f"curve {i + 1}"
    if num_curves == 1 and not len(legend):
        label = ylabel or "y"
    return label if label not in state_of(animator).curves.series else f"{label} {i + 1}"


def _is_sequence(value: Any) -> bool:
    return hasattr(value, "__len__") and getattr(value, "ndim", 1) > 0


def _values(value: Any) -> list[Any]:
    return list(value) if _is_sequence(value) else [value]


def _width(limits: Sequence[float] | None) -> Sequence[float] | None:
    """Return the limits, or None if they are equal, as in a run of one epoch."""
    return None if limits is None or limits[0] == limits[1] else limits
