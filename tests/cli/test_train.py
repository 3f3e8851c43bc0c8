"""`d2l train` and `d2l doctor` as processes of their own: what they print, leave, and exit with."""

import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
import torch

COMMAND = [sys.executable, "-m", "d2l"]
LEFT = {"board.svg", "points.csv", "weights.pt", "checkpoints", "runs"}


def d2l(*arguments, cwd):
    command = [*COMMAND, *map(str, arguments)]
    options = {"capture_output": True, "text": True, "timeout": 300}
    return subprocess.run(command, cwd=cwd, check=False, **options)


def left_in(folder):
    return {path.name for path in folder.iterdir()}


def test_training_leaves_plot_points_and_weights_and_prints_final_numbers(tmp_path):
    done = d2l("train", "linear", "--epochs", 5, "--out", "run", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert left_in(tmp_path / "run") == LEFT
    weights = torch.load(tmp_path / "run" / "weights.pt", weights_only=True)
    assert weights["net.weight"].reshape(-1).tolist() == pytest.approx([2, -3.4], abs=0.05)
    points = pd.read_csv(tmp_path / "run" / "points.csv")
    assert points[points.label == "val_loss"].x.tolist() == [1, 2, 3, 4, 5]
    printed = float(done.stdout.split("val_loss: ")[1].split()[0])
    assert printed == pytest.approx(points.y.iloc[-1], abs=1e-4)


def test_the_same_seed_trains_the_same_weights(tmp_path):
    for name in ("a", "b"):
        done = d2l("train", "softmax", "--epochs", 1, "--seed", 3, "--out", name, cwd=tmp_path)
        assert done.returncode == 0
    a, b = (torch.load(tmp_path / name / "weights.pt", weights_only=True) for name in "ab")
    assert all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "linear", "--speed", "9"], "No such option"),
        (["train", "tree"], "'tree' is not one of 'linear', 'softmax', 'mlp'"),
        (["train", "mlp", "--lr", "-1"], "-1.0 is not in the range x>0"),
        (["train", "mlp", "--epochs", "0"], "0 is not in the range x>=1"),
        (["train", "linear", "--device", "teapot"], "the device 'teapot' cannot be used here"),
        (["lessons", "run", "no_such_lesson"], "no_such_lesson"),
        (["dance"], "No such command 'dance'"),
    ],
)
def test_a_wrong_call_ends_in_a_clear_line_and_not_in_a_traceback(tmp_path, arguments, words):
    done = d2l(*arguments, cwd=tmp_path)
    assert done.returncode not in (0, -1)
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_diverging_run_ends_with_its_reason_and_leaves_what_there_is(tmp_path):
    done = d2l("train", "linear", "--lr", "1e30", "--out", "run", cwd=tmp_path)
    assert done.returncode == 1
    assert "the loss is inf in epoch 1 of 10, batch 2 of 32" in done.stderr
    assert "Traceback" not in done.stderr
    assert left_in(tmp_path / "run") == LEFT


def test_a_folder_that_cannot_be_made_ends_in_a_clear_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = d2l("train", "linear", "--out", "file/run", cwd=tmp_path)
    assert done.returncode == 1
    assert "Not a directory" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_ends_the_run_in_one_line_and_leaves_what_there_is(tmp_path):
    command = [*COMMAND, "train", "mlp", "--epochs", "1000", "--out", "run"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, cwd=tmp_path, text=True, **pipes)
    deadline = time.monotonic() + 900
    while not any((tmp_path / "run").glob("checkpoints/step-*.pt")):  # the first epoch is done
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=900)
    assert process.returncode == 130
    said = [line for line in err.splitlines() if line]
    assert said[0].startswith("finishing this step")
    assert said[1:] == ["d2l: interrupted"]
    assert left_in(tmp_path / "run") == LEFT
    assert "epoch" in out
    assert 'resume="last") continues the run' in out


def test_the_doctor_tells_versions_devices_data_and_choices(tmp_path):
    done = d2l("doctor", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"torch {torch.__version__.partition('+')[0]}" in done.stdout
    for words in ("versions", "devices", "Fashion-MNIST", "choices", "checksum OK", "cpu: "):
        assert words in done.stdout


def test_the_doctor_names_a_damaged_file(tmp_path):
    raw = tmp_path / "data" / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "t10k-labels-idx1-ubyte").write_bytes(b"half a file")
    done = d2l("doctor", "--root", "data", cwd=tmp_path)
    assert done.returncode == 0
    assert "t10k-labels-idx1-ubyte cannot be used: corrupt" in done.stdout


def test_help_and_version_are_there(tmp_path):
    assert "Commands:" in d2l("--help", cwd=tmp_path).stdout
    assert d2l("--version", cwd=tmp_path).stdout.startswith("d2l, version 2.")
