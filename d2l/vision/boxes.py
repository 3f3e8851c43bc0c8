"""Bounding boxes as rows of four numbers: the two ways to write them, and how much two overlap."""

import torch

from d2l.base.axes import Float, Shaped, Tensor
from d2l.vision.checks import check_axes, check_sides


def box_corner_to_center(boxes: Shaped[Tensor, "... 4"]) -> Shaped[Tensor, "... 4"]:
    """Boxes (x1, y1, x2, y2) as (center x, center y, width, height), along the last axis.

    >>> d2l.box_corner_to_center(torch.tensor([[1., 1., 3., 5.]]))
    tensor([[2., 3., 2., 4.]])

    Book: 14.3 Object detection and bounding boxes
    """
    check_axes("boxes", boxes, "... 4")
    upper_left, lower_right = boxes[..., :2], boxes[..., 2:]
    return torch.cat(((upper_left + lower_right) / 2, lower_right - upper_left), dim=-1)


def box_center_to_corner(boxes: Shaped[Tensor, "... 4"]) -> Shaped[Tensor, "... 4"]:
    """Boxes (center x, center y, width, height) as (x1, y1, x2, y2), along the last axis.

    >>> d2l.box_center_to_corner(torch.tensor([[2., 3., 2., 4.]]))
    tensor([[1., 1., 3., 5.]])

    Book: 14.3 Object detection and bounding boxes
    """
    check_axes("boxes", boxes, "... 4")
    center, half = boxes[..., :2], boxes[..., 2:] / 2
    return torch.cat((center - half, center + half), dim=-1)


def box_iou(boxes1: Shaped[Tensor, "n 4"], boxes2: Shaped[Tensor, "m 4"]) -> Float[Tensor, "n m"]:
    """Intersection over union of each box (x1, y1, x2, y2) of the one with each of the other.

    `boxes1` (n, 4) and `boxes2` (m, 4) give (n, m) values in [0, 1]; two boxes without area have 0.
    Raises `ShapeError` for other shapes, and on the CPU for a side that is negative or nan.

    >>> d2l.box_iou(torch.tensor([[0., 0., 2., 2.]]), torch.tensor([[0., 0., 2., 1.]]))
    tensor([[0.5000]])

    Book: 14.4 Anchor boxes
    """
    for name, boxes in (("boxes1", boxes1), ("boxes2", boxes2)):
        check_axes(name, boxes, "num_boxes 4")
        check_sides(name, boxes)
    return overlap(boxes1, boxes2)


def overlap(boxes1: Shaped[Tensor, "n 4"], boxes2: Shaped[Tensor, "m 4"]) -> Float[Tensor, "n m"]:
    """`box_iou` of boxes that were checked before."""
    left1, top1, right1, bottom1 = boxes1.T.contiguous().unsqueeze(2)  # each (n, 1)
    left2, top2, right2, bottom2 = boxes2.T.contiguous()  # each (m,)
    widths = torch.minimum(right1, right2).sub_(torch.maximum(left1, left2)).clamp_(min=0)
    heights = torch.minimum(bottom1, bottom2).sub_(torch.maximum(top1, top2)).clamp_(min=0)
    shared = widths.mul_(heights)
    areas1, areas2 = (right1 - left1) * (bottom1 - top1), (right2 - left2) * (bottom2 - top2)
    areas1.masked_fill_(areas1 == 0, 1)  # shares nothing, whatever it counts as: 0 / 1, not 0 / 0
    return shared / (areas1 + areas2).sub_(shared)
