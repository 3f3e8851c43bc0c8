"""Boxes: both ways to write them, overlaps against a loop, and what is no box."""

import pytest
import torch
from boxes_at_random import overlap_of_two, random_boxes

from d2l import torch as d2l
from d2l.errors import ShapeError


def test_corners_become_centers():
    boxes = torch.tensor([[60.0, 45, 378, 516], [400, 112, 655, 493]])
    centers = [[219, 280.5, 318, 471], [527.5, 302.5, 255, 381]]
    assert d2l.box_corner_to_center(boxes).tolist() == centers


@pytest.mark.parametrize("shape", [(7,), (2, 3), ()])
def test_centers_become_the_corners_they_came_from(shape):
    boxes = random_boxes(*shape)
    there_and_back = d2l.box_center_to_corner(d2l.box_corner_to_center(boxes))
    assert torch.allclose(there_and_back, boxes, atol=1e-6)


def test_overlaps_are_those_of_a_loop_over_pairs():
    boxes1, boxes2 = random_boxes(6, seed=1), random_boxes(9, seed=2)
    expected = [[overlap_of_two(a, b) for b in boxes2.tolist()] for a in boxes1.tolist()]
    assert torch.allclose(d2l.box_iou(boxes1, boxes2), torch.tensor(expected), atol=1e-6)


def test_overlaps_have_the_gradient_of_small_steps():
    boxes1, boxes2 = random_boxes(3, seed=1).double(), random_boxes(4, seed=2).double()
    boxes1.requires_grad_()
    boxes2.requires_grad_()
    assert torch.autograd.gradcheck(d2l.box_iou, (boxes1, boxes2))


def test_whole_numbers_overlap_as_fractions():
    boxes = torch.tensor([[0, 0, 2, 2], [0, 0, 2, 1]])
    assert d2l.box_iou(boxes, boxes).tolist() == [[1, 0.5], [0.5, 1]]


def test_boxes_without_area_overlap_nothing():
    points = torch.tensor([[1.0, 1, 1, 1], [0, 0, 2, 2]])
    assert d2l.box_iou(points, points).tolist() == [[0, 0], [0, 1]]


def test_no_boxes_have_no_overlaps():
    assert d2l.box_iou(torch.empty(0, 4), random_boxes(3)).shape == (0, 3)
    assert d2l.box_iou(random_boxes(3), torch.empty(0, 4)).shape == (3, 0)


def test_a_negative_side_is_an_error_that_shows_the_box():
    wrong = torch.tensor([[0.0, 0, 1, 1], [3, 0, 2, 1]])
    with pytest.raises(ShapeError, match=r"boxes2 .* found 1 of 2 .* \[3.0, 0.0, 2.0, 1.0\]"):
        d2l.box_iou(random_boxes(2), wrong)


def test_a_corner_that_is_nan_is_an_error():
    with pytest.raises(ShapeError, match="boxes1 must be corners"):
        d2l.box_iou(torch.tensor([[0, 0, float("nan"), 1]]), random_boxes(2))


@pytest.mark.usefixtures("as_users_have_it")
def test_other_shapes_are_errors_that_name_argument_and_shape():
    with pytest.raises(ShapeError, match=r"boxes must have shape \(..., 4\); found \(2, 5\)"):
        d2l.box_corner_to_center(torch.zeros(2, 5))
    with pytest.raises(ShapeError, match=r"boxes must have shape \(..., 4\); found \(\)"):
        d2l.box_center_to_corner(torch.tensor(1.0))
    with pytest.raises(ShapeError, match=r"boxes1 .*\(num_boxes, 4\); found \(4,\)"):
        d2l.box_iou(torch.zeros(4), torch.zeros(1, 4))
    with pytest.raises(ShapeError, match=r"boxes2 .*\(num_boxes, 4\); found \(1, 1, 4\)"):
        d2l.box_iou(torch.zeros(1, 4), torch.zeros(1, 1, 4))
