"""Training targets of anchor boxes, given the ground-truth boxes of an image."""

import torch
from torch.nn import functional as F

from d2l.base.axes import Float, Int, Shaped, Tensor
from d2l.errors import LabelError
from d2l.vision.boxes import anchor_rows, check_axes, check_sides, coordinate_offsets, overlap


@torch.no_grad()
def match(
    overlaps: Float[Tensor, "batch num_boxes num_anchors"],
    is_box: Shaped[Tensor, "batch num_boxes"],
    threshold: float,
) -> Int[Tensor, "batch num_anchors"]:
    """Return the index of each anchor's box, or -1; `overlaps` is overwritten.

    An anchor is assigned the box with the largest overlap, if that is `threshold` or more. Then
    each box, in order of decreasing overlap, is assigned to the best anchor that is not yet taken
    in this way, however small the overlap. Ties go to the first. Padding rows are ignored.
    """
    batch, num_boxes, num_anchors = overlaps.shape
    if overlaps.numel() == 0:
        return torch.full((batch, num_anchors), -1, device=overlaps.device)
    _exclude(overlaps, ~is_box.unsqueeze(2))
    greatest, box = overlaps.max(dim=1)  # (batch, num_anchors)
    assigned = F.pad(torch.where(greatest >= max(threshold, 0), box, -1), (0, 1))
    index = torch.arange(num_boxes, device=overlaps.device).expand(batch, -1)
    for _ in range(num_boxes):
        greatest, anchor = overlaps.max(dim=2)  # (batch, num_boxes)
        is_open = greatest >= 0
        wins = is_open & (_best_box(anchor, overlaps) == index)
        taken = torch.where(wins, anchor, num_anchors)  # the others write into the extra column
        assigned.scatter_(1, taken, index)
        if overlaps.device.type == "cpu" and torch.equal(is_open, wins):
            break  # checked on the CPU only: usually done after one to three rounds
        is_taken = torch.zeros_like(assigned, dtype=torch.bool).scatter_(1, taken, True)[:, :-1]
        _exclude(overlaps, wins.unsqueeze(2))
        _exclude(overlaps, is_taken.unsqueeze(1))
    return assigned[:, :-1]


def _exclude(overlaps: Tensor, what: Shaped[Tensor, "batch _ _"]) -> None:
    """Make overlaps negative; subtraction is vectorized, `masked_fill_` is not."""
    overlaps.sub_(what.to(overlaps.dtype), alpha=2)


def _best_box(
    anchor: Int[Tensor, "batch num_boxes"],
    overlaps: Float[Tensor, "batch num_boxes num_anchors"],
) -> Int[Tensor, "batch num_boxes"]:
    """Return the best of the remaining boxes for each of these anchors."""
    columns = anchor.unsqueeze(1).expand(-1, overlaps.shape[1], -1)
    return overlaps.gather(2, columns).argmax(dim=1)


Targets = tuple[
    Float[Tensor, "batch num_offsets"],
    Float[Tensor, "batch num_offsets"],
    Int[Tensor, "batch num_anchors"],
]


def assign_anchor_to_bbox(
    ground_truth: Shaped[Tensor, "num_boxes 4"],
    anchors: Shaped[Tensor, "num_anchors 4"],
    device: torch.device | str | None,
    iou_threshold: float = 0.5,
) -> Int[Tensor, "num_anchors"]:
    """Return the index of the ground-truth box assigned to each anchor, or -1.

    `ground_truth` (num_boxes, 4) and `anchors` (num_anchors, 4) are corners; the result is on
    `device`. An anchor is assigned the box with the largest IoU if that is at least
    `iou_threshold`. In addition, every box is assigned at least one anchor, as long as any are
    left: the best remaining one, in the order of the IoU.

    >>> boxes = torch.tensor([[0.0, 0.0, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0]])
    >>> anchors = torch.tensor([[0.6, 0.5, 1.0, 1.0], [0.0, 0.5, 0.4, 1.0], [0.0, 0.0, 0.5, 0.4]])
    >>> d2l.assign_anchor_to_bbox(boxes, anchors, device="cpu")
    tensor([ 1, -1,  0])

    Book: 14.4 Anchor boxes
    """
    for name, boxes in (("ground_truth", ground_truth), ("anchors", anchors)):
        check_axes(name, boxes, "num_boxes 4")
        check_sides(name, boxes)
    overlaps = overlap(ground_truth, anchors).detach()
    is_box = torch.ones(1, len(ground_truth), dtype=torch.bool, device=overlaps.device)
    return match(overlaps.unsqueeze(0), is_box, iou_threshold)[0].to(device)


