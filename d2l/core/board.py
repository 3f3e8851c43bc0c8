"""The board on which a run draws its curves: data first, a picture when one is due."""

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
    """Curves that grow while a run goes on.

    In a notebook one picture is updated in place and stays as the cell's output. In a script
    nothing is drawn until it is looked at: `plt.show()`, `plt.savefig(…)` and `board.fig` give the
    curves. `display=False` keeps the board quiet everywhere. `axes` or a `fig` that are given are
    drawn into, others get a figure of their own.

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

        `every_n` below 1 counts as 1. `y` is a number or a tensor of one element on any device; on
        a GPU it is read when a picture is due or `points` is asked for, not before, unless `axes`
        were given.

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
        """Every drawn point, by label: `board.points["val_acc"][-1].y`."""
        own = self.__dict__.get("points")
        return state_of(self).curves.points() if own is None else own

    @points.setter
    def points(self, value: Any) -> None:
        self.__dict__["points"] = value  # a subclass may use the name for something else

    @property
    def data(self) -> Any:
        """`points`, by their name in d2l 1.0.3, which has none before the first point."""
        return _of_released(self, "data", Curves.points)

    @data.setter
    def data(self, value: Any) -> None:
        state_of(self).assigned["data"] = value

    @property
    def raw_points(self) -> Any:
        """What was summed up towards the next points; values of the same point as their mean."""
        return _of_released(self, "raw_points", _raw_points)

    @raw_points.setter
    def raw_points(self, value: Any) -> None:
        state_of(self).assigned["raw_points"] = value

    @property
    def fig(self) -> "Figure | None":
        """The figure; None before the first point, unless it was given."""
        state = state_of(self)
        is_drawn = self.display and any(state.curves.counts().values())
        return _figure(self) if is_drawn else state.fig

    @fig.setter
    def fig(self, value: "Figure | None") -> None:
        _give(self, value, None)

    @property
    def axes(self) -> "Axes | None":
        """The axes, with every point so far; None before the first point, unless given."""
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
        """Every point, and what is summed up towards the next ones, as plain numbers."""
        return state_of(self).curves.state_dict()

    def load_state_dict(self, state: dict[str, dict[str, Any]]) -> None:
        """Restore a state that `state_dict` returned; the present points are forgotten."""
        state_of(self).curves.load_state_dict(state)

    def latest(self) -> dict[str, float]:
        """The last value of each curve; waits for the device the values are on."""
        return state_of(self).curves.latest()

    def frame(self) -> "pandas.DataFrame":
        """The points as a pandas frame with the columns `label`, `x`, `y`."""
        return board_frame(self)

    def save(self, path: str | Path) -> None:
        """Write the picture, in the format of the suffix (`.svg`, `.png`, `.pdf`), or a `.csv`."""
        save_board(self, path)

    def render(self) -> "Figure":
        """The figure, brought up to date with the points."""
        return render_board(self)

    def finish(self) -> None:
        """Show the last state if the picture is older; called at the end of each run and cell."""
        finish_board(self)

    def flush(self) -> None:
        """Show the last state, like `finish`."""
        finish_board(self)


# Readers subclass ProgressBoard and may use each name of ours for something else. So the library
# calls these functions, and never a method or attribute of a board that 1.0.3 does not have.


def board_curves(board: object) -> Curves | None:
    """The curves of a board or an animator; None for one that a reader wrote from scratch."""
    state = getattr(board, "__dict__", {}).get("_d2l")
    if state is None and isinstance(board, _OWN):
        state = state_of(board)
    return state.curves if isinstance(state, DrawingState) else None


def finish_board(board: object) -> None:
    """Show the last state in a notebook; in a script, make the figure pyplot's current one."""
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
    """Add many values at once: the same points as from `draw`, and one look at the picture."""
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
    """The points as a pandas frame with the columns `label`, `x`, `y`."""
    import pandas

    points = state_of(board).curves.points()
    rows = [(label, *point) for label, curve in points.items() for point in curve]
    return pandas.DataFrame(rows, columns=["label", "x", "y"])


def save_board(board: ProgressBoard, path: str | Path) -> None:
    """Write the picture, in the format of the suffix (`.svg`, `.png`, `.pdf`), or a `.csv`."""
    if Path(path).suffix == ".csv":
        board_frame(board).to_csv(path, index=False)
    else:
        render_board(board).savefig(path, bbox_inches="tight")


def render_board(board: ProgressBoard) -> "Figure":
    """The figure, brought up to date with the points."""
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
    """Points were added: the first since a run or a cell began finds out who looks at it."""
    state, shown = state_of(board), _live(board)
    place = shown.place or shown.begin()
    if place == "cell":
        shown.update()
    elif place == "given axes":
        _extend_line(board, label, num_points)
    else:
        state.follows = False


def _extend_line(board: ProgressBoard, label: str, num_points: int) -> None:
    """Draw points into axes that a reader holds, at a cost that does not grow with the curve."""
    state = state_of(board)
    line, axes = state.lines.get(label), cast(Any, state.axes)
    if line is None or line.axes is not axes or state.drawn != _drawing(board):
        render_board(board)
        return
    series = state.curves.series[label]
    added = zip(series.xs[-num_points:], series.ys[-num_points:], strict=True)
    axes.update_datalim(list(added))
    axes.autoscale(None)  # when it is drawn


def _give(board: ProgressBoard, fig: "Figure | None", axes: "Axes | None") -> None:
    """Draw into these from now on; None makes a figure of the board's own."""
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
    """The same only while nothing changes in the picture."""
    return state_of(board).curves.counts(), *_drawing(board)


def _raw_points(curves: Curves) -> dict[str, list[Point]]:
    return {label: series.unfinished() for label, series in curves.series.items()}


def _take_assigned(board: ProgressBoard) -> None:
    """Continue from the points that a reader assigned to `data` and `raw_points`."""
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
    """An attribute that a board of 1.0.3 has from its first point on, unless a reader set it."""
    state = state_of(board)
    if name in state.assigned:
        return state.assigned[name]
    if not state.curves.series:
        raise AttributeError(f"{type(board).__name__} has no {name} before its first point")
    return of(state.curves)


_OWN = (ProgressBoard,)  # which stays, whatever a reader calls by that name
