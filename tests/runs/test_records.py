"""What a run leaves: how it was made, its points, its picture, how it ended; whatever happens."""

import json
import math
import os
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest
import torch
from rights import without_rights

import d2l
from d2l.errors import DataError, NotFiniteError
from d2l.plot.live import new_figure
from d2l.runs.metadata import as_json
from d2l.runs.metrics_file import read_points
from d2l.runs.records import RunRecord, outcome

POINTS = {"train_loss": [(0.0, 1.5), (0.5, 0.75)], "val_acc": [(1.0, 0.5)]}


def picture(path):
    figure = new_figure((2, 2))
    figure.gca().plot([0, 1])
    figure.savefig(path)


def test_a_run_leaves_points_hyperparameters_picture_and_result(tmp_path):
    record = RunRecord(tmp_path / "내 실행")
    record.begin({"model": "MLP", "device": "cpu", "lr": 0.1})
    record.update({"train_loss": POINTS["train_loss"][:1]})
    record.finish(POINTS, outcome(None), 1.23456, picture)
    left = {path.name for path in record.folder.iterdir()}
    assert left == {"metrics.csv", "hparams.json", "board.svg", "result.json"}
    assert read_points(record.folder / "metrics.csv") == POINTS
    assert "<svg" in (record.folder / "board.svg").read_text("utf-8")
    result = json.loads((record.folder / "result.json").read_text("utf-8"))
    assert (result["status"], result["seconds"]) == ("ended", 1.235)


def test_hparams_say_model_device_versions_and_when(tmp_path):
    before = datetime.now(UTC)
    RunRecord(tmp_path).begin({"model": "MLP", "device": "cuda:1", "lr": 0.1, "이름": "값"})
    made = json.loads((tmp_path / "hparams.json").read_text("utf-8"))
    assert (made["model"], made["device"]) == ("MLP", "cuda:1")
    assert made["hparams"] == {"lr": 0.1, "이름": "값"}
    assert made["versions"]["d2l"] == d2l.__version__
    assert made["versions"]["torch"] == torch.__version__
    assert made["versions"]["python"] == sys.version.split()[0]
    assert abs((datetime.fromisoformat(made["begun"]) - before).total_seconds()) < 60


def its_own_member():
    value = []
    value.append(value)
    return value


class Wordless:
    def __repr__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3),
        (True, True),
        (None, None),
        (0.1, 0.1),
        (np.float64(0.1), 0.1),
        ((1, [2, "셋"]), [1, [2, "셋"]]),
        ({1: {"a": 0.5}}, {"1": {"a": 0.5}}),
        (math.nan, "nan"),
        (torch.tensor([2.0, -3.4]), "tensor([ 2.0000, -3.4000])"),
        (torch.nn.ReLU, "<class 'torch.nn.modules.activation.ReLU'>"),
        (its_own_member, "<function its_own_member>"),
        (list(range(1000)), "[0, 1, 2, 3, 4, 5, ...]"),
        (its_own_member(), [[[[["[[[[[[[...]]]]]]]"]]]]]),
    ],
)
def test_plain_values_stay_and_others_become_what_they_print(value, expected):
    assert as_json(value) == expected
    assert json.loads(json.dumps(as_json(value), allow_nan=False)) == expected


def test_values_that_cannot_be_printed_or_are_huge_are_no_obstacle(tmp_path):
    hparams = {"wordless": Wordless(), "huge": torch.zeros(10**6), "half": "\ud83d"}
    RunRecord(tmp_path).begin(hparams)
    assert (tmp_path / "hparams.json").stat().st_size < 2000
    made = json.loads((tmp_path / "hparams.json").read_bytes())
    assert made["hparams"]["half"] == "\ud83d"


def test_a_resumed_run_goes_on_after_exactly_its_points_and_keeps_its_begin(tmp_path):
    first = RunRecord(tmp_path)
    first.begin({"model": "MLP", "max_epochs": 5})
    first.finish({"loss": [(0.0, 3.0), (1.0, 2.0), (2.0, 1.0)]}, "interrupted", 1.0, picture)
    begun = json.loads((tmp_path / "hparams.json").read_bytes())["begun"]
    second = RunRecord(tmp_path)
    second.begin({"model": "MLP", "max_epochs": 10}, points={"loss": [(0.0, 3.0)]})
    assert not (tmp_path / "result.json").exists()
    second.update({"loss": [(0.0, 3.0), (1.0, 2.5)]})
    assert read_points(tmp_path / "metrics.csv") == {"loss": [(0.0, 3.0), (1.0, 2.5)]}
    made = json.loads((tmp_path / "hparams.json").read_bytes())
    assert (made["begun"], made["hparams"]["max_epochs"]) == (begun, 10)
    assert len(made["resumed"]) == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, "ended"),
        (KeyboardInterrupt(), "interrupted"),
        (SystemExit(143), "interrupted"),
        (NotFiniteError("the loss is nan\nand more"), "failed: NotFiniteError: the loss is nan"),
        (ValueError(), "failed: ValueError"),
    ],
)
def test_the_outcome_is_told_in_one_line(error, status):
    assert outcome(error) == status


def test_a_folder_that_cannot_be_written_to_is_refused_before_the_run(tmp_path, open_folder):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="Not a directory"):
        RunRecord(tmp_path / "file" / "run").begin({})
    with without_rights(open_folder), pytest.raises(DataError, match="Permission denied"):
        RunRecord(open_folder).begin({})


def test_a_folder_that_loses_its_rights_is_said_once_and_caught_up_with(open_folder):
    record = RunRecord(open_folder)
    record.begin({})
    with without_rights(open_folder):
        with pytest.warns(RuntimeWarning, match="Permission denied.*Training continues"):
            record.update({"loss": [(0.0, 1.0)]})
        record.update({"loss": [(0.0, 1.0), (1.0, 0.5)]})  # a second warning would be an error
    record.update({"loss": [(0.0, 1.0), (1.0, 0.5), (2.0, 0.25)]})
    assert read_points(open_folder / "metrics.csv")["loss"] == [(0, 1), (1, 0.5), (2, 0.25)]


def test_a_picture_that_cannot_be_made_costs_the_picture_alone(tmp_path):
    record = RunRecord(tmp_path)
    record.begin({})
    with pytest.warns(RuntimeWarning, match="board.svg cannot be written"):
        record.finish(POINTS, "ended", 1.0, lambda path: 1 / 0)
    assert {path.name for path in tmp_path.iterdir()} == {
        "metrics.csv",
        "hparams.json",
        "result.json",
    }


ON_A_SMALL_DISK = """
import resource, sys, warnings
from pathlib import Path
from d2l.runs.records import RunRecord
from d2l.runs.metrics_file import read_points
record = RunRecord(Path(sys.argv[1]))
record.begin({"model": "M"})
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
points = {"loss": []}
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    for i in range(500):
        points["loss"].append((i / 7, i / 3))
        record.update(points)
(warning,) = said
print(warning.message)
found = read_points(record.folder / "metrics.csv")["loss"]
assert 100 < len(found) < 500 and found == points["loss"][:len(found)]
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
record.update(points)
assert read_points(record.folder / "metrics.csv") == points
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
def test_a_disk_that_is_full_for_a_while_costs_no_point(tmp_path):
    command = [sys.executable, "-c", ON_A_SMALL_DISK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "metrics.csv cannot be written" in done.stdout
