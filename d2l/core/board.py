"""The board on which a run draws its curves: points first, a picture when one is due."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from d2l.core.hyperparameters import HyperParameters
from d2l.core.points import Point, Series, as_value
from d2l.plot import live
from d2l.plot.picture import LivePicture

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class ProgressBoard(HyperParameters):
    """Curves that grow while a run goes on.

    In a notebook one picture is updated in place and stays as the cell's output; elsewhere the
    board holds data alone, and `save` makes a picture. `display=False` keeps it quiet everywhere.
    `axes` given are drawn into, others get a figure of their own.

    >>> board = d2l.ProgressBoard(xlabel="n", yscale="log")
    >>> for n in range(1, 101):
    ...     board.draw(n, 1 / n, "1/n", every_n=2)
    ...     board.draw(n, 0.95**n, "0.95^n", every_n=10)
    >>> len(board.points["1/n"]), len(board.points["0.95^n"])
    (50, 10)

    Book: 3.2 Object-oriented design for implementation
    """

    xlabel: str | None
    ylabel: str | None
    xlim: Sequence[float] | None
    ylim: Sequence[float] | None
    xscale: str
    yscale: str
    ls: Sequence[str]
    colors: Sequence[str]
    figsize: Sequence[float]
    display: bool

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
        self.save_hyperparameters(ignore=("fig", "axes"))
        self.fig: Figure | None = fig
        self.axes: Axes | None = axes
        self.clear()

    def clear(self) -> None:
        """Forget every point; what was shown stays where it was shown."""
        self._series: dict[str, Series] = {}
        self._lines: dict[str, Any] = {}
        self._picture = LivePicture()

    def draw(self, x: Any, y: Any, label: str, every_n: float = 1) -> None:
        """Add the value `y` at `x` to a curve; each drawn point is the mean of `every_n` values.

        `every_n` below 1 counts as 1. `y` is a number or a tensor of one element on any device; on
        a GPU it is read when a picture is due or `points` is asked for, not before.

        Book: 3.2 Object-oriented design for implementation
        """
        series = self._series.get(label)
        if series is None:
            series = self._series[label] = Series()
        if series.add(float(x), as_value(y), max(1, int(every_n))) and self.display:
            self._picture.update(self)

    @property
    def points(self) -> dict[str, list[Point]]:
        """Every drawn point, by label: `board.points["val_acc"][-1].y`."""
        return {label: series.points for label, series in self._series.items()}

    @property
    def data(self) -> dict[str, list[Point]]:
        """`points`, by the name that d2l 1.0.3 had for them."""
        return self.points

    def state_dict(self) -> dict[str, dict[str, Any]]:
        """Every point, and what is summed up towards the next ones, as plain numbers."""
        return {label: series.state_dict() for label, series in self._series.items()}

    def load_state_dict(self, state: dict[str, dict[str, Any]]) -> None:
        """Go on from a state that `state_dict` gave; what was drawn before is forgotten."""
        self.clear()
        for label, series_state in state.items():
            self._series[label] = Series()
            self._series[label].load_state_dict(series_state)
            self._is_stale = True

    def latest(self) -> dict[str, float]:
        """The last value of each curve; waits for the device the values are on."""
        return {label: series.ys[-1] for label, series in self._series.items() if len(series)}

    def frame(self) -> "pandas.DataFrame":
        """The points as a pandas frame with the columns `label`, `x`, `y`."""
        import pandas

        rows = [(label, *point) for label, points in self.points.items() for point in points]
        return pandas.DataFrame(rows, columns=["label", "x", "y"])

    def save(self, path: str | Path) -> None:
        """Write the picture, in the format of the suffix (`.svg`, `.png`, `.pdf`), or a `.csv`."""
        target = Path(path)
        if target.suffix == ".csv":
            self.frame().to_csv(target, index=False)
        else:
            self.render().savefig(target, bbox_inches="tight")

    def render(self) -> "Figure":
        """The figure, brought up to date with the points."""
        if self.axes is None:
            self.fig = self.fig or live.new_figure(self.figsize)
            self.axes = self.fig.gca()
        curves = {label: (series.xs, series.ys) for label, series in self._series.items()}
        live.draw_curves(self.axes, curves, self._style(), self._lines)
        return self.axes.figure  # type: ignore[return-value]

    def finish(self) -> None:
        """Show the last state if the picture is older; called at the end of each run and cell."""
        self._picture.finish(self)

    def _style(self) -> live.Style:
        return live.Style(*(getattr(self, name) for name in live.Style._fields))

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles keep the points and the style, not the figure or its cell."""
        empty: dict[str, Any] = {"fig": None, "axes": None, "_lines": {}}
        return {**self.__dict__, **empty, "_picture": LivePicture()}
