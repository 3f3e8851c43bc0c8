"""`metrics.csv`: every point of a run, one a line as `label,x,y`. The file only grows.

A program that is killed in mid-line leaves a last line without an end: it is not read, and the
next writer of the run puts the file right.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from d2l.errors import DataError
from d2l.runs.files import write_whole

METRICS = "metrics.csv"
HEADER = ("label", "x", "y")

Points = Mapping[str, Sequence[tuple[float, float]]]


class Seen:
    """How many points of each curve were taken; so that each is taken once."""

    def __init__(self, points: Points | None = None) -> None:
        self._counts = {label: len(series) for label, series in (points or {}).items()}

    def has_shrunk(self, points: Points) -> bool:
        """Whether points that were taken are gone: their owner began anew."""
        return any(len(points.get(label, ())) < count for label, count in self._counts.items())

    def fresh(self, points: Points) -> Points:
        """The points not taken yet, of all points of the run."""
        return {label: series[self._counts.get(label, 0) :] for label, series in points.items()}


class MetricsFile:
    """The file as one run writes it; the work of all calls together is linear in the points."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = Seen()
        self._num_bytes = -1  # as this run left the file

    def rewrite(self, points: Points) -> None:
        """Have the file hold exactly these points; it is there whole, old or new, at any moment."""
        text = _lines({}, header=True) + _lines(points)
        write_whole(self.path, lambda file: file.write(text))
        self._seen, self._num_bytes = Seen(points), len(text)

    def append(self, points: Points) -> None:
        """Add those of all points of the run that are not in the file yet.

        A file that is not as this run left it (removed, cut by a full disk) is written anew.
        """
        if self._size() != self._num_bytes or self._seen.has_shrunk(points):
            self.rewrite(points)
            return
        text = _lines(self._seen.fresh(points))
        with open(self.path, "ab", buffering=0) as file:
            num_written = file.write(text)
        if num_written != len(text):
            raise OSError(f"{self.path}: only {num_written} of {len(text)} bytes could be written")
        self._seen = Seen(points)
        self._num_bytes += len(text)

    def _size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0


def read_points(path: Path) -> dict[str, list[tuple[float, float]]]:
    """The points in the file, by label; a last line that was cut is left out.

    Raises `DataError` if this is no such file, or lines before the last are damaged.
    """
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    points: dict[str, list[tuple[float, float]]] = {}
    try:
        rows = csv.reader(io.StringIO(whole.decode("utf-8"), newline=""))
        header = next(rows, list(HEADER))
        if header != list(HEADER):
            found = ",".join(header)[:60]
            raise DataError(f"{path} begins with {found!r}, not with {','.join(HEADER)!r}")
        for row in rows:
            point = _parse(row)
            if point is not None:
                points.setdefault(point[0], []).append(point[1:])
            elif next(rows, None) is not None:  # a label with a line break may be cut at that
                raise DataError(f"{path} is damaged in line {rows.line_num - 1}: {row!r:.80}")
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no table of points: {error}") from error
    return points


def _parse(row: list[str]) -> tuple[str, float, float] | None:
    try:
        label, x, y = row
        return label, float(x), float(y)
    except ValueError:
        return None


def _lines(points: Points, header: bool = False) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(HEADER)
    for label, series in points.items():
        # repr, since it is the shortest text that gives the same number back
        writer.writerows((label, repr(float(x)), repr(float(y))) for x, y in series)
    return text.getvalue().encode("utf-8")
