"""Runs found on the disk, their differences, and what is passed over, with the reason."""

import math
import os
import subprocess
import sys

import pytest
from rights import without_rights

from d2l.errors import DataError
from d2l.runs.records import RunRecord
from d2l.runs.run_table import choose, differing, find_runs, labels_of

ACC = {"val_acc": [(1.0, 0.5), (2.0, 0.75), (3.0, 0.625)]}


def leave(folder, points=ACC, status="ended", **hparams):
    record = RunRecord(folder)
    record.begin({"model": "MLP", "device": "cpu", **hparams})
    record.finish(points, status, 2.0, lambda path: path.write_text("<svg/>"))


def names(root):
    return {run.name for run in find_runs(root).runs}


def test_a_run_is_found_as_it_was_left(tmp_path):
    leave(tmp_path / "소프트맥스 회귀", lr=0.1)
    (run,), skipped = find_runs(tmp_path)
    assert skipped == {}
    assert (run.name, run.model, run.device) == ("소프트맥스 회귀", "MLP", "cpu")
    assert (run.hparams, run.points) == ({"lr": 0.1}, ACC)
    assert (run.status, run.seconds, run.epochs) == ("ended", 2.0, 3.0)


def test_runs_are_found_three_folders_deep_and_not_in_hidden_ones(tmp_path):
    for place in (".", "a", "a/version-2", "a/b/c", "a/b/c/d", ".hidden"):
        leave(tmp_path / place)
    assert names(tmp_path) == {".", "a", "a/version-2", "a/b/c"}


def test_the_newest_run_comes_first(tmp_path):
    for i, name in enumerate(("b", "c", "a")):
        leave(tmp_path / name)
        made = tmp_path / name / "hparams.json"
        text = made.read_text("utf-8")
        begun = text.split('"begun": "')[1].split('"')[0]
        made.write_text(text.replace(begun, f"2025-01-0{i + 1}T00:00:00Z"), "utf-8")
    assert [run.name for run in find_runs(tmp_path).runs] == ["a", "c", "b"]


def test_a_run_without_a_result_is_unfinished(tmp_path):
    RunRecord(tmp_path).begin({"model": "MLP"}, points=ACC)
    (run,) = find_runs(tmp_path).runs
    assert (run.status, run.seconds, run.points) == ("unfinished", None, ACC)


def test_the_last_and_the_best_value_of_a_label(tmp_path):
    loss = [(1.0, 0.5), (2.0, 0.25), (3.0, math.nan), (4.0, 0.75)]
    leave(tmp_path, {"val_loss": loss, **ACC, "empty": []})
    (run,) = find_runs(tmp_path).runs
    assert (run.last("val_loss"), run.best("val_loss")) == (0.75, 0.25)
    assert (run.last("val_acc"), run.best("val_acc")) == (0.625, 0.75)
    assert math.isnan(run.last("empty"))
    assert math.isnan(run.best("empty"))


def test_only_hyperparameters_that_differ_are_named(tmp_path):
    leave(tmp_path / "a", lr=0.1, batch_size=256, sizes=[1, 2])
    leave(tmp_path / "b", lr=0.2, batch_size=256, sizes=[1, 2], dropout=0.5)
    assert sorted(differing(find_runs(tmp_path).runs)) == ["dropout", "lr"]
    assert differing(find_runs(tmp_path / "a").runs) == []


def test_runs_are_chosen_by_name_and_by_pattern(tmp_path):
    for name in ("mlp", "mlp 2", "linear", "[1]"):
        leave(tmp_path / name)
    runs = find_runs(tmp_path).runs
    for asked, expected in (
        ([], {"mlp", "mlp 2", "linear", "[1]"}),
        (["mlp 2"], {"mlp 2"}),
        (["mlp*", "linear"], {"mlp", "mlp 2", "linear"}),
        (["[1]"], {"[1]"}),
    ):
        assert {run.name for run in choose(runs, asked)} == expected
    with pytest.raises(DataError, match=r"no run 'resnet'; available runs: .*'mlp 2'"):
        choose(runs, ["mlp", "resnet"])


def test_a_label_that_no_run_has_is_refused_with_those_there_are(tmp_path):
    leave(tmp_path, {"val_loss": [(0.0, 1.0)], **ACC})
    runs = find_runs(tmp_path).runs
    assert labels_of(runs) == ["val_loss", "val_acc"]
    assert labels_of(runs, ["val_acc", "val_acc"]) == ["val_acc"]
    with pytest.raises(DataError, match="points of 'acc'; available labels: val_loss, val_acc"):
        labels_of(runs, ["acc"])


BEGUN = '{"begun": "2025-01-01T00:00:00Z", "model": "", "device": "", '


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("metrics.csv", "epoch,step\n1,2\n", "must begin with 'label,x,y'"),
        ("metrics.csv", "label,x,y\nnonsense\na,1,2\n", "corrupt in line 2"),
        ("hparams.json", "{", "is not JSON"),
        ("hparams.json", "[" * 100_000, "is not JSON"),
        ("hparams.json", "\x00\xff", "is not JSON"),
        ("hparams.json", "[1]", "found a list"),
        ("hparams.json", '{"lr": 0.1}', "does not describe a d2l run (KeyError: 'begun'"),
        ("hparams.json", BEGUN + '"hparams": 3}', "does not describe a d2l run"),
        (
            "hparams.json",
            BEGUN.replace("2025", "soon") + '"hparams": {}}',
            "not describe a d2l run",
        ),
        ("result.json", "{", "is not JSON"),
        ("result.json", '{"seconds": "long"}', "does not describe a d2l run"),
    ],
)
def test_damaged_and_foreign_folders_are_passed_over_with_the_reason(
    tmp_path, file, content, reason
):
    leave(tmp_path / "good")
    leave(tmp_path / "bad")
    (tmp_path / "bad" / file).write_text(content)
    runs, skipped = find_runs(tmp_path)
    assert [run.name for run in runs] == ["good"]
    assert list(skipped) == ["bad"]
    assert reason in skipped["bad"]


@pytest.mark.parametrize("missing", ["metrics.csv", "hparams.json"])
def test_half_a_run_is_passed_over(tmp_path, missing):
    leave(tmp_path)
    (tmp_path / missing).unlink()
    assert find_runs(tmp_path) == ([], {".": f"has no {missing}"})


def test_a_folder_that_may_not_be_read_is_passed_over(open_folder):
    leave(open_folder / "good")
    leave(open_folder / "secret")
    with without_rights(open_folder / "secret"):
        runs, skipped = find_runs(open_folder)
    assert [run.name for run in runs] == ["good"]
    assert skipped == {"secret": "Permission denied"}


def test_a_file_that_may_not_be_read_is_passed_over(open_folder):
    leave(open_folder / "good")
    leave(open_folder / "secret")
    with without_rights(open_folder / "secret" / "metrics.csv"):
        runs, skipped = find_runs(open_folder)
    assert [run.name for run in runs] == ["good"]
    assert skipped["secret"].endswith("metrics.csv: Permission denied")


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_links_to_folders_lead_into_no_circle(tmp_path):
    leave(tmp_path / "a")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    assert names(tmp_path) == {"a"}


def test_runs_are_read_without_torch_and_matplotlib():
    heavy = "{'torch', 'matplotlib', 'pandas'} & {*sys.modules}"
    program = f"import sys, d2l.runs.run_table, d2l.cli.runs; print({heavy})"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=True)
    assert done.stdout == "set()\n"
