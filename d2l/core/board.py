"""The board that plots the curves of a run: stores points, and draws a figure when it is due."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from d2l.core.hyperparameters import HyperParameters
from d2l.plot import live
from d2l.plot.curves import Curves, Point, Values, as_value
from d2l.plot.drawing_state import DrawingState, state_of
from d2l.plot.live_figure import LiveFigure

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class ProgressBoard(HyperParameters):
    """Plots curves while a run is in progress.

    In a notebook one picture is updated in place and stays as the cell's output. In a script
    nothing is drawn until the figure is requested with `plt.show()`, `plt.savefig(…)` or
    `board.fig`. `display=False` turns off all output. If `axes` or a `fig` is passed, the board
    draws into it; otherwise it creates a figure.

    >>> board = d2l.ProgressBoard(xlabel="n", yscale="log")
    >>> for n in range(1, 101):
    ...     board.draw(n, 1 / n, "1/n", every_n=2)
    ...     board.draw(n, 0.95**n, "0.95^n", every_n=10)
    >>> len(board.points["1/n"]), len(board.points["0.95^n"])
    (50, 10)

    Book: 3.2 Object-oriented design for implementation
    """

    xlabel: str | None = None
    ylabel: str | None = None
    xlim: Sequence[float] | None = None
    ylim: Sequence[float] | None = None
    xscale: str = "linear"
    yscale: str = "linear"
    ls: Sequence[str] = ("-", "--", "-.", ":")
    colors: Sequence[str] = ("C0", "C1", "C2", "C3")
    figsize: Sequence[float] = (3.5, 2.5)
    display: bool = True

    def __init__(
        self,
        xlabel: str | None = None,
        ylabel: str | None = None,
        xlim: Sequence[float] | None = None,
        ylim: Sequence[float] | None = None,
        xscale: str = "linear",
        yscale: str = "linear",
        ls: Sequence[str] = ("-", "--", "-.", ":"),
        colors: Sequence[str] = ("C0", "C1", "C2", "C3"),
        fig: "Figure | None" = None,
        axes: "Axes | None" = None,
        figsize: Sequence[float] = (3.5, 2.5),
        display: bool = True,
    ) -> None:
        self.save_hyperparameters(ignore=["fig", "axes"])
        self.ls, self.colors = [*ls], [*colors]
        self.fig, self.axes = fig, axes

    def draw(self, x: Any, y: Any, label: str, every_n: float = 1) -> None:
        """Add the value `y` at `x` to a curve; each drawn point is the mean of `every_n` values.

        `every_n` below 1 counts as 1. `y` is a number or a tensor of one element on any device. A
        tensor on a GPU is read only when a picture is due or `points` is accessed, unless `axes`
        were passed.

        Book: 3.2 Object-oriented design for implementation
        """
        state = self.__dict__.get("_d2l") or state_of(self)
        if state.assigned:
            _take_assigned(self)
        is_point = state.curves.add(label, x, y, every_n)
        if is_point and state.follows and self.display:
            _follow(self, label, 1)

    @property
    def points(self) -> Any:
        """All drawn points, by label: `board.points["val_acc"][-1].y`."""
        own = self.__dict__.get("points")
        return state_of(self).curves.points() if own is None else own

    @points.setter
    def points(self, value: Any) -> None:
        self.__dict__["points"] = value  # a subclass may use the name for something else

    @property
    def data(self) -> Any:
        """Alias of `points`, as in d2l 1.0.3; raises `AttributeError` before the first point."""
        return _of_released(self, "data", Curves.points)

    @data.setter
    def data(self, value: Any) -> None:
        state_of(self).assigned["data"] = value

    @property
    def raw_points(self) -> Any:
        """Values not yet averaged into a point, as in d2l 1.0.3; each is the mean so far."""
        return _of_released(self, "raw_points", _raw_points)

    @raw_points.setter
    def raw_points(self, value: Any) -> None:
        state_of(self).assigned["raw_points"] = value

    @property
    def fig(self) -> "Figure | None":
        """The figure; None before the first point, unless one was passed."""
        state = state_of(self)
        is_drawn = self.display and any(state.curves.counts().values())
        return _figure(self) if is_drawn else state.fig

    @fig.setter
    def fig(self, value: "Figure | None") -> None:
        _give(self, value, None)

    @property
    def axes(self) -> "Axes | None":
        """The axes with all points so far; None before the first point, unless passed."""
        state = state_of(self)
        if self.display and any(state.curves.counts().values()):
            render_board(self)
        return cast("Axes | None", state.axes)

    @axes.setter
    def axes(self, value: "Axes | None") -> None:
        figure = state_of(self).fig if value is None else value.get_figure(root=True)
        _give(self, figure, value)

    def clear(self) -> None:
        """Clear all points; already displayed output is kept."""
        clear_board(self)

    def state_dict(self) -> dict[str, dict[str, Any]]:
        """Return all points and the partial sums of the next ones as plain numbers."""
        return state_of(self).curves.state_dict()

    def load_state_dict(self, state: dict[str, dict[str, Any]]) -> None:
        """Restore a state returned by `state_dict`; the current points are discarded."""
        state_of(self).curves.load_state_dict(state)

    def latest(self) -> dict[str, float]:
        """Return the last value of each curve; synchronizes with the device of the values."""
        return state_of(self).curves.latest()

    def frame(self) -> "pandas.DataFrame":
        """Return the points as a pandas DataFrame with the columns `label`, `x`, `y`."""
        return board_frame(self)

    def save(self, path: str | Path) -> None:
        """Save the figure in the format of the suffix (`.svg`, `.png`, `.pdf`), or a `.csv`."""
        save_board(self, path)

    def render(self) -> "Figure":
        """Redraw the figure with all points and return it."""
        return render_board(self)

    def finish(self) -> None:
        """Redraw if the picture is outdated; called at the end of each run and cell."""
        finish_board(self)

    def flush(self) -> None:
        """Redraw if the picture is outdated; same as `finish`."""
        finish_board(self)


# Subclasses of ProgressBoard may reuse any name that 1.0.3 does not define. So the library calls
# these functions, and only the methods and attributes of a board that 1.0.3 has.


def board_curves(board: object) -> Curves | None:
    """Return the curves of a board or an animator; None for one written from scratch."""
    state = getattr(board, "__dict__", {}).get("_d2l")
    if state is None and isinstance(board, _OWN):
        state = state_of(board)
    return state.curves if isinstance(state, DrawingState) else None


def finish_board(board: object) -> None:
    """Redraw in a notebook; in a script, make the figure the current one of pyplot."""
    curves = board_curves(board)
    if curves is None or not any(curves.counts().values()):
        return
    state = board.__dict__["_d2l"]
    state.follows = True
    if isinstance(board, _OWN):
        if board.display:
            _live(board).finish()
    elif state.live is not None:
        state.live.finish()


def draw_many(board: ProgressBoard, xs: Values, ys: Values, label: str, every_n: float) -> None:
    """Add many values at once: the same points as `draw` adds, with at most one redraw."""
    state = state_of(board)
    if state.assigned:
        _take_assigned(board)
    num_points = state.curves.extend(label, xs, ys, every_n)
    if num_points and state.follows and board.display:
        _follow(board, label, num_points)


def clear_board(board: ProgressBoard) -> None:
    """Clear all points; already displayed output is kept."""
    state = state_of(board)
    state.curves.clear()
    state.assigned.clear()


def board_frame(board: ProgressBoard) -> "pandas.DataFrame":
    """Return the points as a pandas DataFrame with the columns `label`, `x`, `y`."""
    import pandas

    points = state_of(board).curves.points()
    rows = [(label, *point) for label, curve in points.items() for point in curve]
    return pandas.DataFrame(rows, columns=["label", "x", "y"])


def save_board(board: ProgressBoard, path: str | Path) -> None:
    """Save the figure in the format of the suffix (`.svg`, `.png`, `.pdf`), or a `.csv`."""
    if Path(path).suffix == ".csv":
        board_frame(board).to_csv(path, index=False)
    else:
        render_board(board).savefig(path, bbox_inches="tight")


def render_board(board: ProgressBoard) -> "Figure":
    """Redraw the figure with all points and return it."""
    return _live(board).render()


def _live(board: ProgressBoard) -> LiveFigure:
    state = state_of(board)
    if state.live is None:
        state.live = LiveFigure(
            figure=partial(_figure, board),
            redraw=partial(_redraw, board),
            version=partial(_version, board),
            finish=partial(finish_board, board),
        )
    return state.live


def _follow(board: ProgressBoard, label: str, num_points: int) -> None:
    """Update the display after points were added; the first call of a run or cell selects how."""
    state, shown = state_of(board), _live(board)
    place = shown.place or shown.begin()
    if place == "cell":
        shown.update()
    elif place == "given axes":
        _extend_line(board, label, num_points)
    else:
        state.follows = False


def _extend_line(board: ProgressBoard, label: str, num_points: int) -> None:
    """Draw new points into user-supplied axes, at a cost independent of the curve's length."""
    state = state_of(board)
    line, axes = state.lines.get(label), cast(Any, state.axes)
    if line is None or line.axes is not axes or state.drawn != _drawing(board):
        render_board(board)
        return
    series = state.curves.series[label]
    added = zip(series.xs[-num_points:], series.ys[-num_points:], strict=True)
    axes.update_datalim(list(added))
    axes.autoscale(None)  # matplotlib applies it when it draws


