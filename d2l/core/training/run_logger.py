"""The record of one run in `run_dir`: how it was made, its metrics, its picture, how it ended."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from d2l.core.board import board_curves, save_board
from d2l.plot.curves import Series
from d2l.runs.records import RunRecord, outcome
from d2l.runs.run_folder import folder_for

if TYPE_CHECKING:
    from d2l.core.training.run import Run


class RunLogger:
    """Writes the record of a run; nothing without a `run_dir`.

    Of a board that holds an earlier run's points, only what this run adds is recorded.
    """

    def __init__(self, run: "Run") -> None:
        self._run = run
        self._record: RunRecord | None = None
        self._num_before: dict[str, int] = {}

    def begin(self) -> None:
        """Take a folder; a resumed run continues in the one that it had."""
        run = self._run
        if run.config.run_dir is None or not run.group.is_main:
            return
        resumed = run.checkpoints.is_resumed
        curves = board_curves(run.model.board)
        if not resumed and curves is not None:
            self._num_before = curves.counts()
        points = self._points() if resumed else None
        folder = folder_for(Path(run.config.run_dir), resumed, points)
        self._record = RunRecord(folder, run.num_train_batches or 1)
        self._record.begin(self._hparams(), points)

    def update(self) -> None:
        """Write the points that are new."""
        if self._record is not None:
            self._run.flush()
            self._record.update(self._points())

    def finish(self, error: BaseException | None) -> None:
        """Write how the run ended, and its picture."""
        if self._record is None:
            return
        run = self._run
        is_early = error is None and run.position.epoch < run.max_epochs
        status = f"ended early: {run.early_stopping.monitor}" if is_early else outcome(error)
        seconds = time.monotonic() - run.started
        board = run.model.board
        self._record.finish(self._points(), status, seconds, lambda path: save_board(board, path))

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
