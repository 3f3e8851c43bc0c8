"""Boxes on a picture: where they are, what is written on them."""

import torch
from matplotlib import colors as mcolors
from matplotlib import pyplot as plt

from d2l import torch as d2l

BOXES = torch.tensor([[1.0, 2, 5, 9], [0, 0, 2, 3], [4, 4, 6, 8]])


def test_a_box_becomes_the_outline_of_a_rectangle():
    rectangle = d2l.bbox_to_rect([1, 2, 5, 9], "blue")
    assert rectangle.get_bbox().extents.tolist() == [1, 2, 5, 9]
    assert not rectangle.get_fill()
    assert rectangle.get_edgecolor() == mcolors.to_rgba("blue")


def test_boxes_have_colors_in_turn_and_labels_as_far_as_there_are():
    axes = plt.figure().gca()
    d2l.show_bboxes(axes, BOXES, ["dog", "cat"], ["w", "k"])
    assert [p.get_bbox().extents.tolist() for p in axes.patches] == BOXES.tolist()
    edges = [p.get_edgecolor() for p in axes.patches]
    assert edges == [mcolors.to_rgba(color) for color in "wkw"]
    texts = [(t.get_text(), t.get_color(), t.get_position()) for t in axes.texts]
    assert texts == [("dog", "k", (1, 2)), ("cat", "w", (0, 0))]


def test_one_label_and_one_color_need_no_list():
    axes = plt.figure().gca()
    d2l.show_bboxes(axes, BOXES.requires_grad_(), "s=0.75, r=1", "red")
    assert [t.get_text() for t in axes.texts] == ["s=0.75, r=1"]
    assert {p.get_edgecolor() for p in axes.patches} == {mcolors.to_rgba("red")}


def test_lists_and_arrays_are_boxes_too():
    for boxes in (BOXES.tolist(), BOXES.detach().numpy(), list(BOXES)):
        axes = plt.figure().gca()
        d2l.show_bboxes(axes, boxes)
        assert len(axes.patches) == 3
        assert not axes.texts
