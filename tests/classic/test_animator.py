"""The animator: points as data, one picture that follows them, at a cost linear in the points."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from d2l import torch as d2l
from d2l.errors import ShapeError


def lines(animator, axes=0):
    animator.render()
    return [(list(line.get_xdata()), list(line.get_ydata())) for line in animator.axes[axes].lines]


def test_each_curve_gets_its_points_and_none_stands_for_no_point():
    animator = d2l.Animator(xlabel="epoch", legend=["a", "b", "c"])
    animator.add(0.5, (1, 2, None))
    animator.add(1, (None, torch.tensor(3.0, requires_grad=True), np.float32(4)))
    assert animator.X == [[0.5], [0.5, 1], [1]]
    assert animator.Y == [[1], [2, 3], [4]]
    assert lines(animator) == list(zip(animator.X, animator.Y, strict=True))


@pytest.mark.parametrize("y", [2, 2.0, torch.tensor(2.0), (2,), torch.tensor([2.0])])
def test_one_value_makes_one_curve(y):
    animator = d2l.Animator()
    animator.add(1, y)
    animator.add(2, y)
    assert (animator.X, animator.Y) == ([[1, 2]], [[2, 2]])


def test_each_curve_may_have_its_own_x():
    animator = d2l.Animator()
    animator.add([1, 2], [3, 4])
    animator.add([None, 3], [5, 6])
    assert (animator.X, animator.Y) == ([[1], [2, 3]], [[3], [4, 6]])


def test_as_many_xs_as_ys_are_drawn():
    with pytest.raises(ShapeError, match="3 values in x and 2 in y"):
        d2l.Animator().add([1, 2, 3], [4, 5])


def test_the_looks_asked_for_are_in_the_picture():
    animator = d2l.Animator(
        "epoch", "loss", ["train", "test"], [1, 10], [0.1, 5], yscale="log", fmts=("-", "g-.")
    )
    for epoch in (1, 2):
        animator.add(epoch, (1 / epoch, 2 / epoch))
    axes = animator.render().axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale()) == ("epoch", "loss", "log")
    assert (axes.get_xlim(), axes.get_ylim()) == ((1, 10), (0.1, 5))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["train", "test"]
    assert [(line.get_linestyle(), line.get_color()) for line in axes.lines][1] == ("-.", "g")
    assert animator.fig.get_size_inches().tolist() == [3.5, 2.5]


def test_a_picture_drawn_often_is_the_picture_drawn_once():
    often, once = d2l.Animator(legend=["a"]), d2l.Animator(legend=["a"])
    for x in range(3):
        often.add(x, x * x)
        often.render()
        once.add(x, x * x)
    assert lines(often) == lines(once) == [([0, 1, 2], [0, 1, 4])]
    grids = [a.axes[0].xaxis.get_gridlines()[0].get_visible() for a in (often, once)]
    assert grids == [True, True]


def test_a_run_of_one_epoch_and_a_curve_of_one_point_can_be_seen(tmp_path):
    animator = d2l.Animator(xlim=[1, 1])
    animator.add(1, (3, 4))
    assert [line.get_marker() for line in animator.render().axes[0].lines] == [".", "."]
    animator.save(tmp_path / "one.svg")
    assert "<svg" in (tmp_path / "one.svg").read_text()


def test_the_other_axes_are_the_readers_as_in_the_chapter_on_gans(tmp_path):
    animator = d2l.Animator(xlabel="epoch", nrows=2, figsize=(5, 5), legend=["D", "G"])
    animator.fig.subplots_adjust(hspace=0.3)
    for epoch in range(2):
        animator.axes[1].cla()
        animator.axes[1].scatter([0, 1], [epoch, epoch])
        animator.axes[1].legend(["real"])
        animator.add(epoch + 1, (0.5, 0.7))
    animator.save(tmp_path / "gan.png")
    assert len(animator.axes) == 2
    assert lines(animator) == [([1, 2], [0.5, 0.5]), ([1, 2], [0.7, 0.7])]
    assert animator.axes[1].collections[0].get_offsets().tolist() == [[0, 1], [1, 1]]


def test_a_grid_of_axes_is_counted_row_by_row():
    animator = d2l.Animator(nrows=2, ncols=3)
    assert len(animator.axes) == 6
    places = [ax.get_subplotspec().num1 for ax in animator.axes]
    assert places == list(range(6))


def test_nothing_is_printed_or_shown_where_nobody_looks(capsys):
    animator = d2l.Animator()
    for x in range(5):
        animator.add(x, x)
    animator.finish()
    assert capsys.readouterr().out == ""
    assert "fig" not in vars(animator)  # not even made


ADDS = """
import time, torch
from d2l import torch as d2l
def seconds(count):
    animator = d2l.Animator(legend=["loss", "acc"])
    y, begun = torch.tensor(0.5), time.process_time()
    for i in range(count):
        animator.add(i, (y, 0.5))
    assert len(animator.Y[1]) == count
    return time.process_time() - begun
print(min(seconds(1000) for _ in range(5)), min(seconds(10_000) for _ in range(5)))
"""


def test_ten_times_the_points_cost_about_ten_times_as_much_and_little():
    command = [sys.executable, "-c", ADDS]  # a process of its own, where no contracts are run
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900)
    thousand, ten_thousand = map(float, done.stdout.split())
    assert ten_thousand < 0.5
    assert ten_thousand < 25 * thousand