def _give(board: ProgressBoard, fig: "Figure | None", axes: "Axes | None") -> None:
    """Draw into this figure and these axes from now on; None: the board creates its own."""
    state = state_of(board)
    state.fig, state.axes, state.lines = fig, axes, {}
    state.live, state.follows = None, True
    if fig is not None:
        _live(board).is_given = True


def _figure(board: ProgressBoard) -> "Figure":
    state = state_of(board)
    if state.fig is None:
        state.fig = live.new_figure(board.figsize, _live(board).refresh)
    return state.fig


def _redraw(board: ProgressBoard) -> None:
    state = state_of(board)
    if state.axes is None:
        state.axes = _figure(board).gca()
    num_clears, style = drawing = _drawing(board)
    if state.drawn is not None and num_clears != state.drawn[0]:
        for line in state.lines.values():
            if line.axes is not None:
                line.remove()
        state.lines = {}
    state.drawn = drawing
    curves = {label: partial(_data_of, state.curves, label) for label in state.curves.series}
    live.draw_curves(state.axes, curves, style, state.lines)


def _data_of(curves: Curves, label: str) -> tuple[Sequence[float], Sequence[float]]:
    series = curves.series.get(label)
    return ([], []) if series is None else (series.xs, series.ys)


def _drawing(board: ProgressBoard) -> tuple[int, live.Style]:
    style = live.Style(*(getattr(board, name) for name in live.Style._fields))
    return state_of(board).curves.num_clears, style


