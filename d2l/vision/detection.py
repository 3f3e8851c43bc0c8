"""Object detection: non-maximum suppression, and drawing boxes."""

from collections.abc import Sequence
from typing import Any

import torch

from d2l.base.axes import Float, Int, Shaped, Tensor
from d2l.base.torchvision_import import load_torchvision
from d2l.errors import ShapeError
from d2l.plot.figure import to_array
from d2l.vision.boxes import anchor_rows, check_axes, offset_inverse

COLORS = ("b", "g", "r", "m", "c")


def bbox_to_rect(bbox: Any, color: Any) -> Any:
    """Return the box (x1, y1, x2, y2) as an unfilled matplotlib rectangle of this edge color.

    `bbox` is four numbers or a tensor of them.

    >>> axes = d2l.plt.imshow(np.zeros((60, 100)), cmap="gray_r").axes
    >>> _ = axes.add_patch(d2l.bbox_to_rect([20, 10, 70, 50], "blue"))

    Book: 14.3 Object detection and bounding boxes
    """
    from matplotlib.patches import Rectangle

    left, top, right, bottom = list(to_array(bbox))[:4]
    return Rectangle(
        (left, top), right - left, bottom - top, fill=False, edgecolor=color, linewidth=2
    )


def show_bboxes(axes: Any, bboxes: Any, labels: Any = None, colors: Any = None) -> None:
    """Draw `bboxes` (num_boxes, 4), corners in pixels of the image, onto `axes`.

    `labels` are drawn at the upper left corners; there may be fewer than boxes. `labels` and
    `colors` are lists, other iterables or one string; colors are repeated in a cycle.

    >>> axes = d2l.plt.imshow(np.zeros((60, 100)), cmap="gray_r").axes
    >>> boxes = torch.tensor([[0.1, 0.2, 0.4, 0.9], [0.5, 0.3, 0.95, 0.8]])
    >>> d2l.show_bboxes(axes, boxes * torch.tensor([100, 60, 100, 60]), ["door", "window"])

    Book: 14.4 Anchor boxes
    """
    texts, palette = _as_sequence(labels, ()), _as_sequence(colors, COLORS)
    for i, bbox in enumerate(to_array(bboxes)):
        color = palette[i % len(palette)]
        rectangle = bbox_to_rect(bbox, color)
        axes.add_patch(rectangle)
        if i < len(texts):
            _write(axes, rectangle, texts[i], color)


def _write(axes: Any, rectangle: Any, text: str, color: Any) -> None:
    axes.text(
        *rectangle.xy, text, va="center", ha="center", fontsize=9,
        color="k" if color == "w" else "w", bbox={"facecolor": color, "lw": 0},
    )  # fmt: skip


def _as_sequence(value: Any, default: Sequence[Any]) -> Sequence[Any]:
    values = [value] if isinstance(value, str) else list(() if value is None else value)
    return values or default


def nms(
    boxes: Shaped[Tensor, "num_boxes 4"], scores: Shaped[Tensor, "num_boxes"], iou_threshold: float
) -> Int[Tensor, "num_kept"]:
    """Non-maximum suppression: return the indices of the boxes to keep, best score first.

    A box is removed if its IoU with a kept box of a better score is more than `iou_threshold`.
    `boxes` is (num_boxes, 4), as corners, and `scores` (num_boxes,).

    >>> boxes = torch.tensor([[0., 0., 2., 2.], [0., 0., 2., 1.9], [5., 5., 6., 6.]])
    >>> d2l.nms(boxes, torch.tensor([0.7, 0.8, 0.9]), iou_threshold=0.5)
    tensor([2, 1])

    Book: 14.4 Anchor boxes
    """
    check_axes("boxes", boxes, "num_boxes 4")
    check_axes("scores", scores, "num_boxes")
    if len(scores) > len(boxes):
        raise ShapeError(
            f"nms expects one score per box; found {len(scores)} scores, {len(boxes)} boxes"
        )
    boxes = boxes[: len(scores)]  # those with a score
    suppress = load_torchvision("d2l.nms").ops.nms
    dtype = torch.promote_types(torch.promote_types(boxes.dtype, scores.dtype), torch.float32)
    return suppress(boxes.detach().to(dtype), scores.detach().to(dtype), iou_threshold)


