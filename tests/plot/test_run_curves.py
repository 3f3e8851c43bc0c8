"""The curves of several runs in one picture."""

import math

import pytest
from matplotlib.colors import to_rgb

from d2l.plot.run_curves import draw_runs, save_runs
from d2l.runs.records import RunRecord
from d2l.runs.run_table import find_runs


def runs_of(tmp_path, *named):
    for name, points in named:
        RunRecord(tmp_path / name).begin({"model": "M"}, points=points)
    runs = find_runs(tmp_path).runs
    return sorted(runs, key=lambda run: [name for name, _ in named].index(run.name))


def points(*ys):
    return [(float(x), y) for x, y in enumerate(ys)]


def lines(figure):
    return figure.axes[0].lines


def test_a_run_has_one_colour_and_a_label_one_line_style(tmp_path):
    both = {"loss": points(2, 1), "acc": points(0, 1)}
    figure = draw_runs(runs_of(tmp_path, ("a", both), ("b", both)), ["loss", "acc"])
    colors = [to_rgb(line.get_color()) for line in lines(figure)]
    assert colors[0] == colors[1] != colors[2] == colors[3]
    assert [line.get_linestyle() for line in lines(figure)] == ["-", "--", "-", "--"]
    assert [list(line.get_ydata()) for line in lines(figure)] == [[2, 1], [0, 1]] * 2


def test_the_legend_names_each_run_and_each_label_once(tmp_path):
    both = {"loss": points(2, 1), "acc": points(0, 1)}
    names = ["_hidden", "cost $a$ $\\b$", "소프트맥스"]
    figure = draw_runs(runs_of(tmp_path, *((name, both) for name in names)), ["loss", "acc"])
    (legend,) = figure.legends
    shown = [text.get_text().replace("\\$", "$") for text in legend.get_texts()]
    assert [text for text in shown if text] == [*names, "loss", "acc"]
    assert save_runs(figure, tmp_path / "p.svg")
    svg = (tmp_path / "p.svg").read_text("utf-8")
    assert all(text in svg for text in ("_hidden", "소프트맥스", "acc"))


def test_only_curves_that_are_there_are_drawn(tmp_path):
    runs = runs_of(tmp_path, ("a", {"loss": points(1, 2)}), ("b", {"acc": points(1)}), ("c", {}))
    assert len(lines(draw_runs(runs, ["loss", "acc"]))) == 2
    assert len(lines(draw_runs(runs, ["acc"]))) == 1


def test_more_runs_than_colours_have_a_colour_each(tmp_path):
    named = ((f"run {i}", {"loss": points(i, i)}) for i in range(25))
    figure = draw_runs(runs_of(tmp_path, *named), ["loss"])
    assert len({to_rgb(line.get_color()) for line in lines(figure)}) == 25
    assert save_runs(figure, tmp_path / "p.png")


def test_values_beyond_all_bounds_are_gaps(tmp_path):
    runs = runs_of(tmp_path, ("a", {"loss": points(1, math.inf, math.nan, 2)}))
    figure = draw_runs(runs, ["loss"])
    assert save_runs(figure, tmp_path / "p.png")
    assert figure.axes[0].get_ylim() == pytest.approx((0.95, 2.05))
