"""Curves and grids of pictures: everything given is drawn."""

import numpy as np
import pytest
import torch

from d2l import torch as d2l

x = torch.arange(4.0)


def drawn():
    return [(list(line.get_xdata()), list(line.get_ydata())) for line in d2l.plt.gca().lines]


def test_tensors_with_gradients_are_drawn():
    d2l.plot(x.requires_grad_(True), x * 2, "x", "2x", figsize=(5, 2.5))
    assert drawn() == [([0, 1, 2, 3], [0, 2, 4, 6])]
    assert d2l.plt.gca().get_ylabel() == "2x"
    x.requires_grad_(False)


@pytest.mark.parametrize(
    "X, Y, expected",
    [
        ([1, 2], None, [([0, 1], [1, 2])]),
        ([[1, 2], [3, 4]], None, [([0, 1], [1, 2]), ([0, 1], [3, 4])]),
        ([1, 2], [[3, 4], [5, 6]], [([1, 2], [3, 4]), ([1, 2], [5, 6])]),
        ([[1, 2], [7, 8]], [[3, 4], [5, 6]], [([1, 2], [3, 4]), ([7, 8], [5, 6])]),
        (np.array([1, 2]), [np.array([3, 4])], [([1, 2], [3, 4])]),
        (torch.tensor([1]), torch.tensor([[3], [5]]), [([1], [3]), ([1], [5])]),
        ([torch.tensor(1), torch.tensor(2)], [3, 4], [([1, 2], [3, 4])]),
        ([[], []], [[3, 4], [5, 6]], [([0, 1], [3, 4]), ([0, 1], [5, 6])]),
        (range(2), [3, 4], [([0, 1], [3, 4])]),
    ],
)  # fmt: skip
def test_series_come_in_many_forms(X, Y, expected):
    d2l.plot(X, Y)
    assert drawn() == expected


def test_more_curves_than_formats_are_all_drawn():
    d2l.plot([0, 1], [[i, i] for i in range(7)], legend=[str(i) for i in range(7)])
    assert [y for _, y in drawn()] == [[i, i] for i in range(7)]
    assert len(d2l.plt.gca().get_legend().get_texts()) == 7


def test_a_new_plot_replaces_the_old_one():
    d2l.plot([0, 1], [0, 1])
    d2l.plot([0, 1], [5, 5], xlim=[0, 2], yscale="log")
    assert drawn() == [([0, 1], [5, 5])]
    assert d2l.plt.gca().get_xlim() == (0, 2)
    assert d2l.plt.gca().get_yscale() == "log"


def test_series_of_x_come_round_again_where_there_are_more_in_y():
    d2l.plot([[0, 1], [0, 2]], [[5, 6], [7, 8], [9, 9]])
    assert [xs for xs, _ in drawn()] == [[0, 1], [0, 2], [0, 1]]


def test_series_and_limits_may_be_iterables():
    d2l.plot({"x": [0, 1]}.values(), {"y": [5, 6]}.values(), xlim=iter([0, 3]))
    assert drawn() == [([0, 1], [5, 6])]
    assert d2l.plt.gca().get_xlim() == (0, 3)


@pytest.mark.parametrize(
    "form", [iter, lambda v: map(torch.abs, v), lambda v: {1: v[0], 2: v[1]}.values()]
)
def test_images_may_come_from_any_iterable(form):
    axes = d2l.show_images(form([torch.zeros(2, 2), torch.ones(2, 2)]), 1, 3)
    assert [len(ax.images) for ax in axes] == [1, 1, 0]


def test_grids_of_a_script_are_closed_before_matplotlib_warns_of_too_many():
    for _ in range(26):  # a warning is an error here
        last = d2l.show_images([torch.ones(2, 2)], 1, 1)[0].figure
    assert len(d2l.plt.get_fignums()) <= 20
    assert d2l.plt.gcf() is last


def test_figures_of_the_readers_own_stay_open():
    own = d2l.plt.figure()
    for _ in range(26):
        d2l.show_images([torch.ones(2, 2)], 1, 1)
    assert own.number in d2l.plt.get_fignums()


def test_one_image_in_a_grid_of_one_is_shown():
    axes = d2l.show_images([torch.ones(2, 2)], 1, 1, titles=["one"])
    assert (len(axes), axes[0].get_title(), len(axes[0].images)) == (1, "one", 1)


def test_images_of_every_form_are_shown_and_empty_places_stay_empty():
    pil = d2l.Image.new("RGB", (5, 4))
    imgs = [torch.rand(4, 5), torch.rand(1, 4, 5), torch.rand(3, 4, 5), torch.rand(4, 5, 3), pil]
    axes = d2l.show_images(imgs, 2, 3)
    sizes = [ax.images[0].get_array().shape[:2] for ax in axes[:5]]
    assert sizes == [(4, 5)] * 5
    assert len(axes[5].images) == 0


def test_images_in_one_tensor_are_shown_one_by_one():
    axes = d2l.show_images(torch.rand(6, 2, 2), 2, 3)
    assert [len(ax.images) for ax in axes] == [1] * 6


def test_heatmaps_share_one_colour_scale():
    matrices = torch.arange(8.0, requires_grad=True).reshape(1, 2, 2, 2)  # as in training
    d2l.show_heatmaps(matrices, "keys", "queries", titles=["a", "b"])
    limits = [ax.images[0].get_clim() for ax in d2l.plt.gcf().axes[:2]]
    assert limits == [(0, 7)] * 2
