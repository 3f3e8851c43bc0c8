"""Boards of a reader's own: subclasses that use our names otherwise, or draw themselves."""

import collections
import copy
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from d2l import torch as d2l
from d2l.core.board import board_curves, finish_board, save_board

RELEASED = json.loads((Path(__file__).parents[1] / "parity" / "attributes.json").read_text("utf-8"))
OF_RELEASED = {*RELEASED["ProgressBoard, drawn"], "draw", "save_hyperparameters"}
OURS = sorted(
    name for name in dir(d2l.ProgressBoard) if not name.startswith("_") and name not in OF_RELEASED
)
VALUES = [None, 0, 1.5, "x", [], {}, True]


def draw_and_finish(board, folder):
    """What the library does with a board in a run."""
    for x in range(4):
        board.draw(x, x / 2, "half", every_n=2)
    finish_board(board)
    save_board(board, folder / "board.csv")
    save_board(board, folder / "board.svg")
    assert board_curves(board).points() == {"half": [(0.5, 0.25), (2.5, 1.25)]}
    assert len((folder / "board.csv").read_text().splitlines()) == 3
    assert "half" in (folder / "board.svg").read_text()
    assert board_curves(copy.deepcopy(board)).latest() == {"half": 1.25}


def test_there_are_names_of_ours():
    assert {"points", "latest", "save", "render", "finish", "state_dict"} <= set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_a_method_of_a_subclass_may_have_any_name_of_ours(name, tmp_path):
    def method(self, *args):
        raise AssertionError(f"{name} is the reader's, and was called")

    draw_and_finish(type("Own", (d2l.ProgressBoard,), {name: method})(), tmp_path)


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("name", OURS)
def test_an_attribute_of_a_subclass_may_have_any_name_of_ours(name, value, tmp_path):
    def init(self):
        d2l.ProgressBoard.__init__(self)
        setattr(self, name, value)

    by_class = type("Own", (d2l.ProgressBoard,), {name: value})()
    by_instance = type("Own", (d2l.ProgressBoard,), {"__init__": init})()
    for board in (by_class, by_instance):
        board.draw(0, 1.0, "y")
        finish_board(board)
        assert board_curves(board).points() == {"y": [(0, 1)]}
    if value is not None or name != "points":
        assert getattr(by_instance, name) == value


def test_a_constructor_of_the_readers_need_not_call_ours(tmp_path):
    class Own(d2l.ProgressBoard):
        def __init__(self):
            self.xlabel = "step"

    draw_and_finish(Own(), tmp_path)


def test_a_draw_as_the_book_writes_it_keeps_points_on_the_board():
    class Own(d2l.ProgressBoard):
        def draw(self, x, y, label, every_n=1):
            if not hasattr(self, "raw_points"):
                self.raw_points = collections.OrderedDict()
                self.data = collections.OrderedDict()
            self.raw_points.setdefault(label, []).append((x, y))
            if len(self.raw_points[label]) == every_n:
                values = self.raw_points[label]
                mean = tuple(sum(column) / every_n for column in zip(*values, strict=True))
                self.data.setdefault(label, []).append(mean)
                values.clear()

    board = Own()
    for x in range(5):
        board.draw(x, 2 * x, "y", every_n=2)
    assert board.data == {"y": [(0.5, 1), (2.5, 5)]}
    assert board.raw_points == {"y": [(4, 8)]}
    finish_board(board)


def test_a_board_that_says_nothing_of_display_is_displayed_during_a_fit():
    class Board:
        def __init__(self):
            self.drawn = []

        def draw(self, x, y, label, every_n=1):
            self.drawn.append((label, self.display))

    model = d2l.LinearRegression(lr=0.01)
    model.board = Board()
    data = d2l.SyntheticRegressionData(torch.tensor([2.0, -3.4]), b=4.2, num_train=64, num_val=32)
    d2l.Trainer(max_epochs=1).fit(model, data)
    assert {label for label, _ in model.board.drawn} == {"train_loss", "val_loss"}
    assert all(display is True for _, display in model.board.drawn)


