"""`metrics.csv`: the points of a run, one per line as `label,x,y`; lines are only appended.

A program that is killed while it writes leaves a last line without a line end: this line is
ignored, and the next writer of the run repairs the file.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from d2l.errors import DataError
from d2l.files.atomic_write import atomic_write

METRICS = "metrics.csv"
HEADER = ["label", "x", "y"]

Points = Mapping[str, Sequence[tuple[float, float]]]


def num_points(points: Points) -> dict[str, int]:
    """Return the number of points of each curve."""
    return {label: len(series) for label, series in points.items()}


def new_points(points: Points, counts: Mapping[str, int]) -> Points:
    """Return the points after the first `counts[label]` of each curve."""
    return {label: series[counts.get(label, 0) :] for label, series in points.items()}


class MetricsFile:
    """Writes the file for one run; the total cost of all calls is linear in the points."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._counts: dict[str, int] = {}
        self._num_bytes = -1  # the size of the file after this run's last write

    def rewrite(self, points: Points) -> None:
        """Replace the content atomically by exactly these points."""
        text = _lines([HEADER]) + _lines(_rows(points))
        atomic_write(self.path, lambda file: file.write(text))
        self._counts, self._num_bytes = num_points(points), len(text)

    def append(self, points: Points) -> None:
        """Append those points of the run that are not in the file yet.

        The file is rewritten if points are missing (the board was cleared), or if its size has
        changed (it was removed, or truncated by a full disk).
        """
        size = self.path.stat().st_size if self.path.exists() else 0
        is_cleared = any(len(points.get(label, ())) < n for label, n in self._counts.items())
        if size != self._num_bytes or is_cleared:
            self.rewrite(points)
            return
        text = _lines(_rows(new_points(points, self._counts)))
        with open(self.path, "ab", buffering=0) as file:
            num_written = file.write(text)
        if num_written != len(text):
            raise OSError(f"{self.path}: only {num_written} of {len(text)} bytes were written")
        self._counts, self._num_bytes = num_points(points), size + len(text)


def read_points(path: Path) -> dict[str, list[tuple[float, float]]]:
    """Return the points in the file, by label; a truncated last line is ignored.

    Raises `DataError` if the file has another format, or lines before the last are corrupt.
    """
    complete, _, _ = path.read_bytes().rpartition(b"\n")
    points: dict[str, list[tuple[float, float]]] = {}
    try:
        rows = csv.reader(io.StringIO(complete.decode("utf-8"), newline=""))
        header = next(rows, HEADER)
        if header != HEADER:
            found = ",".join(header)[:60]
            raise DataError(f"{path} must begin with {','.join(HEADER)!r}; found {found!r}")
        for row in rows:
            try:
                label, x, y = row
                points.setdefault(label, []).append((float(x), float(y)))
            except ValueError as error:
                if next(rows, None) is not None:  # the last row may be cut within a label
                    line = rows.line_num - 1
                    raise DataError(f"{path} is corrupt in line {line}: {row!r:.80}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is not a CSV table of points: {error}") from error
    return points


def _rows(points: Points) -> list[list[str]]:
    # repr is the shortest text that is parsed to the same number
    return [[k, repr(float(x)), repr(float(y))] for k, series in points.items() for x, y in series]


def _lines(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")
