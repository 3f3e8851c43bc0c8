"""A run looked at in a terminal: one line, rewritten in place, and one that stays."""

import re
from pathlib import Path

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")

from terminal import run_in_terminal, screens

DATA = Path(__file__).parents[2] / "data"
TRAINING = f"""
from d2l import torch as d2l
data = d2l.FashionMNIST(batch_size=256, root={str(DATA)!r})
model = d2l.SoftmaxRegression(num_outputs=10, lr=0.1)
d2l.Trainer(max_epochs=16).fit(model, data)
"""
NUMBER = r"\d[\d.e-]*"
METRICS = rf"train_loss {NUMBER}, val_loss {NUMBER}, val_acc {NUMBER}"
LAST_LINE = rf"epoch 16/16: {METRICS} \({NUMBER} s\)"


@pytest.fixture(scope="module")
def seen():
    """The screens of 80 columns that a run goes through, and the one that it leaves."""
    status, written = run_in_terminal(TRAINING, columns=80)
    assert status == 0, written
    return screens(written, columns=80)


def test_one_line_is_rewritten_in_place_and_shows_the_numbers(seen):
    *during, _ = seen
    assert all(len(lines) <= 1 for lines in during)
    shown = {line for lines in during for line in lines}
    whole = rf".* epoch (?:[2-9]|1\d)/16  \d+ batches/s  {METRICS}"
    assert sum(re.fullmatch(whole, line) is not None for line in shown) >= 3
    assert not any("…" in line for line in shown)


def test_one_line_stays_at_the_end(seen):
    (line,) = seen[-1]
    assert re.fullmatch(LAST_LINE, line)


def test_the_line_is_cut_rather_than_wrapped_where_the_terminal_is_narrow():
    # The first epoch's line may be short: it has no metrics yet.
    status, written = run_in_terminal(TRAINING.replace("max_epochs=16", "max_epochs=4"), columns=40)
    assert status == 0
    *during, _ = screens(written, columns=40)
    assert all(len(lines) <= 1 for lines in during)
    assert any(line.endswith("…") for lines in during for line in lines)


def test_a_dumb_terminal_gets_the_last_line_alone():
    program = TRAINING.replace("max_epochs=16", "max_epochs=1")
    status, written = run_in_terminal(program, term="dumb")
    assert status == 0
    assert re.fullmatch(LAST_LINE.replace("16/16", "1/1"), written.strip())


def test_an_interrupted_run_leaves_its_numbers_and_a_visible_cursor():
    program = TRAINING.replace("max_epochs=16", "max_epochs=1000")
    status, written = run_in_terminal(program, interrupt_at="val_acc")
    assert status != 0
    assert re.search(rf"epoch \d+/1000: {METRICS} \(", written)
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")
