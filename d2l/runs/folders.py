"""Which folder a run gets: no run writes over another, and a resumed one finds its own."""

from pathlib import Path

from d2l.errors import DataError
from d2l.runs.metrics import METRICS, Points, read_points

_VERSION = "version-"


def folder_for(run_dir: Path, resumed: bool, points: Points | None = None) -> Path:
    """The folder of a run that is about to begin; it is taken at once, so no other run gets it.

    A first run gets `run_dir` itself, later ones `run_dir/version-2`, `version-3`, …; a resumed
    run the one there whose metrics agree with most of the `points` that it goes on from, of
    several the newest, and a new one if they belong to none.
    Raises `DataError` if the folder cannot be made.
    """
    try:
        found = _best_match(run_dir, points or {}) if resumed else None
        return found or _take_new(run_dir)
    except OSError as error:
        raise cannot_write(run_dir, error) from error


def cannot_write(place: Path, error: BaseException) -> DataError:
    """The error of a record that finds no room on the disk."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    reason = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return DataError(
        f"{place} cannot be written ({reason}). Make room, or name another folder for the record "
        "of the run: d2l.Trainer(…, run_dir=FOLDER)"
    )


def _take_new(run_dir: Path) -> Path:
    number = 1
    while not _is_taken_by_us(_folder(run_dir, number)):
        number += 1
    return _folder(run_dir, number)


def _is_taken_by_us(folder: Path) -> bool:
    """Whoever makes the metrics file has the folder, even if two runs begin at one moment."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        (folder / METRICS).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _best_match(run_dir: Path, points: Points) -> Path | None:
    numbers = [1, *_numbers(run_dir)]
    shared = [_num_shared(_folder(run_dir, number) / METRICS, points) for number in numbers]
    most, number = max(zip(shared, numbers, strict=True))
    return None if most < 0 else _folder(run_dir, number)


def _numbers(run_dir: Path) -> list[int]:
    names = [path.name.removeprefix(_VERSION) for path in run_dir.glob(f"{_VERSION}*")]
    return [int(name) for name in names if name.isdecimal()]


def _folder(run_dir: Path, number: int) -> Path:
    return run_dir if number == 1 else run_dir / f"{_VERSION}{number}"


def _num_shared(metrics: Path, points: Points) -> int:
    """How many points the file shares with these; -1 if they are not of one run."""
    try:
        written = read_points(metrics)
    except OSError:
        return -1
    pairs = [
        pair
        for label, series in points.items()
        for pair in zip(series, written.get(label, ()), strict=False)
    ]
    agree = all(repr(_floats(a)) == repr(_floats(b)) for a, b in pairs)  # nan is like nan
    return len(pairs) if agree else -1


def _floats(point: tuple[float, float]) -> tuple[float, float]:
    return float(point[0]), float(point[1])
