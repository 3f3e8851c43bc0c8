"""What the arithmetic of boxes asks of its arguments: their axes, sides that are not negative.

Values are looked at on the CPU only: reading them elsewhere would make the caller wait.
"""

from d2l.base.axes import Shaped, Tensor
from d2l.errors import ShapeError


def check_axes(name: str, tensor: Shaped[Tensor, "..."], axes: str) -> None:
    """Raise `ShapeError` unless the argument `name` has these axes, numbers standing for lengths.

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
        asked = ", ".join(axes.split())
        raise ShapeError(f"{name} must have shape ({asked}); found {tuple(tensor.shape)}")


def check_sides(name: str, boxes: Shaped[Tensor, "... 4"]) -> None:
    """Raise `ShapeError` where a corner box ends before it begins, or has a corner that is nan."""
    is_right = boxes[..., 2:] >= boxes[..., :2]
    if boxes.device.type == "cpu" and not bool(is_right.all()):
        is_wrong = ~is_right.all(dim=-1)
        raise ShapeError(
            f"{name} must be corners (x1, y1, x2, y2) with x1 <= x2 and y1 <= y2; found "
            f"{int(is_wrong.sum())} of {is_wrong.numel()} otherwise, the first of them "
            f"{boxes[is_wrong][0].tolist()}. Centers become corners by "
            "d2l.box_center_to_corner(boxes)"
        )
