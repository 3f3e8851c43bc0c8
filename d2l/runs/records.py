"""What one run leaves in its folder, while it goes on and at its end.

metrics.csv    every point (runs/metrics)
hparams.json   how the run was made; result.json: how it ended (runs/description)
board.svg      the picture of the board, at the end
events.out.…   the points for TensorBoard, where it is installed (runs/tensorboard)
"""

import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from d2l.runs.description import RESULT, now, write_hparams, write_json
from d2l.runs.folders import cannot_write
from d2l.runs.metrics import METRICS, MetricsFile, Points
from d2l.runs.tensorboard import Scalars, open_scalars

PICTURE, EVENTS = "board.svg", "events.out.tfevents"


class RunRecord:
    """The record of one run in `folder`; with `batches_per_epoch` also for TensorBoard.

    `points` are always all points of the run, `{label: [(x, y), …]}` with x in epochs; each call
    writes those that are new.
    """

    def __init__(self, folder: Path, batches_per_epoch: int | None = None) -> None:
        self.folder = folder
        self._batches_per_epoch = batches_per_epoch
        self._metrics = MetricsFile(folder / METRICS)
        self._scalars: Scalars | None = None
        self._warned_of: set[str] = set()

    def begin(self, hparams: Mapping[str, Any], points: Points | None = None) -> None:
        """Write how the run is made; `hparams["model"]` and `["device"]` have places of their own.

        A resumed run gives the points that it begins with: the record goes on after exactly these.
        Raises `DataError` if the folder cannot be written to.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_hparams(self.folder, hparams, resumed=points is not None)
            self._metrics.rewrite(points or {})
            (self.folder / RESULT).unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        if self._batches_per_epoch is not None:
            with self._going_on(EVENTS):
                self._scalars = open_scalars(self.folder, self._batches_per_epoch, points)

    def update(self, points: Points) -> None:
        """Add the new points; a full disk is warned of once, and tried again at the next call."""
        with self._going_on(METRICS):
            self._metrics.append(points)
        scalars, self._scalars = self._scalars, None  # a writer that failed is not used again
        if scalars is not None:
            with self._going_on(EVENTS):
                scalars.update(points)
                self._scalars = scalars

    def finish(
        self, points: Points, status: str, seconds: float, save_picture: Callable[[Path], object]
    ) -> None:
        """Write the last points, the picture and the result; `status` is what `outcome` says.

        `save_picture(path)` writes the picture in the format of the suffix.
        """
        self.update(points)
        if self._scalars is not None:
            with self._going_on(EVENTS):
                self._scalars.close()
        with self._going_on(PICTURE):
            _replace(self.folder / PICTURE, save_picture)
        with self._going_on(RESULT):
            result = {"status": status, "seconds": round(seconds, 3), "finished": now()}
            write_json(self.folder / RESULT, result)

    @contextmanager
    def _going_on(self, name: str) -> Iterator[None]:
        """A record is no reason to end a run: what cannot be written is said once for each file."""
        try:
            yield
        except Exception as error:  # pictures and event files may raise anything
            if name in self._warned_of:
                return
            self._warned_of.add(name)
            warnings.warn(
                f"{cannot_write(self.folder / name, error)}. The run goes on without it; its "
                "points are on model.board",
                RuntimeWarning,
                stacklevel=4,
            )


def outcome(error: BaseException | None) -> str:
    """How a run ended, by what it raised: "ended", "interrupted", or "failed: " and the reason."""
    if error is None:
        return "ended"
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        return "interrupted"
    first_line = next(iter(str(error).splitlines()), "")
    return f"failed: {type(error).__name__}: {first_line}".removesuffix(": ")


def _replace(path: Path, save: Callable[[Path], object]) -> None:
    """Have `save` fill a file beside `path`, of the same suffix, and give it its name."""
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        save(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
