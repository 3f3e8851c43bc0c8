"""Find the recorded runs below a folder: configuration, curves and status.

Reads the files of `runs/records` without loading torch or matplotlib.
"""

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from d2l.errors import DataError
from d2l.runs.metadata import HPARAMS, RESULT, read_json
from d2l.runs.metrics_file import METRICS, read_points

MAX_DEPTH = 3
UNFINISHED = "unfinished"  # still running, or killed
HIGHER_IS_BETTER = ("acc", "score", "bleu", "f1", "auc", "reward", "return")  # parts of a label


@dataclass(frozen=True)
class RunInfo:
    """The contents of the folder of a run; `name` is its path below the searched folder."""

    name: str
    begun: datetime
    model: str
    device: str
    hparams: dict[str, Any]
    points: dict[str, list[tuple[float, float]]]
    status: str
    seconds: float | None

    @property
    def epochs(self) -> float:
        """The epoch of the last point."""
        return max((x for series in self.points.values() for x, _ in series), default=0.0)

    def last(self, label: str) -> float:
        """Return the last value of a curve; nan if it has none."""
        return self.points[label][-1][1] if self.points.get(label) else math.nan

    def best(self, label: str) -> float:
        """Return the highest accuracy or score, the lowest of other metrics; nan if none."""
        values = [y for _, y in self.points.get(label, ()) if not math.isnan(y)]
        return (max if higher_is_better(label) else min)(values, default=math.nan)


class RunIndex(NamedTuple):
    """The runs found, newest first, and why other folders were skipped."""

    runs: list[RunInfo]
    skipped: dict[str, str]


def higher_is_better(label: str) -> bool:
    """Whether higher values of a metric of this name are better, e.g. of an accuracy."""
    return any(part in label.lower() for part in HIGHER_IS_BETTER)


def find_runs(root: Path) -> RunIndex:
    """Find runs in `root` and up to three folders below it, except in hidden folders.

    Incomplete runs, other data under the same file names, and unreadable folders are skipped.
    """
    found = RunIndex([], {})

    def skip(error: OSError, folder: Path) -> None:
        found.skipped[folder.relative_to(root).as_posix()] = _reason(error, folder)

    for place, folders, files in os.walk(root, onerror=lambda e: skip(e, Path(e.filename))):
        folder = Path(place)
        depth = len(folder.relative_to(root).parts)
        folders[:] = [f for f in folders if depth < MAX_DEPTH and not f.startswith(".")]
        if METRICS in files or HPARAMS in files:
            try:
                found.runs.append(_read_run(folder, folder.relative_to(root).as_posix()))
            except OSError as error:
                skip(error, folder)
    found.runs.sort(key=lambda run: (run.begun, run.name), reverse=True)
    return found


def choose(runs: Sequence[RunInfo], names: Sequence[str]) -> list[RunInfo]:
    """Return the runs that match these names or patterns (`mlp*`); all runs without names.

    Raises `DataError` for a name that matches no run.
    """
    chosen: set[str] = set()
    for name in names:
        matches = {run.name for run in runs if run.name == name or fnmatchcase(run.name, name)}
        if not matches:
            available = ", ".join(repr(run.name) for run in runs) or "none"
            raise DataError(f"there is no run {name!r}; available runs: {available}")
        chosen |= matches
    return [run for run in runs if not names or run.name in chosen]


def labels_of(runs: Iterable[RunInfo], requested: Sequence[str] = ()) -> list[str]:
    """Return `requested`, or the labels of all curves; raise `DataError` if no run has one."""
    available = list(dict.fromkeys(label for run in runs for label in run.points))
    for label in requested:
        if label not in available:
            labels = ", ".join(available) or "none"
            raise DataError(f"no run has points of {label!r}; available labels: {labels}")
    return list(dict.fromkeys(requested)) or available


def differing(runs: Sequence[RunInfo]) -> list[str]:
    """Return the names of the hyperparameters that differ between the runs."""
    names = dict.fromkeys(name for run in runs for name in run.hparams)
    return [name for name in names if len({repr(run.hparams.get(name)) for run in runs}) > 1]


def _reason(error: OSError, folder: Path) -> str:
    path = Path(error.filename) if error.filename else folder
    if isinstance(error, FileNotFoundError):
        return f"has no {path.name}"
    where = "" if path == folder else f"{path}: "
    return f"{where}{error.strerror or error}"


def _read_run(folder: Path, name: str) -> RunInfo:
    made, points = read_json(folder / HPARAMS), read_points(folder / METRICS)
    result = read_json(folder / RESULT) if (folder / RESULT).exists() else {}
    try:
        begun = datetime.fromisoformat(made["begun"])
        return RunInfo(
            name=name,
            begun=begun if begun.tzinfo else begun.replace(tzinfo=UTC),
            model=str(made["model"]),
            device=str(made["device"]),
            hparams=dict(made["hparams"]),
            points=points,
            status=str(result.get("status", UNFINISHED)),
            seconds=float(result["seconds"]) if "seconds" in result else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise DataError(f"{folder / HPARAMS} does not describe a d2l run ({reason})") from error
