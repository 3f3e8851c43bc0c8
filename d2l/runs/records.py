"""The record of one run in its folder, written during the run and at its end.

metrics.csv    every point (runs/metrics_file)
hparams.json   how the run was configured; result.json: how it ended (runs/metadata)
board.svg      the figure of the board, at the end
events.out.…   the points for TensorBoard, where it is installed (runs/tensorboard)
"""

import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from d2l.runs.metadata import RESULT, now, write_hparams, write_json
from d2l.runs.metrics_file import METRICS, MetricsFile, Points
from d2l.runs.run_folder import cannot_write
from d2l.runs.tensorboard import Scalars, open_scalars

PICTURE, EVENTS = "board.svg", "events.out.tfevents"


class RunRecord:
    """Writes the record of one run to `folder`; with `batches_per_epoch` also for TensorBoard.

    `points` are always all points of the run, `{label: [(x, y), …]}` with x in epochs; each call
    writes the new ones. Errors after `begin` do not end the run: each file that cannot be written
    is reported once as a warning and retried by the next call.
    """

    def __init__(self, folder: Path, batches_per_epoch: int | None = None) -> None:
        self.folder = folder
        self._batches_per_epoch = batches_per_epoch
        self._metrics = MetricsFile(folder / METRICS)
        self._scalars: Scalars | None = None
        self._has_warned_of: set[str] = set()

    def begin(self, hparams: Mapping[str, Any], points: Points | None = None) -> None:
        """Write the configuration of the run; `hparams` includes `"model"` and `"device"`.

        For a resumed run, `points` are those it starts with; the record continues after them.
        Raises `DataError` if the folder is not writable.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_hparams(self.folder, hparams, resumed=points is not None)
            self._metrics.rewrite(points or {})
            (self.folder / RESULT).unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        if self._batches_per_epoch is not None:
            with self._warn_on_error(EVENTS):
                self._scalars = open_scalars(self.folder, self._batches_per_epoch, points)

    def update(self, points: Points) -> None:
        """Write the new points."""
        with self._warn_on_error(METRICS):
            self._metrics.append(points)
        scalars, self._scalars = self._scalars, None  # a writer that failed is not used again
        if scalars is not None:
            with self._warn_on_error(EVENTS):
                scalars.update(points)
                self._scalars = scalars

    def finish(
        self, points: Points, status: str, seconds: float, save_picture: Callable[[Path], object]
    ) -> None:
        """Write the last points, the figure and the result; `status` is from `outcome`.

        `save_picture(path)` writes the figure in the format of the suffix.
        """
        self.update(points)
        if self._scalars is not None:
            with self._warn_on_error(EVENTS):
                self._scalars.close()
        with self._warn_on_error(PICTURE):
            temporary = self.folder / f".board.{os.getpid()}.svg"
            try:
                save_picture(temporary)
                os.replace(temporary, self.folder / PICTURE)
            finally:
                temporary.unlink(missing_ok=True)
        with self._warn_on_error(RESULT):
            result = {"status": status, "seconds": round(seconds, 3), "finished": now()}
            write_json(self.folder / RESULT, result)

    @contextmanager
    def _warn_on_error(self, name: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # figures and event files may raise anything
            if name in self._has_warned_of:
                return
            self._has_warned_of.add(name)
            warnings.warn(
                f"{cannot_write(self.folder / name, error)}. Training continues without it; the "
                "metrics are in model.board",
                RuntimeWarning,
                stacklevel=4,
            )


def outcome(error: BaseException | None) -> str:
    """Return the status of a run by its error: "ended", "interrupted" or "failed: …"."""
    if error is None:
        return "ended"
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        return "interrupted"
    first_line = next(iter(str(error).splitlines()), "")
    return f"failed: {type(error).__name__}: {first_line}".removesuffix(": ")
