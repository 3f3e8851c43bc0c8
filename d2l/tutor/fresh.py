"""Whether a weight is as it was drawn, or was trained: fine-tuning leaves trained ones alone."""

import torch
from torch import Tensor

MOST_DISPERSION = 2.0  # of fresh weights: at most 1.6 over 400 draws of all usual kinds
FEWEST_ELEMENTS = 64


@torch.no_grad()
def looks_freshly_drawn(weight: Tensor) -> bool:
    """Whether the mean squares of the rows, and of the columns, scatter as independent draws do.

    Training makes some inputs and units count more than others. A tensor too small to tell, or one
    that is not a matrix, counts as fresh; so does one whose elements are all equal.
    """
    if weight.ndim < 2 or weight.numel() < FEWEST_ELEMENTS or not weight.is_floating_point():
        return True
    W = weight.reshape(len(weight), -1).float()
    return all(_dispersion(M) < MOST_DISPERSION for M in (W, W.T) if min(M.shape) >= 8)


def _dispersion(W: Tensor) -> float:
    """The variance of the rows' mean squares, relative to that of independent elements."""
    squares = W.square()
    expected = squares.var() / W.shape[1]
    return float(squares.mean(1).var() / expected) if expected > 0 else 0.0