def multibox_target(
    anchors: Shaped[Tensor, "*one num_anchors 4"], labels: Shaped[Tensor, "batch num_boxes 5"]
) -> Targets:
    """Return the targets of `anchors` (1, num_anchors, 4) for `labels` (batch, num_boxes, 5).

    A label is a class index and the corners of its box; rows with a class below 0 are padding, so
    that images with different numbers of boxes can share a batch. Returns offsets
    (batch, num_anchors * 4); a mask of the same shape, 0 where the anchor has no box; and classes
    (batch, num_anchors), 0 for the background and 1 plus the class index otherwise. On the CPU,
    raises `LabelError` for a class that is not an integer and `ShapeError` for a negative side.

    >>> anchors = torch.tensor([[[0.0, 0.0, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0]]])
    >>> labels = torch.tensor([[[2, 0.5, 0.5, 1.0, 1.0]]])  # class 2, over the second anchor
    >>> offsets, mask, classes = d2l.multibox_target(anchors, labels)
    >>> offsets.shape, mask, classes
    (torch.Size([1, 8]), tensor([[0., 0., 0., 0., 1., 1., 1., 1.]]), tensor([[0, 3]]))

    Book: 14.4 Anchor boxes
    """
    anchors = anchor_rows(anchors)
    check_axes("labels", labels, "batch num_boxes 5")
    classes, boxes = labels[..., 0], labels[..., 1:]
    _check_labels(classes, boxes)
    at_once = _pairs_at_once(anchors.device) // max(1, labels.shape[1] * len(anchors))
    pieces = [_assigned(anchors, piece) for piece in labels.split(max(1, at_once))]
    assigned = torch.cat(pieces)  # (batch, num_anchors)
    return _targets(anchors, classes, boxes, assigned)


def _assigned(
    anchors: Shaped[Tensor, "num_anchors 4"], labels: Shaped[Tensor, "batch num_boxes 5"]
) -> Int[Tensor, "batch num_anchors"]:
    overlaps = overlap(labels[..., 1:].reshape(-1, 4), anchors).detach()
    overlaps = overlaps.reshape(*labels.shape[:2], len(anchors))
    return match(overlaps, labels[..., 0] >= 0, 0.5)


def _pairs_at_once(device: torch.device) -> int:
    """Return how many overlaps to compute at once; 1 MiB of them fits into a CPU's cache."""
    return 2**18 if device.type == "cpu" else 2**26


def _targets(
    anchors: Shaped[Tensor, "num_anchors 4"],
    classes: Shaped[Tensor, "batch num_boxes"],
    boxes: Shaped[Tensor, "batch num_boxes 4"],
    assigned: Int[Tensor, "batch num_anchors"],
) -> Targets:
    if classes.shape[1] == 0:
        classes, boxes = classes.new_zeros(len(classes), 1), boxes.new_zeros(len(boxes), 1, 4)
    has_box = assigned >= 0
    row = assigned.clamp(min=0)
    own = boxes.permute(2, 0, 1).gather(2, row.expand(4, -1, -1))  # (4, batch, num_anchors)
    offsets = coordinate_offsets(anchors.T.contiguous().unsqueeze(1), own)
    offsets = torch.where(has_box, offsets, 0).permute(1, 2, 0)
    mask = has_box.unsqueeze(2).expand_as(offsets).to(offsets.dtype)
    targets = torch.where(has_box, classes.gather(1, row).long() + 1, 0)
    return offsets.flatten(1), mask.flatten(1), targets


def _check_labels(
    classes: Shaped[Tensor, "batch num_boxes"], boxes: Shaped[Tensor, "batch num_boxes 4"]
) -> None:
    if classes.device.type != "cpu":
        return
    is_class = classes == classes.floor()
    if not bool(is_class.all()):
        raise LabelError(
            "the class of a label must be an integer, negative for padding; found "
            f"{classes[~is_class][0].item()}. A row of labels is (class, x1, y1, x2, y2)"
        )
    check_sides("labels[..., 1:]", boxes[classes >= 0])
