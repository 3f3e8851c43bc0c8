"""Points of a run of many processes: each sums its part, and they are added up once per point."""

from typing import Any

import torch

from d2l.core.points import Point, Series
from d2l.core.progress import Progress


class PooledPoints:
    """Curves under construction whose values are means over all processes' parts of a batch."""

    def __init__(self, progress: Progress, device: torch.device) -> None:
        self._progress, self._device = progress, device
        self._series: dict[str, Series] = {}

    def add(self, label: str, x: float, value: Any, every_n: float) -> Point | None:
        """Take in the mean over this process's part; the point of all, if that made one."""
        series = self._series.setdefault(label, Series())
        if not series.add(x, value * self._progress.share, max(1, int(every_n))):
            return None
        point = series.points.pop()
        series.clear_points()
        return Point(point.x, self._total(point.y))

    def unfinished(self) -> dict[str, dict[str, Any]]:
        """What was summed up since the last point, of all processes together and in parts."""
        states = {label: series.state_dict() for label, series in self._series.items()}
        gather = self._progress.world.gather
        return {
            label: {**s, "sum_y": self._total(s["sum_y"]), "parts": gather(s["sum_y"])}
            for label, s in states.items()
        }

    def go_on_with(self, unfinished: dict[str, dict[str, Any]]) -> None:
        """Begin with these sums: each process with its part, or the first with all of them."""
        world = self._progress.world
        for label, state in unfinished.items():
            parts = state.get("parts", ())
            if len(parts) != world.size:  # another number of processes wrote it
                parts = (state["sum_y"], *[0.0] * (world.size - 1))
            series = self._series[label] = Series()
            series.load_state_dict({**state, "sum_y": parts[world.rank]})

    def _total(self, value: float) -> float:
        here = torch.tensor([value], dtype=torch.float64, device=self._device)
        return float(self._progress.world.sum(here))
