"""The record of one run in `run_dir`: how it was made, its points, its picture, how it ended."""

import time
from pathlib import Path
from typing import Any

from d2l.runs.folders import folder_for
from d2l.runs.records import RunRecord, outcome


class Recorder:
    """Writes the record of the run that `trainer` is in; nothing without a `run_dir`.

    Of a board that holds an earlier run's points, only what this run adds is recorded.
    """

    def __init__(self, trainer: Any) -> None:
        self._trainer = trainer
        self._record: RunRecord | None = None
        self._num_before: dict[str, int] = {}

    def begin(self) -> None:
        """Take a folder; a resumed run goes on in the one that it had."""
        trainer = self._trainer
        if trainer.run_dir is None or not trainer.is_main:
            return
        resumed = trainer.keeper.is_resumed
        if not resumed:
            self._num_before = {k: len(v) for k, v in trainer.model.board.points.items()}
        points = self._points() if resumed else None
        folder = folder_for(Path(trainer.run_dir), resumed, points)
        self._record = RunRecord(folder, trainer.num_train_batches)
        self._record.begin(self._hparams(), points)

    def update(self) -> None:
        """Note the points that are new."""
        if self._record is not None:
            self._record.update(self._points())

    def finish(self, error: BaseException | None) -> None:
        """Note how the run ended, and leave its picture."""
        if self._record is None:
            return
        trainer = self._trainer
        is_early = error is None and trainer.keeper.num_epochs_done < trainer.max_epochs
        status = f"ended early: {trainer.keeper.patience.monitor}" if is_early else outcome(error)
        seconds = time.monotonic() - trainer.progress.started
        self._record.finish(self._points(), status, seconds, trainer.model.board.save)

    def _points(self) -> dict[str, list[tuple[float, float]]]:
        return {
            label: [(x, y) for x, y in points[self._num_before.get(label, 0) :]]
            for label, points in self._trainer.model.board.points.items()
        }

    def _hparams(self) -> dict[str, Any]:
        trainer, model = self._trainer, self._trainer.model
        return {
            **trainer.hparams,
            **getattr(model, "hparams", {}),
            "model": type(model).__name__,
            "device": str(trainer.device),
            "batch_size": getattr(trainer.train_dataloader, "batch_size", None),
            "optimizer": type(trainer.optim).__name__,
            "processes": trainer.world.size,
        }