def test_points_that_are_being_averaged_can_be_read():
    board = d2l.ProgressBoard()
    assert not hasattr(board, "data")
    assert not hasattr(board, "raw_points")
    for x in range(5):
        board.draw(x, 10.0 * x, "y", every_n=3)
    assert board.data == {"y": [(1, 10)]}
    assert len(board.raw_points["y"]) == 2
    assert {point.y for point in board.raw_points["y"]} == {35}


def test_a_board_goes_on_from_the_points_that_were_assigned():
    board = d2l.ProgressBoard()
    for x in range(3):
        board.draw(x, 1.0, "old")
    board.data, board.raw_points = {"y": [(0, 5.0)]}, {"y": [(1, 2.0)]}
    board.draw(3, 4.0, "y", every_n=2)
    assert board.data == board.points == {"y": [(0, 5), (2, 3)]}
    assert [list(line.get_ydata()) for line in board.axes.lines] == [[5, 3]]


def test_a_cleared_board_draws_its_next_curve_alone():
    board = d2l.ProgressBoard()
    for label in ("first", "second"):
        board.clear()
        for x in range(3):
            board.draw(x, x, label)
        assert [line.get_label() for line in board.axes.lines] == [label]


CALLS = """
import sys, torch
from d2l import torch as d2l
def calls(y):
    board, seen = d2l.ProgressBoard(), []
    board.draw(0, y, "y")
    def profile(frame, event, _):
        if event == "call" and "d2l" in frame.f_code.co_filename:
            seen.append(frame.f_code.co_qualname)
    sys.setprofile(profile)
    for x in range(10):
        board.draw(x, y, "y", every_n=2)
    sys.setprofile(None)
    return len(seen) / 10
print(calls(0.5), calls(torch.tensor(0.5)))
"""


def test_a_value_is_drawn_with_three_calls_and_a_tensor_with_four():
    command = [sys.executable, "-c", CALLS]  # a process of its own, where no contracts are run
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900)
    assert [float(count) for count in done.stdout.split()] == [3, 4]


def test_the_names_of_the_constructor_are_those_of_its_parameters():
    board = d2l.ProgressBoard("x", colors=("r",))
    names = set(inspect.signature(d2l.ProgressBoard).parameters)
    assert names <= set(dir(board))
    assert (board.colors, board.ls[0]) == (["r"], "-")
    assert set(vars(board)) - names == {"_d2l", "hparams"}


def test_an_animator_as_the_book_writes_it_reads_and_assigns_its_lists():
    class Own(d2l.Animator):
        def add(self, x, y):
            if not self.X:
                self.X = [[] for _ in y]
            if not self.Y:
                self.Y = [[] for _ in y]
            for i, value in enumerate(y):
                self.X[i].append(x)
                self.Y[i].append(value)
            self.axes[0].cla()
            for xs, ys, fmt in zip(self.X, self.Y, self.fmts, strict=False):
                self.axes[0].plot(xs, ys, fmt)
            self.config_axes()

    animator = Own(xlabel="epoch", legend=["a", "b"])
    animator.add(1, (2, 3))
    animator.add(2, (4, 5))
    assert (animator.X, animator.Y) == ([[1, 2], [1, 2]], [[2, 4], [3, 5]])
    assert [list(line.get_ydata()) for line in animator.axes[0].lines] == animator.Y
    assert animator.axes[0].get_xlabel() == "epoch"
    assert animator.fig is animator.axes[0].figure


def test_an_animator_goes_on_from_the_lists_that_were_assigned():
    animator = d2l.Animator()
    animator.add(1, 2)
    animator.X, animator.Y = [[5], [6]], [[7], [torch.tensor(8.0)]]
    animator.add(7, (8, 9))
    assert (animator.X, animator.Y) == ([[5, 7], [6, 7]], [[7, 8], [8, 9]])
    animator.X = animator.Y = None
    animator.add(1, 3)
    assert (animator.X, animator.Y) == ([[1]], [[3]])
