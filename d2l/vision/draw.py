"""Bounding boxes drawn on a picture."""

from collections.abc import Sequence
from typing import Any

from d2l.plot.figure import to_array

COLORS = ("b", "g", "r", "m", "c")


def bbox_to_rect(bbox: Any, color: Any) -> Any:
    """The box (x1, y1, x2, y2) as a matplotlib rectangle with edges of this color, unfilled.

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
    """Draw `bboxes` (num_boxes, 4), corners in the picture's pixels, onto `axes`.

    `labels` are written at the upper left corners; there may be fewer than boxes. `labels` and
    `colors` are lists, other iterables or one string; colors come round again.

    >>> axes = d2l.plt.imshow(np.zeros((60, 100)), cmap="gray_r").axes
    >>> boxes = torch.tensor([[0.1, 0.2, 0.4, 0.9], [0.5, 0.3, 0.95, 0.8]])
    >>> d2l.show_bboxes(axes, boxes * torch.tensor([100, 60, 100, 60]), ["door", "window"])

    Book: 14.4 Anchor boxes
    """
    texts, palette = _listed(labels, ()), _listed(colors, COLORS)
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


def _listed(value: Any, default: Sequence[Any]) -> Sequence[Any]:
    values = [value] if isinstance(value, str) else list(() if value is None else value)
    return values or default
