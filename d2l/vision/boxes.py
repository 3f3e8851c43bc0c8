"""Bounding boxes and anchor boxes."""

from collections.abc import Sequence

import torch

from d2l.base.axes import Float, Shaped, Tensor
from d2l.errors import ShapeError


def check_axes(name: str, tensor: Shaped[Tensor, "..."], axes: str) -> None:
    """Raise `ShapeError` unless the argument `name` has these axes; numbers are fixed lengths.

    >>> check_axes("boxes", torch.zeros(3, 5), "num_boxes 4")
    ShapeError: boxes must have shape (num_boxes, 4); found (3, 5)
    """
    expected = axes.split()
    lengths = list(tensor.shape)
    if expected[0] == "...":
        lengths = lengths[max(0, len(lengths) - len(expected) + 1) :]
        expected = expected[1:]
    fits = len(lengths) == len(expected) and all(
        not axis.isdigit() or int(axis) == length
        for axis, length in zip(expected, lengths, strict=True)
    )
    if not fits:
        shape = ", ".join(axes.split())
        raise ShapeError(f"{name} must have shape ({shape}); found {tuple(tensor.shape)}")


def check_sides(name: str, boxes: Shaped[Tensor, "... 4"]) -> None:
    """Raise `ShapeError` if a corner box has a negative side or a nan; checks only on the CPU."""
    is_valid = boxes[..., 2:] >= boxes[..., :2]
    if boxes.device.type == "cpu" and not bool(is_valid.all()):
        is_invalid = ~is_valid.all(dim=-1)
        raise ShapeError(
            f"{name} must be corners (x1, y1, x2, y2) with x1 <= x2 and y1 <= y2; found "
            f"{int(is_invalid.sum())} of {is_invalid.numel()} boxes otherwise, the first "
            f"{boxes[is_invalid][0].tolist()}. Convert centers to corners with "
            "d2l.box_center_to_corner(boxes)"
        )


def box_corner_to_center(boxes: Shaped[Tensor, "... 4"]) -> Shaped[Tensor, "... 4"]:
    """Convert boxes (x1, y1, x2, y2) to (center x, center y, width, height), along the last axis.

    >>> d2l.box_corner_to_center(torch.tensor([[1., 1., 3., 5.]]))
    tensor([[2., 3., 2., 4.]])

    Book: 14.3 Object detection and bounding boxes
    """
    check_axes("boxes", boxes, "... 4")
    upper_left, lower_right = boxes[..., :2], boxes[..., 2:]
    return torch.cat(((upper_left + lower_right) / 2, lower_right - upper_left), dim=-1)


def box_center_to_corner(boxes: Shaped[Tensor, "... 4"]) -> Shaped[Tensor, "... 4"]:
    """Convert boxes (center x, center y, width, height) to (x1, y1, x2, y2), along the last axis.

    >>> d2l.box_center_to_corner(torch.tensor([[2., 3., 2., 4.]]))
    tensor([[1., 1., 3., 5.]])

    Book: 14.3 Object detection and bounding boxes
    """
    check_axes("boxes", boxes, "... 4")
    center, half = boxes[..., :2], boxes[..., 2:] / 2
    return torch.cat((center - half, center + half), dim=-1)


def box_iou(boxes1: Shaped[Tensor, "n 4"], boxes2: Shaped[Tensor, "m 4"]) -> Float[Tensor, "n m"]:
    """Return the intersection over union of all pairs of boxes (x1, y1, x2, y2).

    `boxes1` (n, 4) and `boxes2` (m, 4) give (n, m) values in [0, 1], 0 for two boxes without area.
    Raises `ShapeError` for other shapes and, on the CPU, for a side that is negative or nan.

    >>> d2l.box_iou(torch.tensor([[0., 0., 2., 2.]]), torch.tensor([[0., 0., 2., 1.]]))
    tensor([[0.5000]])

    Book: 14.4 Anchor boxes
    """
    for name, boxes in (("boxes1", boxes1), ("boxes2", boxes2)):
        check_axes(name, boxes, "num_boxes 4")
        check_sides(name, boxes)
    return overlap(boxes1, boxes2)


def overlap(boxes1: Shaped[Tensor, "n 4"], boxes2: Shaped[Tensor, "m 4"]) -> Float[Tensor, "n m"]:
    """Return `box_iou` of boxes that have been checked."""
    left1, top1, right1, bottom1 = boxes1.T.contiguous().unsqueeze(2)  # each (n, 1)
    left2, top2, right2, bottom2 = boxes2.T.contiguous()  # each (m,)
    widths = torch.minimum(right1, right2).sub_(torch.maximum(left1, left2)).clamp_(min=0)
    heights = torch.minimum(bottom1, bottom2).sub_(torch.maximum(top1, top2)).clamp_(min=0)
    shared = widths.mul_(heights)
    areas1, areas2 = (right1 - left1) * (bottom1 - top1), (right2 - left2) * (bottom2 - top2)
    areas1.masked_fill_(areas1 == 0, 1)  # an empty box has no intersection: 0 / 1 instead of 0 / 0
    return shared / (areas1 + areas2).sub_(shared)


