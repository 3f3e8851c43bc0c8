"""Log a run to `run_dir` and to the trainer's `loggers`.

A record holds hyperparameters, metrics, the picture of the board and the final status.
"""

import math
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from d2l.core.board import board_curves, save_board
from d2l.plot.curves import Series
from d2l.runs.loggers import MetricLogger, RunInfo
from d2l.runs.metadata import as_json
from d2l.runs.metrics_file import Points, new_points, num_points
from d2l.runs.records import RunRecord, outcome
from d2l.runs.run_folder import folder_for

if TYPE_CHECKING:
    from d2l.core.training.run import Run


class Row(NamedTuple):
    """The metrics of one step."""

    epoch: float | None
    step: int
    values: dict[str, float]


class RunLoggers:
    """Calls each logger, and warns once about each logger that raises.

    Rows that a logger did not accept are passed again with the next points. A logger that failed
    to start is not called again.

    `steps_per_x` is the number of updates per unit of the board's x axis, and `has_epochs` whether
    that unit is an epoch.
    """

    def __init__(
        self, loggers: Sequence[MetricLogger], steps_per_x: float, has_epochs: bool
    ) -> None:
        self._steps_per_x, self._has_epochs = steps_per_x, has_epochs
        self._counts: dict[str, int] = {}
        self._pending: list[tuple[MetricLogger, list[Row]]] = [(logger, []) for logger in loggers]
        self._has_warned_of: set[int] = set()

    def start(self, name: str, hparams: Mapping[str, Any], points: Points | None) -> None:
        """Start the loggers; `points` are those that a resumed run starts with."""
        self._counts = num_points(points or {})
        steps = [self._step(series[-1][0]) for series in (points or {}).values() if len(series)]
        info = RunInfo(name, hparams, points is not None, max(steps, default=-1) + 1)
        self._pending = [
            (logger, rows)
            for logger, rows in self._pending
            if self._succeeds(logger, logger.start, info)
        ]

    def update(self, points: Points) -> None:
        """Pass the new points to the loggers, in the order of their steps."""
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
        """Pass the last points, the figure if there is one, and the final status."""
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
        except Exception as error:  # a tracker may raise anything, e.g. network or disk errors
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


class RunLogger:
    """Writes the record of a run; does nothing without `run_dir` and loggers.

    If the board holds points of an earlier run, only the points that this run adds are recorded.
    """

    def __init__(self, run: "Run", data: Any) -> None:
        self._run, self._data = run, data
        self._record: RunRecord | None = None
        self._loggers: RunLoggers | None = None
        self._num_before: dict[str, int] = {}

    def begin(self) -> None:
        """Create the run's folder; a resumed run continues in its previous one."""
        run = self._run
        run_dir, loggers = run.config.run_dir, run.config.loggers
        if not run.group.is_main or (run_dir is None and not loggers):
            return
        resumed = run.checkpoints.is_resumed
        curves = board_curves(run.model.board)
        if not resumed and curves is not None:
            self._num_before = curves.counts()
        points = self._points() if resumed else None
        if run_dir is not None:
            folder = folder_for(Path(run_dir), resumed, points)
            self._record = RunRecord(folder, run.num_train_batches or 1)
            self._record.begin(self._hparams(), points)
        if loggers:
            self._loggers = RunLoggers(loggers, self._steps_per_x(), bool(run.num_train_batches))
            self._loggers.start(type(run.model).__name__, self._named_hparams(), points)

    def update(self) -> None:
        """Write the new points."""
        if self._record is None and self._loggers is None:
            return
        self._run.flush()
        points = self._points()
        for writer in (self._record, self._loggers):
            if writer is not None:
                writer.update(points)

    def finish(self, error: BaseException | None) -> None:
        """Write the final status and the picture."""
        if self._record is None and self._loggers is None:
            return
        run = self._run
        is_early = error is None and run.position.epoch < run.max_epochs
        status = f"ended early: {run.early_stopping.monitor}" if is_early else outcome(error)
        seconds = time.monotonic() - run.started
        points = self._points()
        if self._record is not None:
            self._record.finish(points, status, seconds, self._save_picture)
        if self._loggers is not None:
            self._loggers.finish(points, status, self._save_picture if points else None)

    def _save_picture(self, path: Path) -> None:
        save_board(self._run.model.board, path)

    def _steps_per_x(self) -> float:
        """Updates per unit of the x axis: an epoch, or a batch if an epoch's length is unknown."""
        num_batches, accumulate = self._run.num_train_batches, self._run.config.accumulate
        return math.ceil(num_batches / accumulate) if num_batches else 1 / accumulate

    def _named_hparams(self) -> dict[str, Any]:
        """Return hyperparameters named `part/name`; arguments that are None are left out."""
        run = self._run
        parts = {"trainer": run.trainer, "model": run.model, "data": self._data}
        hparams = {
            f"{part}/{name}": as_json(value)
            for part, owner in parts.items()
            for name, value in getattr(owner, "hparams", {}).items()
            if value is not None and name != "loggers"
        }
        kinds = {part: type(owner).__name__ for part, owner in parts.items()}
        optimizer = {"optimizer": type(run.optimizer).__name__}
        return {**kinds, **optimizer, "device": str(run.device), **hparams}

    def _points(self) -> dict[str, Sequence[tuple[float, float]]]:
        curves = board_curves(self._run.model.board)
        if curves is None:
            return {}
        return {
            label: Tail(series, self._num_before.get(label, 0))
            for label, series in curves.series.items()
        }

    def _hparams(self) -> dict[str, Any]:
        run, model = self._run, self._run.model
        return {
            **getattr(run.trainer, "hparams", {}),
            **getattr(model, "hparams", {}),
            "model": type(model).__name__,
            "device": str(run.device),
            "batch_size": getattr(run.trainer.train_dataloader, "batch_size", None),
            "optimizer": type(run.optimizer).__name__,
            "processes": run.group.size,
        }


class Tail(Sequence[tuple[float, float]]):
    """The points of a curve from `first` on, created lazily."""

    def __init__(self, series: Series, first: int) -> None:
        self._series, self._first = series, first

    def __len__(self) -> int:
        return max(0, len(self._series) - self._first)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            return self._series.points_from(self._first + start)[: stop - start : step]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self._series.points_from(self._first + index % len(self))[0]
