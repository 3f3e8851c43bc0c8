"""The record of one run: how it was made, its metrics, its picture, how it ended.

In `run_dir`, and to the `loggers` of the trainer.
"""

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from d2l.core.board import board_curves, save_board
from d2l.core.run_loggers import RunLoggers
from d2l.plot.curves import Series
from d2l.runs.metadata import as_json
from d2l.runs.records import RunRecord, outcome
from d2l.runs.run_folder import folder_for

if TYPE_CHECKING:
    from d2l.core.run import Run


class RunLogger:
    """Writes the record of a run; nothing without a `run_dir` and loggers.

    Of a board that holds an earlier run's points, only what this run adds is recorded.
    """

    def __init__(self, run: "Run", data: Any) -> None:
        self._run, self._data = run, data
        self._record: RunRecord | None = None
        self._loggers: RunLoggers | None = None
        self._num_before: dict[str, int] = {}

    def begin(self) -> None:
        """Take a folder; a resumed run continues in the one that it had."""
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
        """Write the points that are new."""
        if self._record is None and self._loggers is None:
            return
        self._run.flush()
        points = self._points()
        for writer in (self._record, self._loggers):
            if writer is not None:
                writer.update(points)

    def finish(self, error: BaseException | None) -> None:
        """Write how the run ended, and its picture."""
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
        """Updates to a unit of the x axis: an epoch, or a batch where their number is not known."""
        num_batches, accumulate = self._run.num_train_batches, self._run.config.accumulate
        return math.ceil(num_batches / accumulate) if num_batches else 1 / accumulate

    def _named_hparams(self) -> dict[str, Any]:
        """What was set, by names that say where; arguments that are None were not set."""
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
    """The points of a curve from one on; only those that are read are made."""

    def __init__(self, series: Series, first: int) -> None:
        self._series, self._first = series, first

    def __len__(self) -> int:
        return max(0, len(self._series) - self._first)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            return self._series.points_from(self._first + start)[: stop - start : step]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        return self._series.points_from(self._first + place % len(self))[0]