def multibox_detection(
    cls_probs: Shaped[Tensor, "batch num_outputs num_anchors"],
    offset_preds: Shaped[Tensor, "..."],
    anchors: Shaped[Tensor, "*one num_anchors 4"],
    nms_threshold: float = 0.5,
    pos_threshold: float = 0.009999999,
) -> Float[Tensor, "batch num_anchors 6"]:
    """Return the predictions as rows (class, confidence, x1, y1, x2, y2), one per anchor.

    `cls_probs` is (batch, num_classes + 1, num_anchors), the background first; `offset_preds`
    (batch, num_anchors * 4); `anchors` (1, num_anchors, 4). Classes start at 0; -1 is background
    or a box suppressed by another one of any class. For each image, the kept boxes come first, in
    order of confidence. A row with a confidence below `pos_threshold` becomes background, with
    confidence 1 minus the original one.

    >>> anchors = torch.tensor([[[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 0.5, 0.6], [0.5, 0.5, 1.0, 1.0]]])
    >>> cls_probs = torch.tensor([[[0.1, 0.2, 0.3], [0.9, 0.8, 0.7]]])  # background, one class
    >>> d2l.multibox_detection(cls_probs, torch.zeros(1, 12), anchors)
    tensor([[[ 0.0000,  0.9000,  0.0000,  0.0000,  0.5000,  0.5000],
             [ 0.0000,  0.7000,  0.5000,  0.5000,  1.0000,  1.0000],
             [-1.0000,  0.8000,  0.0000,  0.0000,  0.5000,  0.6000]]])

    Book: 14.4 Anchor boxes
    """
    anchors = anchor_rows(anchors)
    batch, num_anchors = len(cls_probs), len(anchors)
    _check_predictions(cls_probs, offset_preds, num_anchors)
    confidences, classes = cls_probs[:, 1:].max(dim=1)  # (batch, num_anchors)
    boxes = offset_inverse(anchors, offset_preds.reshape(batch, num_anchors, 4))
    sort_keys = _sort_keys(boxes, confidences, nms_threshold)
    is_background = confidences < pos_threshold
    classes = torch.where((sort_keys >= num_anchors) | is_background, -1, classes)
    confidences = torch.where(is_background, 1 - confidences, confidences)
    rows = torch.cat((torch.stack((classes, confidences), dim=2), boxes), dim=2)
    order = sort_keys.argsort(dim=1)
    return rows.gather(1, order.unsqueeze(2).expand(-1, -1, 6))


def _sort_keys(
    boxes: Float[Tensor, "batch num_anchors 4"],
    confidences: Float[Tensor, "batch num_anchors"],
    nms_threshold: float,
) -> Int[Tensor, "batch num_anchors"]:
    """Return the sort keys of each image's boxes; num_anchors or more for suppressed boxes."""
    num_anchors = boxes.shape[1]
    number = torch.arange(num_anchors, device=boxes.device)
    sort_keys = (num_anchors + number).repeat(len(boxes), 1)
    for keys, box, confidence in zip(sort_keys, boxes, confidences, strict=True):
        kept = nms(box, confidence, nms_threshold)
        keys[kept] = number[: len(kept)]
    return sort_keys


def _check_predictions(cls_probs: Tensor, offset_preds: Tensor, num_anchors: int) -> None:
    check_axes("cls_probs", cls_probs, f"batch num_classes+1 {num_anchors}")
    if cls_probs.shape[1] < 2:
        raise ShapeError(
            "cls_probs must have the background and at least one class along axis 1; found shape "
            f"{tuple(cls_probs.shape)}"
        )
    if offset_preds.numel() != len(cls_probs) * num_anchors * 4:
        check_axes("offset_preds", offset_preds, f"{len(cls_probs)} {num_anchors * 4}")
