"""The curves of a board: means of the values drawn, read from the device only when needed."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

Values = Sequence[float] | np.ndarray


class Point(NamedTuple):
    """One drawn point."""

    x: float
    y: float


class Series:
    """One curve under construction: each point is the mean of `every_n` drawn values."""

    def __init__(self) -> None:
        self.xs: list[float] = []
        self._ys: list[Any] = []
        self._num_read = 0
        self._sum_x: float = 0.0
        self._sum_y: Any = 0.0
        self._count = 0

    def __len__(self) -> int:
        return len(self.xs)

    def add(self, x: float, y: Any, every_n: int) -> bool:
        """Add one value; return whether it completed a point. `y` may be a 0-d tensor."""
        self._sum_x += x
        self._sum_y = self._sum_y + y
        self._count += 1
        if self._count < every_n:
            return False
        self.xs.append(self._sum_x / self._count)
        self._ys.append(self._sum_y / self._count if self._count > 1 else self._sum_y)
        self._sum_x, self._sum_y, self._count = 0.0, 0.0, 0
        return True

    def extend(self, xs: Values, ys: Values, every_n: int) -> int:
        """Add many values at once; return the number of points that they completed.

        The points are bit-identical to those from calling `add` for each value.
        """
        rows = np.array([xs, ys], dtype=np.float64)
        before = len(self)
        if self._count:
            num_missing = max(1, every_n - self._count)
            self._sum_up(rows[:, :num_missing])
            rows = rows[:, num_missing:]
            if self._count >= every_n:
                self._append(np.array([[self._sum_x], [self._sum_y]]) / self._count)
                self._sum_x, self._sum_y, self._count = 0.0, 0.0, 0
        num_whole = rows.shape[1] // every_n * every_n
        chunks = rows[:, :num_whole].reshape(2, -1, every_n)
        self._append(np.add.accumulate(chunks, axis=2)[:, :, -1] / every_n)
        self._sum_up(rows[:, num_whole:])
        return len(self) - before

    def clear_points(self) -> None:
        """Discard the completed points, but keep the partial sums of the next one."""
        self.xs, self._ys, self._num_read = [], [], 0

    def drop_unfinished(self) -> None:
        """Discard the partial sums of the next point, but keep the points."""
        self._sum_x, self._sum_y, self._count = 0.0, 0.0, 0

    def unfinished(self) -> list[Point]:
        """Return the mean of the values not in a point yet, repeated once per value."""
        if not self._count:
            return []
        return [Point(self._sum_x / self._count, float(self._sum_y) / self._count)] * self._count

    def state_dict(self) -> dict[str, Any]:
        """Return points and partial sums as numbers; synchronizes with their device."""
        return {
            "xs": list(self.xs),
            "ys": list(self.ys),
            "sum_x": self._sum_x,
            "sum_y": float(self._sum_y),
            "count": self._count,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a state that `state_dict` returned."""
        self.xs, self._ys = list(state["xs"]), list(state["ys"])
        self._num_read = len(self._ys)
        self._sum_x, self._sum_y, self._count = state["sum_x"], state["sum_y"], state["count"]

    @property
    def ys(self) -> list[float]:
        """The values as floats; those on a device are read in one transfer."""
        if self._num_read < len(self._ys):
            self._ys[self._num_read :] = read_values(self._ys[self._num_read :])
            self._num_read = len(self._ys)
        return self._ys

    @property
    def points(self) -> list[Point]:
        """The points in the order in which they were drawn."""
        return self.points_from(0)

    def points_from(self, start: int) -> list[Point]:
        """Return the points from index `start` on."""
        return [Point(x, y) for x, y in zip(self.xs[start:], self.ys[start:], strict=True)]

    def _sum_up(self, rows: np.ndarray) -> None:
        """Add values one by one to the partial sums, with the same rounding as `add`."""
        if rows.shape[1]:
            sums = np.array([[self._sum_x], [float(self._sum_y)]])
            total = np.add.accumulate(np.concatenate([sums, rows], axis=1), axis=1)[:, -1]
            self._sum_x, self._sum_y = total.tolist()
            self._count += rows.shape[1]

    def _append(self, means: np.ndarray) -> None:
        xs, ys = means.tolist()
        self.xs.extend(xs)
        self._ys.extend(ys)


