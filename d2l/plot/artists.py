"""Matplotlib artists that read their data when they are drawn. Importing loads matplotlib."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.path import Path

Source = Callable[[], tuple[Sequence[float], Sequence[float]]]


class LazyFigure(Figure):
    """A figure that calls `refresh` before it is drawn or saved, or its axes are accessed."""

    def __init__(self, *args: Any, refresh: Callable[[], None] | None = None, **kwargs: Any):
        self._refresh: Callable[[], None] | None = None
        super().__init__(*args, **kwargs)
        self._refresh = refresh

    @property  # type: ignore[misc]
    def axes(self) -> list[Axes]:  # type: ignore[override]
        """The axes, up to date."""
        self._update()
        return super().axes

    def get_axes(self) -> list[Axes]:
        """The same as `axes`."""
        return self.axes

    def gca(self) -> Axes:
        """Return the current axes, up to date; called by pyplot's functions."""
        self._update()
        return super().gca()

    def draw(self, renderer: Any) -> None:
        """Draw the figure, up to date; called by `savefig`, too."""
        self._update()
        super().draw(renderer)

    def _update(self) -> None:
        if self._refresh is not None:
            self._refresh()

    def __getstate__(self) -> dict[str, Any]:
        """Return the current state without `refresh`: copies and pickles are static."""
        self._update()
        return {**cast("dict[str, Any]", super().__getstate__()), "_refresh": None}


class CurveLine(Line2D):
    """A line with the points of a growing `source`; it is broken where x decreases."""

    def __init__(self, source: Source, label: str) -> None:
        super().__init__([], [], label=label)
        self._source: Source | None = source
        self._num_points = 0

    def pull(self) -> None:
        """Read new points from the source."""
        if self._source is None:
            return
        xs, ys = self._source()
        if len(xs) != self._num_points:
            self._num_points = len(xs)
            self.set_data(*_broken_at_returns(xs, ys))
            self.set_marker("." if len(xs) == 1 else "")  # a single point would be invisible

    def get_xdata(self, orig: bool = True) -> Any:
        """Return the x values of all points so far."""
        self.pull()
        return super().get_xdata(orig)

    def get_ydata(self, orig: bool = True) -> Any:
        """Return the y values of all points so far."""
        self.pull()
        return super().get_ydata(orig)

    def get_path(self) -> Path:
        """Return the path through all points so far."""
        self.pull()
        return super().get_path()

    def draw(self, renderer: Any) -> None:
        """Draw all points so far."""
        self.pull()
        super().draw(renderer)

    def __getstate__(self) -> dict[str, Any]:
        """Return the current points without the source: copies and pickles are static."""
        self.pull()
        return {**cast("dict[str, Any]", super().__getstate__()), "_source": None}


def _broken_at_returns(xs: Sequence[float], ys: Sequence[float]) -> tuple[Any, Any]:
    """Insert nan where x decreases, so that a second run is a separate line."""
    returns = np.flatnonzero(np.diff(xs) < 0) + 1
    return np.insert(xs, returns, np.nan), np.insert(ys, returns, np.nan)
