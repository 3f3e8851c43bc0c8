"""Matplotlib artists that read their data when they are looked at. Importing loads matplotlib."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.path import Path

Source = Callable[[], tuple[Sequence[float], Sequence[float]]]


class LazyFigure(Figure):
    """A figure that calls `refresh` before it is drawn or saved, or its axes are asked for."""

    def __init__(self, *args: Any, refresh: Callable[[], None] | None = None, **kwargs: Any):
        self._refresh: Callable[[], None] | None = None
        super().__init__(*args, **kwargs)
        self._refresh = refresh

    @property  # type: ignore[misc]
    def axes(self) -> list[Axes]:  # type: ignore[override]
        """The axes, with everything drawn so far."""
        self._bring_up_to_date()
        return super().axes

    def get_axes(self) -> list[Axes]:
        """The same as `axes`."""
        return self.axes

    def gca(self) -> Axes:
        """The current axes, with everything drawn so far; pyplot's functions begin here."""
        self._bring_up_to_date()
        return super().gca()

    def draw(self, renderer: Any) -> None:
        """Draw everything drawn so far; `savefig` ends here."""
        self._bring_up_to_date()
        super().draw(renderer)

    def _bring_up_to_date(self) -> None:
        if self._refresh is not None:
            self._refresh()

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles are of the figure as it is now, and follow nothing."""
        self._bring_up_to_date()
        return {**cast("dict[str, Any]", super().__getstate__()), "_refresh": None}


class CurveLine(Line2D):
    """A line whose points are those of a growing `source`; where x goes back, it is broken."""

    def __init__(self, source: Source, label: str) -> None:
        super().__init__([], [], label=label)
        self._source: Source | None = source
        self._num_points = 0

    def pull(self) -> None:
        """Take the points that are new."""
        if self._source is None:
            return
        xs, ys = self._source()
        if len(xs) != self._num_points:
            self._num_points = len(xs)
            self.set_data(*_without_returns(xs, ys))
            self.set_marker("." if len(xs) == 1 else "")  # one point makes no line

    def get_xdata(self, orig: bool = True) -> Any:
        """The x values of all points so far."""
        self.pull()
        return super().get_xdata(orig)

    def get_ydata(self, orig: bool = True) -> Any:
        """The y values of all points so far."""
        self.pull()
        return super().get_ydata(orig)

    def get_path(self) -> Path:
        """The path through all points so far."""
        self.pull()
        return super().get_path()

    def draw(self, renderer: Any) -> None:
        """Draw all points so far."""
        self.pull()
        super().draw(renderer)

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles keep the points and follow nothing."""
        self.pull()
        return {**cast("dict[str, Any]", super().__getstate__()), "_source": None}


def _without_returns(xs: Sequence[float], ys: Sequence[float]) -> tuple[Any, Any]:
    """The curve, broken where x goes back: a second run begins a line of its own."""
    returns = np.flatnonzero(np.diff(xs) < 0) + 1
    return np.insert(xs, returns, np.nan), np.insert(ys, returns, np.nan)