class Curves:
    """All curves of one board, by label, in the order in which they were first drawn."""

    def __init__(self) -> None:
        self.series: dict[str, Series] = {}
        self.num_clears = 0  # with `counts`, a version of the curves

    def add(self, label: str, x: Any, y: Any, every_n: float = 1) -> bool:
        """Add one value; return whether it completed a point. `every_n` below 1 counts as 1."""
        series = self.series.get(label)
        if series is None:
            series = self.series[label] = Series()
        value = y if type(y) is float else as_value(y)
        return series.add(float(x), value, max(1, int(every_n)))

    def extend(self, label: str, xs: Values, ys: Values, every_n: float = 1) -> int:
        """Add many values at once, as `add` does; return the number of completed points."""
        series = self.series.setdefault(label, Series())
        return series.extend(xs, ys, max(1, int(every_n)))

    def points(self) -> dict[str, list[Point]]:
        """Return all points, by label; synchronizes with the device of the values."""
        return {label: series.points for label, series in self.series.items()}

    def counts(self) -> dict[str, int]:
        """Return the number of points of each curve; does not synchronize."""
        return {label: len(series) for label, series in self.series.items()}

    def since(self, counts: Mapping[str, int]) -> dict[str, list[Point]]:
        """Return the points added after `counts` was taken, of curves that have any."""
        return {
            label: series.points_from(counts.get(label, 0))
            for label, series in self.series.items()
            if len(series) > counts.get(label, 0)
        }

    def latest(self) -> dict[str, float]:
        """Return the last value of each curve; synchronizes with the device of the values."""
        return {label: series.ys[-1] for label, series in self.series.items() if len(series)}

    def latest_of(self, label: str) -> float | None:
        """Return the last value of one curve; None if it has no points."""
        series = self.series.get(label)
        return series.ys[-1] if series else None

    def state_dict(self) -> dict[str, dict[str, Any]]:
        """Return points and partial sums of each curve as numbers."""
        return {label: series.state_dict() for label, series in self.series.items()}

    def load_state_dict(self, state: Mapping[str, dict[str, Any]]) -> None:
        """Restore a state returned by `state_dict`; the current curves are discarded."""
        self.clear()
        for label, series_state in state.items():
            self.series[label] = Series()
            self.series[label].load_state_dict(series_state)

    def drop_unfinished(self) -> None:
        """Discard the partial sums of all curves, but keep the points; called before a run."""
        for series in self.series.values():
            series.drop_unfinished()

    def clear(self) -> None:
        """Discard all curves."""
        self.series.clear()
        self.num_clears += 1


def as_value(y: Any) -> Any:
    """Convert `y` to a float; a tensor on a GPU is detached, but not read."""
    if type(y) is float:
        return y
    if isinstance(y, Tensor):
        if y.numel() != 1:
            raise ValueError(_not_a_number(tuple(y.shape)))
        return y.item() if y.is_cpu else y.detach().reshape(())
    if getattr(y, "size", 1) != 1:
        raise ValueError(_not_a_number(y.shape))
    return float(y.item() if hasattr(y, "item") else y)


def read_values(values: list[Any]) -> list[float]:
    """Convert floats and 0-d tensors to floats, with one transfer per device."""
    tensors = [value for value in values if isinstance(value, Tensor)]
    if not tensors:
        return values
    by_device: dict[Any, list[Tensor]] = {}
    for tensor in tensors:
        by_device.setdefault(tensor.device, []).append(tensor.to(_wide(tensor)))
    floats = {device: iter(torch.stack(group).tolist()) for device, group in by_device.items()}
    return [next(floats[v.device]) if isinstance(v, Tensor) else v for v in values]


def _not_a_number(shape: tuple[int, ...]) -> str:
    return (
        f"y must be a single number; found shape {shape}. "
        "Draw its mean: board.draw(x, y.mean(), label)"
    )


def _wide(tensor: Tensor) -> torch.dtype:
    return torch.float32 if tensor.device.type == "mps" else torch.float64
