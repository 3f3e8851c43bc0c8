"""Checks that a reader writes into their own code: is this the shape, the length I think it is?"""

from collections.abc import Sequence, Sized

from torch import Tensor

from d2l.errors import ShapeError


def check_shape(a: Tensor, shape: Sequence[int]) -> None:
    """Raise `ShapeError` unless the tensor `a` has this shape.

    >>> d2l.check_shape(torch.zeros(2, 3), (2, 3))
    >>> d2l.check_shape(torch.zeros(2, 3), (3, 2))
    Traceback (most recent call last):
        ...
    d2l.errors.ShapeError: asked for shape (3, 2), found (2, 3)

    Book: 23.8 The d2l API document
    """
    if tuple(a.shape) != tuple(shape):
        raise ShapeError(f"asked for shape {tuple(shape)}, found {tuple(a.shape)}")


def check_len(a: Sized, n: int) -> None:
    """Raise `ShapeError` unless `a` has `n` items.

    >>> d2l.check_len("abc", 3)
    >>> d2l.check_len(torch.zeros(2, 3), 3)
    Traceback (most recent call last):
        ...
    d2l.errors.ShapeError: asked for length 3, found 2

    Book: 23.8 The d2l API document
    """
    if len(a) != n:
        raise ShapeError(f"asked for length {n}, found {len(a)}")
