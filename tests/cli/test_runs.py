"""`d2l runs` as a process of its own: the table, the picture, and what it passes over."""

import subprocess
import sys

import pytest

from d2l.runs.records import RunRecord

COMMAND = [sys.executable, "-m", "d2l", "runs"]


def d2l_runs(*arguments, cwd):
    command = [*COMMAND, *map(str, arguments)]
    options = {"capture_output": True, "text": True, "timeout": 120}
    return subprocess.run(command, cwd=cwd, check=False, **options)


def leave(folder, losses, status="ended", **hparams):
    record = RunRecord(folder)
    record.begin({"model": "MLP", "device": "cpu", "max_epochs": 3, **hparams})
    points = {"val_loss": [(i + 1.0, loss) for i, loss in enumerate(losses)]}
    record.finish(points, status, 12.34, lambda path: path.write_text("<svg/>"))


@pytest.fixture
def folder(tmp_path):
    leave(tmp_path / "runs" / "첫 번째 실행", [0.5, 0.25, 0.375], lr=0.1, batch_size=256)
    leave(tmp_path / "runs" / "mlp", [0.5], "failed: ValueError: bad", lr=0.2, batch_size=256)
    return tmp_path


def row(output, name):
    (line,) = [line for line in output.splitlines() if line.strip().startswith(f"{name}  ")]
    return line.split(name)[1].split()


def test_the_table_compares_the_runs(folder):
    done = d2l_runs("runs", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert row(done.stdout, "첫 번째 실행")[2:] == [
        *("MLP", "0.1", "ended", "3/3", "0.375", "(0.25)", "12.3"),
    ]
    assert row(done.stdout, "mlp")[2:] == ["MLP", "0.2", "failed", "1/3", "0.5", "12.3"]
    assert "mlp: failed: ValueError: bad" in done.stdout
    assert "batch_size" not in done.stdout  # it is the same in both


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_the_curves_of_the_chosen_runs_are_drawn(folder, suffix):
    done = d2l_runs("runs", "mlp", "--plot", f"그림/out.{suffix}", cwd=folder)
    assert done.returncode == 0
    assert "curves of 1 run:" in done.stdout
    begin = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[suffix]
    assert (folder / "그림" / f"out.{suffix}").read_bytes().startswith(begin)


def test_damaged_and_foreign_folders_are_named_and_passed_over(folder):
    (folder / "runs" / "other").mkdir()
    (folder / "runs" / "other" / "metrics.csv").write_text("epoch,step\n1,2\n")
    (folder / "runs" / "other" / "hparams.json").write_text("{}")
    (folder / "runs" / "broken \x1b[31m").mkdir()
    (folder / "runs" / "broken \x1b[31m" / "hparams.json").write_text("{}")
    done = d2l_runs("runs", cwd=folder)
    assert done.returncode == 0
    assert "skipped broken ?[31m: has no metrics.csv" in done.stderr
    assert "skipped other: " in done.stderr
    assert "Traceback" not in done.stderr
    assert row(done.stdout, "mlp")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "Directory 'nowhere' does not exist"),
        (["runs", "resnet"], "there is no run 'resnet'; available runs: 'mlp', '첫 번째 실행'"),
        (["runs", "--label", "acc"], "no run has points of 'acc'; available labels: val_loss"),
        (["runs", "--plot", "out.jpg"], "out.jpg does not end in .svg, .png, .pdf"),
        (["runs", "--plot", "runs/mlp/metrics.csv/out.png"], "metrics.csv"),
    ],
)
def test_a_wrong_call_ends_in_a_clear_line(folder, arguments, words):
    done = d2l_runs(*arguments, cwd=folder)
    assert done.returncode in (1, 2)
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_without_runs_says_how_they_come_to_be(tmp_path):
    done = d2l_runs(".", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no runs in .; Trainer(…, run_dir=FOLDER) writes them" in done.stdout


def test_letters_that_the_output_lacks_are_no_traceback(folder):
    options = {"capture_output": True, "timeout": 120, "check": False}
    done = subprocess.run(
        [*COMMAND, "runs"], cwd=folder, env={"PYTHONIOENCODING": "ascii"}, **options
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"? ?? ??" in done.stdout  # three words of one, two and two letters
