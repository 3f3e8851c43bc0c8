"""The board's points: means, in order, none lost, at a cost that grows with their number only."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from d2l import torch as d2l


def test_each_point_is_the_mean_of_every_n_values():
    board = d2l.ProgressBoard("x")
    for x in range(7):
        board.draw(x, 10 * x, "line", every_n=3)
    assert board.points == {"line": [(1, 10), (4, 40)]}  # the seventh waits for two more


def test_the_latest_value_of_each_curve_can_be_asked_for():
    board = d2l.ProgressBoard()
    assert board.latest() == {}
    for x in range(4):
        board.draw(x, x * x, "square")
        board.draw(x, torch.tensor(-x), "minus", every_n=2)
    assert board.latest() == {"square": 9, "minus": -2.5}


@pytest.mark.parametrize("every_n", [0, 0.5, 1, 1.9])
def test_every_n_below_two_draws_each_value(every_n):
    board = d2l.ProgressBoard()
    for x in range(3):
        board.draw(x, x, "line", every_n)
    assert board.points["line"] == [(0, 0), (1, 1), (2, 2)]


def test_the_homeworks_sine_and_cosine_become_points():
    board = d2l.ProgressBoard("x")
    for x in np.arange(0, 10, 0.1):
        board.draw(x, np.sin(x), "sin", every_n=2)
        board.draw(x, np.cos(x), "cos", every_n=10)
    assert {label: len(points) for label, points in board.points.items()} == {"sin": 50, "cos": 10}
    first = board.points["cos"][0]
    assert first.y == pytest.approx(sum(np.cos(i / 10) for i in range(10)) / 10)


def test_values_may_be_tensors_arrays_and_numbers():
    board = d2l.ProgressBoard()
    ones = [1, 1.0, np.float32(1), np.array([1]), torch.ones(1, requires_grad=True)]
    for i, y in enumerate(ones):
        board.draw(i, y, "one")
    assert [point.y for point in board.points["one"]] == [1.0] * 5


def test_a_tensor_changed_after_it_was_drawn_keeps_its_drawn_value():
    board, y = d2l.ProgressBoard(), torch.zeros(())
    board.draw(0, y, "y")
    y += 1
    assert board.points["y"] == [(0, 0)]


def test_a_value_of_several_numbers_is_an_error():
    with pytest.raises(ValueError, match=r"y must be a single number; found shape \(3,\)"):
        d2l.ProgressBoard().draw(0, torch.ones(3), "y")


def test_the_axes_given_are_drawn_into_and_others_are_left_alone():
    _, (left, right) = d2l.plt.subplots(1, 2)
    board = d2l.ProgressBoard(axes=left)
    for x in range(3):
        board.draw(x, x * x, "square")
    board.render()
    assert [list(line.get_ydata()) for line in left.lines] == [[0, 1, 4]]
    assert len(right.lines) == 0


def test_any_number_of_series_is_drawn_each_in_a_look_of_its_own():
    board = d2l.ProgressBoard()
    for i in range(12):
        board.draw(0, i, f"series {i}")
        board.draw(1, i, f"series {i}")
    lines = board.render().axes[0].lines
    looks = {(line.get_color(), line.get_linestyle()) for line in lines}
    assert len(looks) == 12
    assert [list(line.get_ydata()) for line in lines] == [[i, i] for i in range(12)]


def test_labels_limits_and_scales_set_late_are_in_the_picture():
    board = d2l.ProgressBoard()
    board.draw(1, 10, "y")
    board.xlabel, board.xlim, board.yscale = "epoch", [0, 5], "log"
    axes = board.render().axes[0]
    assert (axes.get_xlabel(), axes.get_xlim(), axes.get_yscale()) == ("epoch", (0, 5), "log")


def test_a_second_run_on_the_same_board_begins_a_line_of_its_own():
    board = d2l.ProgressBoard()
    for _ in range(2):
        for x in (0.0, 1.0):
            board.draw(x, 5.0, "loss")
    line = board.render().axes[0].lines[0]
    assert np.isnan(line.get_ydata()).tolist() == [False, False, True, False, False]
    assert board.points["loss"] == [(0, 5), (1, 5)] * 2


def test_an_empty_board_makes_an_empty_picture():
    assert d2l.ProgressBoard().render().axes[0].lines[:] == []


def test_points_become_a_frame_a_table_and_a_picture(tmp_path):
    board = d2l.ProgressBoard()
    for x in range(3):
        board.draw(x, torch.tensor(x / 2), "half")
    frame = board.frame()
    assert list(frame.columns) == ["label", "x", "y"]
    assert frame.y.tolist() == [0, 0.5, 1]
    board.save(tmp_path / "points.csv")
    assert d2l.pd.read_csv(tmp_path / "points.csv").equals(frame)
    board.save(tmp_path / "loss.svg")
    assert "half" not in board.points or (tmp_path / "loss.svg").read_text().count("<svg") == 1
    board.save(str(tmp_path / "loss.png"))
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")


UNSEEN = """
import sys
from d2l import torch as d2l
board = d2l.ProgressBoard()
for x in range(10):
    board.draw(x, x, "y")
board.finish()
assert not any(name.startswith("matplotlib") for name in sys.modules)
"""


def run_alone(program):
    """What a program prints in a process of its own, where no contracts are run."""
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_figure_is_made_or_shown_where_nobody_looks():
    assert run_alone(UNSEEN) == ""


DRAWS = """
import time, torch
from d2l import torch as d2l
def seconds(y):
    board = d2l.ProgressBoard()
    begun = time.process_time()
    for i in range(20_000):
        board.draw(i, y, "loss", every_n=2)
    assert len(board.points["loss"]) == 10_000
    return time.process_time() - begun
for y in (0.5, torch.tensor(0.5)):
    print(min(seconds(y) for _ in range(5)))
"""


def test_twenty_thousand_draws_cost_at_most_a_tenth_of_a_second():
    command = [sys.executable, "-c", DRAWS]  # a process of its own, where no contracts are run
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900)
    assert all(float(seconds) <= 0.1 for seconds in done.stdout.split())


def test_flushing_brings_axes_that_were_given_up_to_date():
    _, axes = d2l.plt.subplots()
    board = d2l.ProgressBoard(axes=axes)
    d2l.ProgressBoard().flush()  # which has nothing to show
    for x in range(5):
        board.draw(x, x, "y")
    board.flush()
    assert list(axes.lines[0].get_ydata()) == [0, 1, 2, 3, 4]


def test_there_is_a_figure_once_there_is_a_point_and_the_board_displays():
    board = d2l.ProgressBoard()
    assert board.fig is None
    board.draw(0, 1, "line")
    assert board.fig is not None
    silent = d2l.ProgressBoard(display=False)
    silent.draw(0, 1, "line")
    assert silent.fig is None
