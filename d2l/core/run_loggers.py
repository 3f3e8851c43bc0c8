"""Passes the points of a run to the loggers of its trainer; none of them can end the run."""

import tempfile
import warnings
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from d2l.runs.loggers import MetricLogger, RunInfo
from d2l.runs.metrics_file import Points, new_points, num_points


class Row(NamedTuple):
    """The metrics of one moment."""

    epoch: float | None
    step: int
    values: dict[str, float]


class RunLoggers:
    """Calls each logger; one that raises is warned about once.

    What it could not take in is passed again with the next points. One that could not start is
    not called again.

    `steps_per_x` is how many updates there are to a unit of the board's x axis, and
    `has_epochs` whether that unit is an epoch.
    """

    def __init__(
        self, loggers: Sequence[MetricLogger], steps_per_x: float, has_epochs: bool
    ) -> None:
        self._steps_per_x, self._has_epochs = steps_per_x, has_epochs
        self._counts: dict[str, int] = {}
        self._pending: list[tuple[MetricLogger, list[Row]]] = [(logger, []) for logger in loggers]
        self._has_warned_of: set[int] = set()

    def start(self, name: str, hparams: Mapping[str, Any], points: Points | None) -> None:
        """Tell the loggers of a run; `points` are those that a resumed run starts with."""
        self._counts = num_points(points or {})
        steps = [self._step(series[-1][0]) for series in (points or {}).values() if len(series)]
        info = RunInfo(name, hparams, points is not None, max(steps, default=-1) + 1)
        self._pending = [
            (logger, rows)
            for logger, rows in self._pending
            if self._succeeds(logger, logger.start, info)
        ]

    def update(self, points: Points) -> None:
        """Pass the new ones of all points of the run, in the order of their steps."""
        is_cleared = any(len(points.get(label, ())) < n for label, n in self._counts.items())
        rows = self._rows(new_points(points, {} if is_cleared else self._counts))
        self._counts = num_points(points)
        for logger, pending in self._pending:
            pending.extend(rows)
            while pending:
                epoch, step, values = pending[0]
                if not self._succeeds(logger, logger.log_metrics, values, epoch, step):
                    break
                del pending[0]

    def finish(
        self, points: Points, status: str, save_picture: Callable[[Path], object] | None
    ) -> None:
        """Pass the last points, the figure if there is one, and how the run ended."""
        self.update(points)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "board.png"
            for logger, _ in self._pending:
                if save_picture is not None:
                    self._succeeds(logger, _log_figure, logger, path, save_picture)
                self._succeeds(logger, logger.finish, status)

    def _rows(self, points: Points) -> list[Row]:
        rows: dict[tuple[int, float], dict[str, float]] = defaultdict(dict)
        for label, series in points.items():
            for x, y in series:
                rows[self._step(x), float(x)][label] = float(y)
        return [
            Row(x if self._has_epochs else None, step, rows[step, x]) for step, x in sorted(rows)
        ]

    def _step(self, x: float) -> int:
        return round(x * self._steps_per_x)

    def _succeeds(self, logger: MetricLogger, call: Callable[..., object], *values: Any) -> bool:
        try:
            call(*values)
        except Exception as error:  # of a tracker, its network or its disk: anything
            if id(logger) not in self._has_warned_of:
                self._has_warned_of.add(id(logger))
                warnings.warn(
                    f"the logger {type(logger).__name__} failed in {call.__name__}: "
                    f"{type(error).__name__}: {error}. Training continues; the metrics are in "
                    "model.board",
                    RuntimeWarning,
                    stacklevel=4,
                )
            return False
        return True


def _log_figure(logger: MetricLogger, path: Path, save_picture: Callable[[Path], object]) -> None:
    if not path.exists():
        save_picture(path)
    logger.log_figure("board", path)
