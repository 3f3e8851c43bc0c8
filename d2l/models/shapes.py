"""Whether a tensor has the axes that a model reads, and the words for it when it has not."""

from collections.abc import Sequence

from torch import Tensor

from d2l.errors import LabelError, ShapeError


def require_axes(name: str, tensor: Tensor, axes: Sequence[str | int], advice: str = "") -> None:
    """Raise `ShapeError` unless `tensor` has these axes: a number is a size, a name is any size."""
    fits = len(axes) == tensor.ndim and all(
        isinstance(axis, str) or axis == size for axis, size in zip(axes, tensor.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join(map(str, axes)) + ("," if len(axes) == 1 else "")
        raise ShapeError(
            f"{name} must have the shape ({wanted}); found {tuple(tensor.shape)}{_after(advice)}"
        )


def require_valid_lens(name: str, valid_lens: Tensor | None, batch: int, num_queries: int) -> None:
    """Raise `ShapeError` unless there is a length for each example, or for each of its queries."""
    if valid_lens is not None and tuple(valid_lens.shape) not in ((batch,), (batch, num_queries)):
        raise ShapeError(
            f"{name} must have the shape ({batch},), one length for each example, or "
            f"({batch}, {num_queries}), one for each of its queries; found "
            f"{tuple(valid_lens.shape)}"
        )


def require_numbers_below(name: str, tensor: Tensor, limit: int, owner: str) -> None:
    """Raise `LabelError` unless all numbers lie in 0..limit-1. Reads them: call it in an error."""
    if tensor.numel() and not (int(tensor.min()) >= 0 and int(tensor.max()) < limit):
        raise LabelError(
            f"{name} must lie in 0..{limit - 1}, for {owner} knows {limit}; found "
            f"{int(tensor.min())} to {int(tensor.max())}"
        )


def require_places(name: str, tensor: Tensor, max_len: int) -> None:
    """Raise `ShapeError` if a batch of sequences has more steps than there are positions."""
    if tensor.shape[1] > max_len:
        raise ShapeError(
            f"{name} of shape {tuple(tensor.shape)} has {tensor.shape[1]} steps, and there are "
            f"positions for {max_len}. Give max_len={tensor.shape[1]} when you make the encoding"
        )


def _after(advice: str) -> str:
    return f". {advice}" if advice else ""
