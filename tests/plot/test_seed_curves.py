"""The picture of several seeds: medians, quartiles, running means."""

import numpy as np
import pytest
import torch

from d2l import torch as d2l
from d2l.errors import ShapeError


def drawn(**options):
    values = np.random.default_rng(0).normal(size=(7, 20))
    d2l.plot_curves({"a": values, "b": torch.arange(5.0)}, "step", "return", **options)
    return values, d2l.plt.gca()


@pytest.mark.parametrize("smooth", [1, 4, 50])
def test_the_line_is_the_median_of_running_means_and_the_band_their_quartiles(smooth):
    values, axes = drawn(smooth=smooth)
    means = [[row[max(0, i + 1 - smooth) : i + 1].mean() for i in range(20)] for row in values]
    columns = np.sort(np.array(means).T, axis=1)  # of seven, the quartiles lie between 2 and 3
    assert np.allclose(axes.lines[0].get_ydata(), columns[:, 3])
    band = axes.collections[0].get_paths()[0].vertices
    low, high = (columns[:, 1] + columns[:, 2]) / 2, (columns[:, 4] + columns[:, 5]) / 2
    for step in range(20):
        found = band[band[:, 0] == step, 1]
        assert np.isclose(found.min(), low[step])
        assert np.isclose(found.max(), high[step])


def test_one_series_is_one_seed_and_labels_and_limits_are_drawn():
    _, axes = drawn(reference=2.5, ylim=(-1, 4))
    assert axes.lines[1].get_ydata().tolist() == [0, 1, 2, 3, 4]
    assert axes.lines[2].get_ydata() == [2.5, 2.5]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_ylim()) == ("step", "return", (-1, 4))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b"]


def test_a_curve_of_another_shape_is_an_error():
    with pytest.raises(ShapeError, match=r"the curve 'c' must have .* found \(2, 3, 4\)"):
        d2l.plot_curves({"c": np.zeros((2, 3, 4))}, "x", "y")
