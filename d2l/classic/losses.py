"""Losses of models that give probabilities."""

import torch

from d2l.base.axes import Float, Shaped, Tensor
from d2l.errors import ShapeError
from d2l.models.input_errors import explain, require_below


def cross_entropy(
    y_hat: Float[Tensor, "batch num_classes"], y: Shaped[Tensor, "labels"]
) -> Float[Tensor, ""]:
    """The mean of `-log` of the probabilities `y_hat` that the labels have.

    >>> y_hat = torch.tensor([[0.25, 0.75], [1.0, 0.0]])
    >>> d2l.cross_entropy(y_hat, torch.tensor([0, 0]))  # (log 4 + log 1) / 2
    tensor(0.6931)

    Book: 4.4 Softmax regression implementation from scratch (2026)
    """
    if len(y) != len(y_hat):
        raise ShapeError(
            f"cross_entropy takes probabilities (batch, num_classes) and as many labels; found "
            f"y_hat of shape {tuple(y_hat.shape)} and y of shape {tuple(y.shape)}"
        )
    try:
        picked = y_hat.gather(1, y.to(torch.int64).unsqueeze(1))
    except (RuntimeError, IndexError) as error:
        explain(error, require_below, "labels", y, y_hat.shape[1], "y_hat")
        raise
    return -picked.log().mean()
