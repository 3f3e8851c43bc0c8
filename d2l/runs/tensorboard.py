"""Write the points of a run as TensorBoard scalars with PyTorch's writer, if it is installed.

TensorBoard uses integer steps: the step of a point is its x in epochs times the batches per epoch.
`metrics.csv` contains x itself.
"""

import importlib.metadata
import importlib.util
import warnings
from pathlib import Path
from typing import Any

from d2l.runs.metrics_file import Points, new_points, num_points

EVENT_FILES = "events.out.tfevents.*"


class Scalars:
    """An event file to which each point is written once."""

    def __init__(self, writer_class: Any, folder: Path, batches_per_epoch: int, points: Points):
        self._batches_per_epoch = batches_per_epoch
        is_continued = any(folder.glob(EVENT_FILES))
        self._counts = num_points(points) if is_continued else {}
        steps = [self._step(x) for series in points.values() for x, _ in series]
        next_step = max(steps, default=-1) + 1
        self._writer = writer_class(str(folder), purge_step=next_step if is_continued else None)
        self.update(points)

    def update(self, points: Points) -> None:
        """Write those points of the run that were not written yet, and flush."""
        for label, series in new_points(points, self._counts).items():
            for x, y in series:
                self._writer.add_scalar(label, float(y), self._step(x))
        self._counts = num_points(points)
        self._writer.flush()

    def close(self) -> None:
        """Close the event file."""
        self._writer.close()

    def _step(self, x: float) -> int:
        return round(x * self._batches_per_epoch)


def open_scalars(
    folder: Path, batches_per_epoch: int, points: Points | None = None
) -> Scalars | None:
    """Return a writer for the folder, or None if TensorBoard is not installed.

    `points` are those that a resumed run starts with; later points in the folder are hidden.
    """
    if importlib.util.find_spec("tensorboard") is None:
        return None
    try:
        writer_class = summary_writer_class()
    except Exception as error:  # with an incompatible protobuf, TensorBoard may raise anything
        warnings.warn(
            f"tensorboard is installed but cannot be imported ({type(error).__name__}: {error}); "
            "this run writes metrics.csv only. Try pip install --upgrade tensorboard",
            RuntimeWarning,
            stacklevel=2,
        )
        return None
    return Scalars(writer_class, folder, batches_per_epoch, points or {})


def summary_writer_class() -> Any:
    """Import PyTorch's writer without the warnings of the packages that TensorBoard loads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter


def availability() -> str:
    """Return a line for `d2l doctor`: whether runs write event files."""
    if importlib.util.find_spec("tensorboard") is None:
        return "tensorboard is not installed: runs write no event files (pip install tensorboard)"
    version = importlib.metadata.version("tensorboard")
    return f"tensorboard {version}: runs write event files; tensorboard --logdir RUN_DIR"
