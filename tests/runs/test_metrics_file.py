"""`metrics.csv`: exact, whole after every kind of death, and of linear cost."""

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from d2l.errors import DataError
from d2l.runs.metrics_file import MetricsFile, read_points

POINTS = {
    "train_loss": [(0.0, 2.302585092994046), (1 / 3, 0.1), (2 / 3, -1e-300)],
    '정확도, 검증 "val"': [(1.0, 0.9)],
}


def written(path, points):
    file = MetricsFile(path)
    file.rewrite(points)
    return file


def test_points_come_back_exactly_as_they_were(tmp_path):
    written(tmp_path / "metrics.csv", POINTS)
    assert read_points(tmp_path / "metrics.csv") == POINTS


def test_pandas_reads_the_file(tmp_path):
    written(tmp_path / "metrics.csv", POINTS)
    frame = pd.read_csv(tmp_path / "metrics.csv")
    assert list(frame.columns) == ["label", "x", "y"]
    ys = [y for series in POINTS.values() for _, y in series]
    assert frame.y.tolist() == pytest.approx(ys, rel=1e-12, abs=0)


def test_nan_and_infinity_come_back(tmp_path):
    written(tmp_path / "m.csv", {"loss": [(0, math.inf), (1, math.nan)]})
    (_, infinite), (_, nan) = read_points(tmp_path / "m.csv")["loss"]
    assert infinite == math.inf
    assert math.isnan(nan)


def test_only_new_points_are_added(tmp_path):
    file = written(tmp_path / "m.csv", {})
    for count in (1, 1, 3):
        file.append({"loss": POINTS["train_loss"][:count]})
    file.append(POINTS)
    assert read_points(tmp_path / "m.csv") == POINTS
    assert len((tmp_path / "m.csv").read_text("utf-8").splitlines()) == 1 + 3 + 1


def test_a_file_cut_at_any_byte_gives_the_points_before_the_cut(tmp_path):
    path = tmp_path / "m.csv"
    points = {"a\nb": [(0.0, 0.125), (1.0, 0.25)], "한글": [(0.0, 12.5)]}
    written(path, points)
    whole = path.read_bytes()
    counts = []
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        read = read_points(path)
        assert all(points[label][: len(series)] == series for label, series in read.items())
        counts.append(sum(map(len, read.values())))
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, 3)


def test_a_file_cut_or_removed_behind_the_writer_is_written_anew(tmp_path):
    path = tmp_path / "m.csv"
    file = written(path, {"loss": POINTS["train_loss"][:2]})
    path.write_bytes(path.read_bytes()[:-3])
    file.append({"loss": POINTS["train_loss"]})
    assert read_points(path) == {"loss": POINTS["train_loss"]}
    path.unlink()
    file.append({"loss": POINTS["train_loss"]})
    assert read_points(path) == {"loss": POINTS["train_loss"]}


def test_a_board_that_was_cleared_begins_the_file_anew(tmp_path):
    file = written(tmp_path / "m.csv", POINTS)
    file.append({"loss": [(0.0, 5.0)]})
    assert read_points(tmp_path / "m.csv") == {"loss": [(0.0, 5.0)]}


class Counted(list):
    """A list that counts how many of its items were handed out, in slices or one after another."""

    num_taken = 0

    def __getitem__(self, key):
        found = super().__getitem__(key)
        Counted.num_taken += len(found) if isinstance(key, slice) else 0
        return found

    def __iter__(self):
        Counted.num_taken += len(self)
        return super().__iter__()


def test_ten_thousand_points_are_taken_once_each(tmp_path):
    file, series = written(tmp_path / "m.csv", {}), Counted()
    for i in range(10_000):
        series.append((i / 7, i / 3))
        file.append({"loss": series})
    assert Counted.num_taken == 10_000
    assert len(read_points(tmp_path / "m.csv")["loss"]) == 10_000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"epoch,step\n1,2\n", "must begin with 'label,x,y'; found 'epoch,step'"),
        (b"label,x,y\nloss,1\nloss,1,2\n", "corrupt in line 2"),
        (b"label,x,y\nloss,1,2\nloss,1,two\nloss,1,2\n", "corrupt in line 3"),
        (b"label,x,y\n\xff\xfe,1,2\n", "is not a CSV table of points"),
        (b"label,x,y\n" + b"\0" * 200_000 + b"\n", "is not a CSV table of points"),
    ],
)
def test_what_is_no_such_file_is_refused_with_the_reason(tmp_path, content, words):
    (tmp_path / "m.csv").write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_points(tmp_path / "m.csv")


WRITER = """
import sys
from pathlib import Path
from d2l.runs.metrics_file import MetricsFile
path, begin = Path(sys.argv[1]), int(sys.argv[2])
points = {"train_loss": [(i / 7, i / 3) for i in range(begin)]}
file = MetricsFile(path)
file.rewrite(points)
while True:
    points["train_loss"] += [(i / 7, i / 3) for i in range(begin, begin + 500)]
    begin += 500
    file.append(points)
    print(begin, flush=True)
"""


def killed_after(seconds, path, begin):
    """Run the writer, kill it -9, and tell how many points it said were written."""
    command = [sys.executable, "-c", WRITER, str(path), str(begin)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline()
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    told = process.communicate(timeout=900)[0].rpartition("\n")[0].split()
    assert process.returncode == -signal.SIGKILL
    return int(told[-1]) if told else begin + 500


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_writer_killed_in_mid_write_loses_nothing_and_the_next_goes_on(tmp_path):
    path, begin = Path(tmp_path / "m.csv"), 0
    for i in range(8):
        told = killed_after(0.003 * i, path, begin)
        found = read_points(path)["train_loss"]
        assert found == [(k / 7, k / 3) for k in range(len(found))]
        assert len(found) >= told
        begin = told - 250  # the checkpoint is a little older than the last point
    file = MetricsFile(path)
    file.rewrite({"train_loss": found[:begin]})
    file.append({"train_loss": found})
    assert read_points(path)["train_loss"] == found
