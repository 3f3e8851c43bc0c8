"""Kernels of Gaussian processes."""

from typing import Any

import numpy as np

from d2l.errors import ShapeError


def rbfkernel(x1: Any, x2: Any, ls: float = 4.0) -> np.ndarray:
    """Return the covariances `exp(-(a - b)² / (2 ls))` of all pairs, a in `x1` and b in `x2`.

    The points are lists, arrays or tensors of numbers; the result is an array (len(x1), len(x2)).
    `ls` is the square of the length scale.

    >>> d2l.rbfkernel([0.0, 2.0], [0.0], ls=2.0).round(4).tolist()
    [[1.0], [0.3679]]

    Book: 18.2 Gaussian process priors
    """
    points, others = _points(x1, "x1"), _points(x2, "x2")
    return np.exp(-((points[:, None] - others[None, :]) ** 2) / (2 * ls))


def _points(x: Any, name: str) -> np.ndarray:
    points = np.asarray(x.detach().cpu() if hasattr(x, "detach") else x, dtype=np.float64)
    if points.ndim != 1:
        raise ShapeError(
            f"{name} must have one axis because rbfkernel compares numbers; found shape "
            f"{points.shape}. Example: rbfkernel(x1.reshape(-1), x2.reshape(-1))"
        )
    return points
