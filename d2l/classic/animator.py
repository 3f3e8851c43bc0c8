"""Curves that grow point by point, in the words of the procedural loops.

Draws nothing itself: the points are `core.points`, the curves `plot.figure`, the pace and the place
of the picture `plot.picture`, as for a `ProgressBoard`.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from d2l.core.points import Series, as_value
from d2l.errors import ShapeError
from d2l.plot import live
from d2l.plot.figure import FMTS, plot
from d2l.plot.picture import LivePicture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Animator:
    """Draws the curves of a training loop while it runs.

    In a notebook one picture is updated in place and stays as the cell's output; elsewhere the
    animator holds data alone, in `X` and `Y`, and `save` makes a picture. The curves go into the
    first of `nrows * ncols` axes; the others, `axes[1]`, …, are the reader's.

    >>> animator = d2l.Animator(xlabel="epoch", legend=["train loss", "test acc"])
    >>> animator.add(0.5, (2.0, None))
    >>> animator.add(1, (1.0, 0.9))
    >>> animator.X, animator.Y
    ([[0.5, 1.0], [1.0]], [[2.0, 1.0], [0.9]])

    Book: 23.7 Utility functions and classes
    """

    display = True

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
        self.legend: Sequence[str] = () if legend is None else legend
        self.fmts = fmts
        self._labels = (xlabel, ylabel)
        self._limits = (_width(xlim), _width(ylim), xscale, yscale)
        self._grid = (nrows, ncols)
        self._figsize = figsize
        self._curves: list[Series] = []
        self._picture = LivePicture()

    def add(self, x: Any, y: Any) -> None:
        """Add a point to each curve: `y` is a number or one for each curve, None for no point.

        `x` is shared, or there is one for each. Tensors on a GPU are read when a picture is due.

        Book: 23.7 Utility functions and classes
        """
        ys = _values(y)
        xs = _values(x) if _is_several(x) else [x] * len(ys)
        if len(xs) != len(ys):
            raise ShapeError(
                f"add draws one point for each curve; found {len(xs)} values in x and {len(ys)} "
                "in y. Give x once for all, e.g. animator.add(epoch, (loss, acc))"
            )
        while len(self._curves) < len(ys):
            self._curves.append(Series())
        for curve, a, b in zip(self._curves, xs, ys, strict=False):
            if a is not None and b is not None:
                curve.add(float(a), as_value(b), every_n=1)
        self._picture.update(self)

    @property
    def X(self) -> list[list[float]]:  # noqa: N802
        """Where the points are, a list for each curve."""
        return [curve.xs for curve in self._curves]

    @property
    def Y(self) -> list[list[float]]:  # noqa: N802
        """The values of the points, a list for each curve."""
        return [curve.ys for curve in self._curves]

    @cached_property
    def fig(self) -> "Figure":
        """The figure, made when it is first asked for."""
        figure = live.new_figure(self._figsize)
        if self._grid != (1, 1):  # readers space the axes themselves, with fig.subplots_adjust
            figure.set_layout_engine("tight")
        return figure

    @cached_property
    def axes(self) -> "list[Axes]":
        """The axes, row by row."""
        return list(self.fig.subplots(*self._grid, squeeze=False).flatten())

    def latest(self) -> dict[str, float]:
        """The last value of each curve, by its name in the legend; waits for the device."""
        curves = enumerate(self._curves)
        return {self._name(i): curve.ys[-1] for i, curve in curves if len(curve)}

    def save(self, path: str | Path) -> None:
        """Write the picture, in the format of the suffix (`.svg`, `.png`, `.pdf`)."""
        self.render().savefig(Path(path), bbox_inches="tight")

    def render(self) -> "Figure":
        """The figure, brought up to date with the points."""
        looks = (*self._labels, self.legend, *self._limits, self.fmts)
        plot(self.X, self.Y, *looks, axes=self.axes[0])
        for line, curve in zip(self.axes[0].lines, self._curves, strict=False):
            if len(curve) == 1:  # one point makes no line
                line.set_marker(".")
        return self.fig

    def finish(self) -> None:
        """Show the last state if the picture is older; called at the end of each run and cell."""
        self._picture.finish(self)

    def _name(self, i: int) -> str:
        if i < len(self.legend):
            return self.legend[i]
        return (self._labels[1] or "y") if len(self._curves) == 1 else f"curve {i + 1}"


def _is_several(value: Any) -> bool:
    return hasattr(value, "__len__") and getattr(value, "ndim", 1) > 0


def _values(value: Any) -> list[Any]:
    return list(value) if _is_several(value) else [value]


def _width(limits: Sequence[float] | None) -> Sequence[float] | None:
    """Limits that leave room: from 1 to 1, a run of one epoch, is none."""
    return None if limits is None or limits[0] == limits[1] else limits
