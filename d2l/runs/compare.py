"""The runs found below a folder, as data: how they were made, how far they came, how they differ.

Reads what `runs/records` writes; loads neither torch nor matplotlib.
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
from d2l.runs.description import HPARAMS, RESULT, read_json
from d2l.runs.metrics import METRICS, read_points

DEEPEST = 3
UNFINISHED = "unfinished"  # still going on, or killed
HIGHER_IS_BETTER = ("acc", "score", "bleu", "f1", "auc", "reward", "return")  # parts of a label


@dataclass(frozen=True)
class FoundRun:
    """One run as its folder tells it; `name` is the folder below the one that was searched."""

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
        """How far the run came."""
        return max((x for series in self.points.values() for x, _ in series), default=0.0)

    def last(self, label: str) -> float:
        """The last value of a curve; nan without one."""
        return self.points[label][-1][1] if self.points.get(label) else math.nan

    def best(self, label: str) -> float:
        """The highest accuracy or score, the lowest of anything else; nan without any."""
        choose = max if any(part in label.lower() for part in HIGHER_IS_BETTER) else min
        values = [y for _, y in self.points.get(label, ()) if not math.isnan(y)]
        return choose(values, default=math.nan)


class Found(NamedTuple):
    """What was found: the runs, newest first, and why other folders were passed over."""

    runs: list[FoundRun]
    passed_over: dict[str, str]


def find_runs(root: Path) -> Found:
    """Look for runs in `root` and three folders deep; hidden folders are left out.

    Folders that hold but a part of a run, or something else by the same file names, are passed
    over, and so is what may not be read.
    """
    found = Found([], {})

    def note(error: OSError) -> None:
        found.passed_over[_name(Path(error.filename), root)] = error.strerror or str(error)

    for place, folders, files in os.walk(root, onerror=note):
        folder = Path(place)
        depth = len(folder.relative_to(root).parts)
        folders[:] = [f for f in folders if depth < DEEPEST and not f.startswith(".")]
        if METRICS in files or HPARAMS in files:
            _take_in(folder, _name(folder, root), found)
    found.runs.sort(key=lambda run: (run.begun, run.name), reverse=True)
    return found


def choose(runs: Sequence[FoundRun], names: Sequence[str]) -> list[FoundRun]:
    """The runs of these names or patterns (`mlp*`), all of them without any.

    Raises `DataError` for a name that no run has.
    """
    for name in names:
        if not any(_is_called(run, name) for run in runs):
            there = ", ".join(repr(run.name) for run in runs) or "none"
            raise DataError(f"there is no run {name!r}; the runs are {there}")
    return [run for run in runs if not names or any(_is_called(run, name) for name in names)]


def labels_of(runs: Iterable[FoundRun], asked: Sequence[str] = ()) -> list[str]:
    """The labels of the runs' curves, or those asked for; raises `DataError` if one is in none."""
    there = list(dict.fromkeys(label for run in runs for label in run.points))
    for label in asked:
        if label not in there:
            labels = ", ".join(there) or "none"
            raise DataError(f"no run has points of {label!r}; there are {labels}")
    return list(dict.fromkeys(asked)) or there


def differing(runs: Sequence[FoundRun]) -> list[str]:
    """The names of the hyperparameters that are not the same in all of the runs."""
    names = dict.fromkeys(name for run in runs for name in run.hparams)
    return [name for name in names if len({repr(run.hparams.get(name)) for run in runs}) > 1]


def _is_called(run: FoundRun, name: str) -> bool:
    return run.name == name or fnmatchcase(run.name, name)


def _name(folder: Path, root: Path) -> str:
    return folder.relative_to(root).as_posix()


def _take_in(folder: Path, name: str, found: Found) -> None:
    try:
        found.runs.append(_read(folder, name))
    except FileNotFoundError as error:
        found.passed_over[name] = f"has no {Path(error.filename).name}"
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        found.passed_over[name] = reason


def _read(folder: Path, name: str) -> FoundRun:
    made, points = read_json(folder / HPARAMS), read_points(folder / METRICS)
    result = read_json(folder / RESULT) if (folder / RESULT).exists() else {}
    try:
        begun = datetime.fromisoformat(made["begun"])
        return FoundRun(
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
        what = f"{type(error).__name__}: {error}"
        raise DataError(f"{folder / HPARAMS} is not of a run of d2l ({what})") from error
