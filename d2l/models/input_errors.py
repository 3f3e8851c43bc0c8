"""Explain which input of a layer caused an error, after PyTorch has raised it.

Nothing is checked before the computation, so layers accept everything that PyTorch accepts.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from torch import Tensor, nn

from d2l.errors import D2LError, LabelError, ShapeError


class ExplainsErrors(nn.Module):
    """Base class of layers that name the mismatched input when PyTorch raises an error.

    A layer overrides `_require_fitting`, which is called with the inputs of `forward`, and only
    after an error.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the module; shape errors also name the input and the expected shape."""
        try:
            return super().__call__(*args, **kwargs)
        except (RuntimeError, ValueError, IndexError) as error:
            explain(error, self._require_fitting, *args, **kwargs)
            raise

    def _require_fitting(self, *args: Any, **kwargs: Any) -> None:
        """Raise a `D2LError` that names the invalid input, if there is one."""


def explain(error: Exception, require: Callable[..., None], *args: Any, **kwargs: Any) -> None:
    """Raise the `D2LError` of `require(*args, **kwargs)`, if any, from `error`.

    Nested layers explain an error from the inside out, so the last explanation refers to the user's
    own call. Inputs of unknown types are not explained.
    """
    fault: D2LError | None = None
    with suppress(Exception):
        try:
            require(*args, **kwargs)
        except D2LError as found:
            fault = found
    if fault is not None:
        raise fault from error


def require_axes(name: str, tensor: Tensor, axes: Sequence[str | int], advice: str = "") -> None:
    """Raise `ShapeError` unless `tensor` has these axes: a number is a size, a name is any size."""
    fits = len(axes) == tensor.ndim and all(
        isinstance(axis, str) or axis == size for axis, size in zip(axes, tensor.shape, strict=True)
    )
    if not fits:
        expected = ", ".join(map(str, axes)) + ("," if len(axes) == 1 else "")
        raise ShapeError(
            f"{name} must have the shape ({expected}); found {tuple(tensor.shape)}"
            f"{_sentence(advice)}"
        )


def require_broadcastable(name: str, tensor: Tensor, other_name: str, other: Tensor) -> None:
    """Raise `ShapeError` unless the two can be added."""
    pairs = zip(reversed(tensor.shape), reversed(other.shape), strict=False)
    if any(a not in (b, 1) and b != 1 for a, b in pairs):
        raise ShapeError(
            f"{name} must broadcast to the shape of {other_name}, {tuple(other.shape)}; found "
            f"{tuple(tensor.shape)}"
        )


def require_valid_lens(name: str, valid_lens: Tensor | None, batch: int, num_queries: int) -> None:
    """Raise `ShapeError` unless there is one length per example or per query."""
    if valid_lens is not None and tuple(valid_lens.shape) not in ((batch,), (batch, num_queries)):
        raise ShapeError(
            f"{name} must have the shape ({batch},) or ({batch}, {num_queries}); found "
            f"{tuple(valid_lens.shape)}. Give one length for each example or for each query"
        )


def require_below(name: str, tensor: Tensor, limit: int, owner: str) -> None:
    """Raise `LabelError` unless all values are in 0..limit-1. Synchronizes with the device."""
    if tensor.numel() and not (int(tensor.min()) >= 0 and int(tensor.max()) < limit):
        raise LabelError(
            f"{name} must be in 0..{limit - 1} because {owner} has {limit}; found "
            f"{int(tensor.min())} to {int(tensor.max())}"
        )


def require_positions(name: str, tensor: Tensor, max_len: int) -> None:
    """Raise `ShapeError` if a batch of sequences has more steps than there are positions."""
    if tensor.shape[1] > max_len:
        raise ShapeError(
            f"{name} of shape {tuple(tensor.shape)} has {tensor.shape[1]} steps, but there are "
            f"positions for {max_len} only. Create the layer with max_len={tensor.shape[1]}"
        )


def _sentence(advice: str) -> str:
    return f". {advice}" if advice else ""
