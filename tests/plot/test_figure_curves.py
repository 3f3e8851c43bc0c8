"""The curves of a board: what is new, what is counted, and rows of a table taken in at once."""

import numpy as np
import pytest
import torch

from d2l import torch as d2l
from d2l.core.board import board_curves
from d2l.plot.curves import Curves


def one_by_one(curves, xs, ys, every_n):
    for x, y in zip(xs, ys, strict=True):
        curves.add("loss", x, y, every_n)


@pytest.mark.parametrize("every_n", [1, 2, 7, 100])
@pytest.mark.parametrize("sizes", [[50], [0, 3, 1, 46], [6, 1, 7, 8, 200]])
def test_rows_taken_in_at_once_give_the_points_of_one_after_another(sizes, every_n):
    rng = np.random.default_rng(0)
    at_once, single = Curves(), Curves()
    for size in sizes:
        xs, ys = np.sort(rng.random(size)), rng.random(size).astype(np.float32)
        before = at_once.counts().get("loss", 0)
        num_points = at_once.extend("loss", xs, ys, every_n)
        one_by_one(single, xs, ys, every_n)
        assert num_points == at_once.counts()["loss"] - before
    assert at_once.state_dict() == single.state_dict()  # to the last bit, sums included


def test_rows_complete_a_point_that_was_begun_with_more_values():
    at_once, single = Curves(), Curves()
    for curves in (at_once, single):
        one_by_one(curves, range(5), [0.1] * 5, 10)
    at_once.extend("loss", [5, 6, 7], [1, 2, 3], 2)  # fewer than are summed up already
    one_by_one(single, [5, 6, 7], [1, 2, 3], 2)
    assert at_once.state_dict() == single.state_dict()
    assert at_once.counts() == {"loss": 2}


def test_what_was_added_since_some_counts_is_told():
    curves = Curves()
    for x in range(3):
        curves.add("a", x, 10.0 * x)
    counts = curves.counts()
    assert curves.since(counts) == {}
    curves.add("a", 3, 30)
    curves.add("b", 0, torch.tensor(5.0))
    assert curves.since(counts) == {"a": [(3, 30)], "b": [(0, 5)]}
    assert curves.since({}) == curves.points()


def test_the_latest_values_are_those_of_finished_points():
    curves = Curves()
    curves.add("a", 0, 1.0)
    curves.add("a", 1, 2.0, every_n=2)
    curves.add("b", 0, 3.0, every_n=2)
    assert curves.latest() == {"a": 1}
    assert (curves.latest_of("a"), curves.latest_of("b"), curves.latest_of("c")) == (1, None, None)


def test_a_new_run_begins_with_clean_sums_and_keeps_the_points():
    curves = Curves()
    for x in range(5):
        curves.add("a", x, 100.0, every_n=4)
    curves.drop_unfinished()
    for x in range(4):
        curves.add("a", x, 1.0, every_n=4)
    assert curves.points() == {"a": [(1.5, 100), (1.5, 1)]}


def test_the_curves_of_a_board_are_found_and_those_of_a_strangers_are_not():
    class Board:
        def draw(self, x, y, label, every_n=1):
            pass

    board, animator = d2l.ProgressBoard(), d2l.Animator(legend=["loss"])
    assert board_curves(board).points() == {}
    board.draw(0, 1, "loss")
    animator.add(0, 1)
    expected = {"loss": [(0, 1)]}
    assert board_curves(board).points() == board_curves(animator).points() == expected
    assert board_curves(Board()) is board_curves(None) is None
