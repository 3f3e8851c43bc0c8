"""Checks that a reader writes into their own code: is this the shape, the length I think it is?"""

from collections.abc import Sequence, Sized

from torch import Tensor

from d2l.errors import ShapeError


def check_shape(a: Tensor, shape: Sequence[int]) -> None:
    """Raise `ShapeError` unless the tensor `a` has this shape.

    Book: 20.8 The d2l API document
    """
    if tuple(a.shape) != tuple(shape):
        raise ShapeError(f"asked for shape {tuple(shape)}, found {tuple(a.shape)}")


def check_len(a: Sized, n: int) -> None:
    """Raise `ShapeError` unless `a` has `n` items.

    Book: 20.8 The d2l API document
    """
    if len(a) != n:
        raise ShapeError(f"asked for length {n}, found {len(a)}")
