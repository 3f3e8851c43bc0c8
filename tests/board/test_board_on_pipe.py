"""A run whose output goes into a pipe or a file: a line for each epoch, and nothing else."""

import os
import re
import subprocess
import sys

import pytest

TRAINING = """
from d2l import torch as d2l
data = d2l.SyntheticRegressionData(w=d2l.tensor([2, -3.4]), b=4.2)
model = d2l.LinearRegression(lr=0.03)
trainer = d2l.Trainer(max_epochs=3)
"""
LINES = "".join(rf"epoch {i}/3: train_loss \S+, val_loss \S+ \(\d+\.\d s\)\n" for i in (1, 2, 3))


def run_on_pipe(program):
    """What a program writes to its standard output and error, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    done = subprocess.run(
        [sys.executable, "-c", TRAINING + program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=True,
    )
    return done.stdout, done.stderr


def test_each_fit_leaves_a_line_for_each_epoch():
    stdout, stderr = run_on_pipe("for _ in range(2): trainer.fit(model, data)")
    assert re.fullmatch(2 * LINES, stdout)
    assert stderr == ""


def test_curves_and_pictures_leave_nothing():
    drawing = """
board = d2l.ProgressBoard("x")
board.draw(1, 2, "a")
d2l.plot([1, 2], [3, 4])
d2l.show_images(d2l.zeros((2, 4, 4)), 1, 2)
"""
    assert run_on_pipe(drawing) == ("", "")


@pytest.mark.parametrize(
    "silence", ["model.board = d2l.ProgressBoard(display=False)", "model.board.display = False"]
)
def test_a_board_that_shall_not_display_is_silent(silence):
    assert run_on_pipe(f"{silence}\ntrainer.fit(model, data)") == ("", "")
