"""The book's tensor aliases: one spelling for what every deep-learning framework has.

Where the book's name is also PyTorch's, the alias is PyTorch's own function.
"""

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

__all__ = [
    "abs", "arange", "argmax", "astype", "batch_matmul", "concat", "cos", "cosh", "exp",
    "expand_dims", "eye", "float32", "int32", "int64", "linspace", "log", "matmul", "meshgrid",
    "normal", "numpy", "ones", "ones_like", "rand", "randn", "reduce_mean", "reduce_sum", "repeat",
    "reshape", "sigmoid", "sin", "sinh", "size", "stack", "swapaxes", "tanh", "tensor", "to",
    "transpose", "zeros", "zeros_like",
]  # fmt: skip


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Grids of coordinates, matrix order (`"ij"`) unless asked otherwise."""
    return torch.meshgrid(*tensors, indexing=indexing)


def reduce_sum(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.sum(...)`."""
    return x.sum(*args, **kwargs)


def reduce_mean(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.mean(...)`."""
    return x.mean(*args, **kwargs)


def argmax(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.argmax(...)`."""
    return x.argmax(*args, **kwargs)


def astype(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.type(...)`."""
    return x.type(*args, **kwargs)


def reshape(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.reshape(...)`."""
    return x.reshape(*args, **kwargs)


def transpose(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.t()`: the transpose of a matrix."""
    return x.t(*args, **kwargs)


def swapaxes(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.swapaxes(...)`."""
    return x.swapaxes(*args, **kwargs)


def repeat(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.repeat(...)`."""
    return x.repeat(*args, **kwargs)


def expand_dims(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.unsqueeze(...)`."""
    return x.unsqueeze(*args, **kwargs)


def size(x: Tensor, *args: Any, **kwargs: Any) -> int:
    """The number of elements, `x.numel()`."""
    return x.numel(*args, **kwargs)


def to(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.to(...)`."""
    return x.to(*args, **kwargs)


def numpy(x: Tensor, *args: Any, **kwargs: Any) -> np.ndarray:
    """`x` as a NumPy array, from any device and out of any graph; on the CPU memory is shared."""
    return x.detach().cpu().numpy(*args, **kwargs)
