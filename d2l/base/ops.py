"""The book's names for tensor operations, and checks of shapes and lengths for user code."""

from collections.abc import Sequence, Sized
from typing import Any

import numpy as np
import torch
from torch import (
    Tensor,
    abs,
    arange,
    cos,
    cosh,
    exp,
    eye,
    float32,
    int32,
    int64,
    linspace,
    log,
    matmul,
    normal,
    ones,
    ones_like,
    rand,
    randn,
    sigmoid,
    sin,
    sinh,
    stack,
    tanh,
    tensor,
    zeros,
    zeros_like,
)
from torch import bmm as batch_matmul
from torch import cat as concat

from d2l.errors import ShapeError

__all__ = [
    "abs", "arange", "argmax", "astype", "batch_matmul", "concat", "cos", "cosh", "exp",
    "expand_dims", "eye", "float32", "int32", "int64", "linspace", "log", "matmul", "meshgrid",
    "normal", "numpy", "ones", "ones_like", "rand", "randn", "reduce_mean", "reduce_sum", "repeat",
    "reshape", "sigmoid", "sin", "sinh", "size", "stack", "swapaxes", "tanh", "tensor", "to",
    "transpose", "zeros", "zeros_like",
]  # fmt: skip


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Return a grid of coordinates for each tensor, by default in matrix order (`"ij"`).

    For tensors of m, n, … numbers each grid has shape (m, n, …).

    >>> d2l.meshgrid(torch.tensor([0, 1]), torch.tensor([5, 6, 7]))[1]
    tensor([[5, 6, 7],
            [5, 6, 7]])
    """
    return torch.meshgrid(*tensors, indexing=indexing)


def reduce_sum(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.sum(...)`.

    >>> d2l.reduce_sum(torch.ones(2, 3), 0)
    tensor([2., 2., 2.])
    """
    return x.sum(*args, **kwargs)


def reduce_mean(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.mean(...)`.

    >>> d2l.reduce_mean(torch.tensor([[0.0, 2.0], [4.0, 6.0]]), dim=1, keepdim=True)
    tensor([[1.],
            [5.]])
    """
    return x.mean(*args, **kwargs)


def argmax(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.argmax(...)`.

    >>> d2l.argmax(torch.tensor([[1, 3], [5, 4]]), dim=1)
    tensor([1, 0])
    """
    return x.argmax(*args, **kwargs)


def astype(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.type(...)`.

    >>> d2l.astype(torch.tensor([1.5, -1.5]), d2l.int32)
    tensor([ 1, -1], dtype=torch.int32)
    """
    return x.type(*args, **kwargs)


def reshape(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.reshape(...)`.

    >>> d2l.reshape(torch.arange(6), (2, -1))
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    return x.reshape(*args, **kwargs)


def transpose(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.t()`: the transpose of a matrix.

    >>> d2l.transpose(torch.tensor([[1, 2, 3]]))
    tensor([[1],
            [2],
            [3]])
    """
    return x.t(*args, **kwargs)


def swapaxes(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.swapaxes(...)`.

    >>> d2l.swapaxes(torch.zeros(2, 3, 4), 0, 1).shape
    torch.Size([3, 2, 4])
    """
    return x.swapaxes(*args, **kwargs)


def repeat(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.repeat(...)`.

    >>> d2l.repeat(torch.tensor([1, 2]), 2, 3)
    tensor([[1, 2, 1, 2, 1, 2],
            [1, 2, 1, 2, 1, 2]])
    """
    return x.repeat(*args, **kwargs)


def expand_dims(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.unsqueeze(...)`.

    >>> d2l.expand_dims(torch.zeros(2, 3), 1).shape
    torch.Size([2, 1, 3])
    """
    return x.unsqueeze(*args, **kwargs)


def size(x: Tensor, *args: Any, **kwargs: Any) -> int:
    """Return the number of elements, `x.numel()`.

    >>> d2l.size(torch.zeros(2, 3))
    6
    """
    return x.numel(*args, **kwargs)


def to(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.to(...)`.

    >>> d2l.to(torch.ones(2), d2l.cpu())
    tensor([1., 1.])
    """
    return x.to(*args, **kwargs)


def numpy(x: Tensor, *args: Any, **kwargs: Any) -> np.ndarray:
    """Return `x`, detached and on the CPU, as a NumPy array; a CPU tensor shares its memory.

    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> d2l.numpy(2 * x)
    array([2., 4.], dtype=float32)
    """
    return x.detach().cpu().numpy(*args, **kwargs)


def check_shape(a: Tensor, shape: Sequence[int]) -> None:
    """Raise `ShapeError` unless the tensor `a` has this shape.

    >>> d2l.check_shape(torch.zeros(2, 3), (2, 3))
    >>> d2l.check_shape(torch.zeros(2, 3), (3, 2))
    Traceback (most recent call last):
        ...
    d2l.errors.ShapeError: expected shape (3, 2); found (2, 3)

    Book: 23.8 The d2l API document
    """
    if tuple(a.shape) != tuple(shape):
        raise ShapeError(f"expected shape {tuple(shape)}; found {tuple(a.shape)}")


def check_len(a: Sized, n: int) -> None:
    """Raise `ShapeError` unless `a` has `n` items.

    >>> d2l.check_len("abc", 3)
    >>> d2l.check_len(torch.zeros(2, 3), 3)
    Traceback (most recent call last):
        ...
    d2l.errors.ShapeError: expected length 3; found 2

    Book: 23.8 The d2l API document
    """
    if len(a) != n:
        raise ShapeError(f"expected length {n}; found {len(a)}")