def multibox_prior(
    data: Shaped[Tensor, "... height width"], sizes: Sequence[float], ratios: Sequence[float]
) -> Float[Tensor, "1 num_anchors 4"]:
    """Return anchors around every pixel of `data` (..., height, width), as fractions of its sides.

    Each pixel, row by row, has `len(sizes) + len(ratios) - 1` anchors: every size with the first
    ratio, then the first size with every other ratio. A size is a fraction of the height; a ratio
    is width over height, in pixels.

    >>> d2l.multibox_prior(torch.zeros(1, 3, 1, 2), sizes=[0.5], ratios=[1])
    tensor([[[0.1250, 0.2500, 0.3750, 0.7500],
             [0.6250, 0.2500, 0.8750, 0.7500]]])

    Book: 14.4 Anchor boxes
    """
    check_axes("data", data, "... height width")
    for name, values in (("sizes", sizes), ("ratios", ratios)):
        if len(values) == 0 or not all(value > 0 for value in values):
            raise ShapeError(
                f"{name} must be one or more positive numbers; found {list(values)}. Example: "
                "d2l.multibox_prior(data, sizes=[0.75, 0.5], ratios=[1, 2])"
            )
    height, width = data.shape[-2:]
    half_width, half_height = _half_sides(sizes, ratios, data.shape[-2:], data.device)
    x = (torch.arange(width, device=data.device) + 0.5)[:, None] * (1 / width)
    y = (torch.arange(height, device=data.device) + 0.5)[:, None, None] * (1 / height)
    corners = (x - half_width, y - half_height, x + half_width, y + half_height)
    per_pixel = (height, width, len(half_width))
    return torch.stack([corner.expand(per_pixel) for corner in corners], dim=3).reshape(1, -1, 4)


def _half_sides(
    sizes: Sequence[float], ratios: Sequence[float], shape: torch.Size, device: torch.device
) -> Float[Tensor, "2 num_per_pixel"]:
    size, root = (_floats(values, device) for values in (sizes, ratios))
    root = root.sqrt()
    widths = torch.cat((size * root[0], sizes[0] * root[1:])) * shape[0] / shape[1]
    heights = torch.cat((size / root[0], sizes[0] / root[1:]))
    return torch.stack((widths, heights)) / 2


def _floats(values: Sequence[float], device: torch.device) -> Float[Tensor, "num_values"]:
    """Convert Python numbers to float32; NumPy floats keep their type, as in `torch.tensor`."""
    found = torch.as_tensor(values, device=device)
    return found if found.is_floating_point() else found.to(torch.float32)


def offset_boxes(
    anchors: Shaped[Tensor, "... 4"], assigned_bb: Shaped[Tensor, "... 4"], eps: float = 1e-6
) -> Float[Tensor, "... 4"]:
    """Return the regression targets of anchors (..., 4) with the boxes `assigned_bb` (..., 4).

    Four numbers each: ten times the distance between the centers, relative to the anchor's sides,
    and five times the logarithm of `eps` plus the ratio of the sides.

    >>> d2l.offset_boxes(torch.tensor([[0., 0., 1., 1.]]), torch.tensor([[0., 0., 2., 1.]]), eps=0)
    tensor([[5.0000, 0.0000, 3.4657, 0.0000]])

    Book: 14.4 Anchor boxes
    """
    check_axes("anchors", anchors, "... 4")
    check_axes("assigned_bb", assigned_bb, "... 4")
    offsets = coordinate_offsets(anchors.movedim(-1, 0), assigned_bb.movedim(-1, 0), eps)
    return offsets.movedim(0, -1).contiguous()


def coordinate_offsets(
    anchors: Shaped[Tensor, "4 ..."], boxes: Shaped[Tensor, "4 ..."], eps: float = 1e-6
) -> Float[Tensor, "4 ..."]:
    """Return `offset_boxes` along the first axis, which is twice as fast for many boxes."""
    anchor_sides = anchors[2:] - anchors[:2]
    anchor_center, center = (anchors[:2] + anchors[2:]) / 2, (boxes[:2] + boxes[2:]) / 2
    shift = 10 * (center - anchor_center) / anchor_sides
    scale = 5 * torch.log(eps + (boxes[2:] - boxes[:2]) / anchor_sides)
    return torch.cat((shift, scale))


def offset_inverse(
    anchors: Shaped[Tensor, "... 4"], offset_preds: Shaped[Tensor, "... 4"]
) -> Float[Tensor, "... 4"]:
    """Return the boxes, as corners, given offsets (..., 4) from anchors (..., 4).

    >>> d2l.offset_inverse(torch.tensor([[0., 0., 1., 1.]]), torch.tensor([[5., 0., 0., 0.]]))
    tensor([[0.5000, 0.0000, 1.5000, 1.0000]])

    Book: 14.4 Anchor boxes
    """
    check_axes("offset_preds", offset_preds, "... 4")
    anchor = box_corner_to_center(anchors)
    center = offset_preds[..., :2] * anchor[..., 2:] / 10 + anchor[..., :2]
    sides = torch.exp(offset_preds[..., 2:] / 5) * anchor[..., 2:]
    return box_center_to_corner(torch.cat((center, sides), dim=-1))


def anchor_rows(anchors: Shaped[Tensor, "*one num_anchors 4"]) -> Shaped[Tensor, "num_anchors 4"]:
    """Reshape anchors (1, num_anchors, 4) to (num_anchors, 4)."""
    check_axes("anchors", anchors, "num_anchors 4" if anchors.ndim == 2 else "1 num_anchors 4")
    check_sides("anchors", anchors)
    return anchors.reshape(-1, 4)
