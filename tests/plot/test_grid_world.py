"""Panels of a grid world: which iterations, which letters, which arrows."""

import numpy as np
import pytest
import torch

from d2l import torch as d2l
from d2l.errors import ShapeError

LAKE = ["SFFF", "FHFH", "FFFH", "HFFG"]


def panels():
    return d2l.plt.gcf().axes


def steps_shown():
    return [int(ax.get_title().removeprefix("Step = ")) for ax in panels()]


@pytest.mark.parametrize("num_iters", [1, 2, 10, 20])
def test_values_are_shown_for_each_iteration(num_iters):
    V = np.random.default_rng(0).random((num_iters, 16))
    d2l.show_value_function_progress(LAKE, V, np.zeros((num_iters, 16)))
    assert steps_shown() == list(range(1, num_iters + 1))
    shown = [np.asarray(ax.images[0].get_array()).reshape(-1) for ax in panels()]
    np.testing.assert_array_equal(shown, V)


@pytest.mark.parametrize(
    "num_iters, expected",
    [
        (1, [1]),
        (5, [1, 2, 3, 4, 5]),
        (10, list(range(1, 11))),
        (256, [1, 26, 51, 76, 101, 126, 151, 176, 201, 226, 251, 256]),
    ],
)
def test_of_many_iterations_about_ten_are_shown_and_the_last(num_iters, expected):
    d2l.show_Q_function_progress(LAKE, np.zeros((num_iters, 16)), np.zeros((num_iters, 16)))
    assert steps_shown() == expected


def test_letters_stand_in_their_squares_and_arrows_where_one_can_go():
    desc = np.array([[letter.encode() for letter in row] for row in LAKE])
    actions = torch.arange(16) % 4
    d2l.show_value_function_progress(desc, torch.zeros(1, 16), actions.reshape(1, 16))
    (ax,) = panels()
    letters = {text.get_position(): text.get_text() for text in ax.texts}  # by x and y
    assert letters == {(c, r): LAKE[r][c] for r in range(4) for c in range(4)}
    (arrows,) = ax.collections
    free = [(r, c) for r in range(4) for c in range(4) if LAKE[r][c] in "SF"]
    pointing = {0: (-1, 0), 1: (0, -1), 2: (1, 0), 3: (0, 1)}  # left, down, right, up
    found = list(zip(arrows.U.tolist(), arrows.V.tolist(), strict=True))
    assert found == [pointing[int(actions[4 * r + c])] for r, c in free]


def test_maps_need_not_be_four_by_four():
    d2l.show_value_function_progress(["SFG", "FHF"], np.zeros((2, 6)), np.zeros((2, 6)))
    assert [ax.images[0].get_array().shape for ax in panels()] == [(2, 3), (2, 3)]


def test_values_of_another_map_are_refused():
    with pytest.raises(ShapeError, match=r"V must have the shape .num_iters, 16.*found \(2, 9"):
        d2l.show_value_function_progress(LAKE, np.zeros((2, 9)), np.zeros((2, 16)))
    with pytest.raises(ShapeError, match="found 2 and 1"):
        d2l.show_Q_function_progress(LAKE, np.zeros((2, 16)), np.zeros((1, 16)))
    with pytest.raises(ShapeError, match="at least 1; found 0 and 0"):
        d2l.show_Q_function_progress(LAKE, np.zeros((0, 16)), np.zeros((0, 16)))
