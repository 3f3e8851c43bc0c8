"""Anchors: their places against a loop over pixels; offsets there and back."""

import math

import pytest
import torch
from boxes_at_random import random_boxes

from d2l import torch as d2l
from d2l.errors import ShapeError


def anchors_by_loop(height, width, sizes, ratios):
    shapes = [(s, ratios[0]) for s in sizes] + [(sizes[0], r) for r in ratios[1:]]
    rows = []
    for i in range(height):
        for j in range(width):
            x, y = (j + 0.5) / width, (i + 0.5) / height
            for size, ratio in shapes:
                w = size * math.sqrt(ratio) * height / width / 2
                h = size / math.sqrt(ratio) / 2
                rows.append([x - w, y - h, x + w, y + h])
    return torch.tensor([rows])


@pytest.mark.parametrize(
    "shape, sizes, ratios",
    [((1, 3, 4, 6), [0.75, 0.5], [1, 2, 0.5]), ((5, 2), [0.3], [2.0]), ((1, 1), [1, 0.5], [1])],
)
def test_anchors_are_those_of_a_loop_over_pixels(shape, sizes, ratios):
    expected = anchors_by_loop(*shape[-2:], sizes, ratios)
    found = d2l.multibox_prior(torch.zeros(shape), sizes=sizes, ratios=ratios)
    assert torch.allclose(found, expected, atol=1e-6)


def test_a_large_picture_has_as_many_anchors_as_the_book_counts():
    Y = d2l.multibox_prior(torch.rand(1, 3, 561, 728), [0.75, 0.5, 0.25], [1, 2, 0.5])
    assert Y.shape == (1, 2042040, 4)


@pytest.mark.parametrize("sizes, ratios, name", [([], [1], "sizes"), ([1], [0], "ratios")])
def test_sizes_and_ratios_must_be_positive_numbers(sizes, ratios, name):
    with pytest.raises(ShapeError, match=f"{name} must be one or more positive numbers; found"):
        d2l.multibox_prior(torch.zeros(2, 2), sizes, ratios)


def test_offsets_lead_from_the_anchors_to_their_boxes():
    anchors, boxes = random_boxes(8, seed=1), random_boxes(8, seed=2)
    offsets = d2l.offset_boxes(anchors, boxes, eps=0)
    assert torch.allclose(d2l.offset_inverse(anchors, offsets), boxes, atol=1e-5)


def test_offsets_are_what_the_formula_says():
    anchor, box = [0.1, 0.2, 0.5, 0.4], [0.2, 0.1, 0.4, 0.5]
    expected = [0.0, 0.0, 5 * math.log(0.2 / 0.4), 5 * math.log(0.4 / 0.2)]
    found = d2l.offset_boxes(torch.tensor([anchor]), torch.tensor([box]))
    assert found[0].tolist() == pytest.approx(expected, abs=1e-4)
    moved = d2l.offset_boxes(torch.tensor([anchor]), torch.tensor([anchor]) + 0.1)
    assert moved[0, :2].tolist() == pytest.approx([10 * 0.1 / 0.4, 10 * 0.1 / 0.2], abs=1e-4)


def test_a_batch_of_offsets_goes_with_one_set_of_anchors():
    anchors, offsets = random_boxes(5), torch.randn(3, 5, 4)
    each = [d2l.offset_inverse(anchors, o) for o in offsets]
    assert torch.equal(d2l.offset_inverse(anchors, offsets), torch.stack(each))


def test_offsets_have_the_gradient_of_small_steps():
    anchors, boxes = random_boxes(3, seed=1).double(), random_boxes(3, seed=2).double()
    anchors.requires_grad_()
    boxes.requires_grad_()
    assert torch.autograd.gradcheck(d2l.offset_boxes, (anchors, boxes))
    assert torch.autograd.gradcheck(d2l.offset_inverse, (anchors, boxes))


@pytest.mark.usefixtures("as_users_have_it")
def test_other_shapes_are_errors_that_name_argument_and_shape():
    with pytest.raises(ShapeError, match=r"data must have shape .*height, width\); found \(3,\)"):
        d2l.multibox_prior(torch.zeros(3), [0.5], [1])
    with pytest.raises(ShapeError, match=r"offset_preds .* found \(20,\)"):
        d2l.offset_inverse(random_boxes(5), torch.zeros(20))
    with pytest.raises(ShapeError, match=r"assigned_bb .* found \(5, 5\)"):
        d2l.offset_boxes(random_boxes(5), torch.zeros(5, 5))
