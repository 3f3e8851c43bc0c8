"""A figure's curves as plain data: all of them, named, finite or said not to be, bounded."""

import json

import numpy as np

from d2l import torch as d2l
from d2l.plot.curve_data import MAX_POINTS, figure_curves


def test_a_boards_points_are_read_back_from_its_figure():
    board = d2l.ProgressBoard()
    for x in range(5):
        board.draw(x, x * x / 3, "square")
        board.draw(x, -x, "minus", every_n=2)
    points = figure_curves(board.render())
    assert points == {
        label: [list(point) for point in curve] for label, curve in board.points.items()
    }


def test_what_is_not_finite_is_said_in_words_that_json_has():
    board = d2l.ProgressBoard()
    for x, y in enumerate([1.0, np.nan, np.inf, -np.inf]):
        board.draw(x, y, "y")
    points = figure_curves(board.render())
    assert points == {"y": [[0, 1], [1, "nan"], [2, "inf"], [3, "-inf"]]}
    json.dumps(points, allow_nan=False)


def test_a_long_curve_is_thinned_evenly_and_keeps_its_ends():
    figure = d2l.plt.figure()
    figure.gca().plot(np.arange(1_000_000.0), label="long")
    figure.gca().plot([1.0, 2.0], label="short")
    points = figure_curves(figure)
    xs = [x for x, _ in points["long"]]
    assert (len(xs), xs[0], xs[-1]) == (MAX_POINTS // 2, 0, 999_999)
    assert max(np.diff(xs)) - min(np.diff(xs)) <= 1
    assert len(points["short"]) == 2


def test_a_second_run_on_a_board_is_kept_without_the_gap_between():
    board = d2l.ProgressBoard()
    for x in (0, 1, 0, 1):
        board.draw(x, 5, "loss")
    assert figure_curves(board.render()) == {"loss": [[0, 5], [1, 5], [0, 5], [1, 5]]}


def test_curves_are_named_by_the_legend_or_counted():
    d2l.plot([0, 1], [[2, 3], [4, 5]], legend=["a", "a"])
    assert list(figure_curves(d2l.plt.gcf())) == ["a", "a 2"]
    d2l.plot([0, 1], [[2, 3], [4, 5]])
    assert list(figure_curves(d2l.plt.gcf())) == ["curve 1", "curve 2"]


def test_an_animators_points_are_read_as_well():
    animator = d2l.Animator(xlabel="epoch", legend=["loss", "acc"])
    animator.add(1, (2.0, None))
    animator.add(2, (1.0, 0.5))
    expected = {"loss": [[1, 2], [2, 1]], "acc": [[2, 0.5]]}
    assert figure_curves(animator.render()) == expected
