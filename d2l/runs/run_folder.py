"""Choose the folder of a run's record: a new one, or for a resumed run its previous one."""

from itertools import count
from pathlib import Path

from d2l.errors import DataError
from d2l.runs.metrics_file import METRICS, Points, read_points

_VERSION = "version-"


def folder_for(run_dir: Path, resumed: bool, points: Points | None = None) -> Path:
    """Reserve the folder of a run that is about to start.

    A first run gets `run_dir` itself, later ones `run_dir/version-2`, `version-3`, …. A resumed
    run gets the one whose metrics agree with most of the `points` that it resumes from, the newest
    of several, or a new one if none agrees. Raises `DataError` if the folder cannot be created.
    """
    try:
        found = _best_match(run_dir, points or {}) if resumed else None
        return found or next(f for f in (_folder(run_dir, n) for n in count(1)) if _reserve(f))
    except OSError as error:
        raise cannot_write(run_dir, error) from error


def cannot_write(path: Path, error: BaseException) -> DataError:
    """Return the error for a record that cannot be written."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    reason = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return DataError(
        f"{path} cannot be written ({reason}). Free disk space, or choose another folder for the "
        "record of the run: d2l.Trainer(…, run_dir=FOLDER)"
    )


def _reserve(folder: Path) -> bool:
    """Create the metrics file; returns False if another run has created it."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        (folder / METRICS).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _best_match(run_dir: Path, points: Points) -> Path | None:
    names = [path.name.removeprefix(_VERSION) for path in run_dir.glob(f"{_VERSION}*")]
    numbers = [1, *(int(name) for name in names if name.isdecimal())]
    matches = [(_num_shared(_folder(run_dir, n) / METRICS, points), n) for n in numbers]
    most, number = max(matches)
    return None if most < 0 else _folder(run_dir, number)


def _folder(run_dir: Path, number: int) -> Path:
    return run_dir if number == 1 else run_dir / f"{_VERSION}{number}"


def _num_shared(metrics: Path, points: Points) -> int:
    """Return how many points the file has in common with these; -1 if any of them differs."""
    try:
        written = read_points(metrics)
    except OSError:
        return -1
    num_shared = 0
    for label, series in points.items():
        for own, other in zip(series, written.get(label, ()), strict=False):
            if repr([*map(float, own)]) != repr([*other]):  # as text, nan equals nan
                return -1
            num_shared += 1
    return num_shared
