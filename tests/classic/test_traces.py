"""Optimizers on the plane, and arrows with words."""

import pytest
import torch

from d2l import torch as d2l


def descend(x1, x2, s1, s2, f_grad):
    g1, g2 = f_grad(x1, x2)
    return x1 - 0.1 * g1, x2 - 0.1 * g2, s1 + 1, s2 + 2


def slope(x1, x2):
    return 2 * x1, 4 * x2


def test_every_place_is_kept_and_the_last_printed(capsys):
    results = d2l.train_2d(descend, steps=3, f_grad=slope)
    assert results == [pytest.approx((-5 * 0.8**i, -2 * 0.6**i)) for i in range(4)]
    assert capsys.readouterr().out == "epoch 3, x1: -2.560000, x2: -0.432000\n"


def test_the_state_is_handed_on_and_begins_at_zero(capsys):
    seen = []

    def note(x1, x2, s1, s2):
        seen.append((s1, s2))
        return x1, x2, s1 + 1, s2 + 2

    assert len(d2l.train_2d(note)) == 21
    assert seen == [(i, 2 * i) for i in range(20)]


def test_the_steps_are_drawn_over_the_contours_of_the_function():
    asked = []

    def f(x1, x2):
        asked.append((x1, x2))
        return x1**2 + 2 * x2**2

    places = [(-5, -2), (torch.tensor(-4.0, requires_grad=True), -1.2), (-3.2, -0.7)]
    d2l.show_trace_2d(f, places)
    axes = d2l.plt.gca()
    (line,) = axes.lines
    assert list(line.get_xdata()) == [-5, -4, -3.2]
    assert list(line.get_ydata()) == [-2, -1.2, -0.7]
    assert (line.get_marker(), line.get_color()) == ("o", "#ff7f0e")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x1", "x2")
    ((x1, x2),) = asked
    assert x1.shape == x2.shape == (65, 40)
    assert (x1[0] == -5.5).all()
    assert (x2[:, 0] == -3).all()
    assert len(axes.collections) == 1


def test_words_point_to_where_they_should():
    d2l.annotate("local minimum", (1, 2), (3, 4))
    (note,) = d2l.plt.gca().texts
    assert (note.get_text(), note.xy, note.xyann) == ("local minimum", (1, 2), (3, 4))
    assert note.arrow_patch.get_arrowstyle().__class__.__name__ == "CurveB"  # a head at its end