def _version(board: ProgressBoard) -> Any:
    """Return a value that changes exactly when the picture does."""
    return state_of(board).curves.counts(), *_drawing(board)


def _raw_points(curves: Curves) -> dict[str, list[Point]]:
    return {label: series.unfinished() for label, series in curves.series.items()}


def _take_assigned(board: ProgressBoard) -> None:
    """Continue from the points that the user assigned to `data` and `raw_points`."""
    state = state_of(board)
    curves, assigned = state.curves, state.assigned
    points, raw_points = assigned.get("data", curves.points()), assigned.get("raw_points")
    raw_points = _raw_points(curves) if raw_points is None else raw_points
    assigned.clear()
    curves.clear()
    for label, curve in points.items():
        curves.extend(label, [float(x) for x, _ in curve], [float(as_value(y)) for _, y in curve])
    for label, curve in raw_points.items():
        for x, y in curve:
            curves.add(label, x, y, every_n=len(curve) + 1)


def _of_released(board: ProgressBoard, name: str, of: Callable[[Curves], Any]) -> Any:
    """Return an attribute that in 1.0.3 exists from the first point on, or the assigned value."""
    state = state_of(board)
    if name in state.assigned:
        return state.assigned[name]
    if not state.curves.series:
        raise AttributeError(f"{type(board).__name__} has no {name!r} before its first point")
    return of(state.curves)


_OWN = (ProgressBoard,)  # the library's class, even if the user redefines the name
