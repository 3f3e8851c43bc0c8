"""Whether inputs tell anything about labels: a test that trains no model of the reader.

Ridge regression from random ReLU features to the labels, on four fifths of the pairs; what it
gives for the last fifth is compared with the labels there. Labels that were drawn without a look
at the inputs give numbers of deviation 1.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

NUM_FEATURES = 256
NUM_FOLDS = 5
MOST_INPUTS = 2048  # numbers of an example; larger pictures are averaged, other inputs picked from
SIDE = 24
RIDGE = 0.3  # of the number of pairs
MOST_CLASSES = 50


def dependence(X: Tensor, y: Tensor) -> float:
    """By how many deviations labels fit their inputs better than labels of other examples do.

    `X` (n, …) of any shape, `y` (n,) whole numbers or (n,), (n, 1) floats. Not a number where it
    cannot be told.
    """
    Y = _targets(y)
    features = _features(X)
    if Y is None or features is None or len(Y) != len(features):
        return math.nan
    generator = torch.Generator().manual_seed(3)
    fold = torch.randperm(len(Y), generator=generator).to(Y.device) % NUM_FOLDS
    score, variance = 0.0, 0.0
    for k in range(NUM_FOLDS):
        is_test = fold == k
        predicted = _ridge(features[~is_test], Y[~is_test], features[is_test])
        A, B = _centred(predicted), _centred(Y[is_test])
        score += float((A * B).sum())
        variance += float(((A.T @ A) * (B.T @ B)).sum()) / max(1, len(A) - 1)
    return score / math.sqrt(variance) if variance > 0 else math.nan


def inputs_of(X: Tensor) -> Tensor | None:
    """Inputs as a table (n, at most 2,048) of floats."""
    if X.is_complex() or X.ndim == 0:
        return None
    X = X.detach().float()
    if X.ndim == 4 and X[0].numel() > MOST_INPUTS and min(X.shape[2:]) > SIDE:
        X = F.adaptive_avg_pool2d(X, SIDE)
    X = X.reshape(len(X), -1)
    if X.shape[1] > MOST_INPUTS:
        generator = torch.Generator().manual_seed(2)
        some = torch.randperm(X.shape[1], generator=generator)[:MOST_INPUTS]
        X = X[:, some.to(X.device)]
    return X if bool(X.isfinite().all()) else None


def _features(X: Tensor) -> Tensor | None:
    """Random ReLU features (n, 256) of standardised inputs, themselves standardised."""
    table = inputs_of(X)
    if table is None:
        return None
    table = _standardised(table)
    if not table.shape[1]:
        return None
    generator = torch.Generator().manual_seed(1)
    W = torch.randn(table.shape[1], NUM_FEATURES, generator=generator) / table.shape[1] ** 0.5
    b = torch.randn(NUM_FEATURES, generator=generator)
    hidden = torch.relu(table @ W.to(table.device) + b.to(table.device))
    return _standardised(hidden)


def _standardised(table: Tensor) -> Tensor:
    """Columns of mean 0 and deviation 1; those that do not vary are left out."""
    std = table.std(0)
    varies = std > 1e-6 * table.abs().amax(0).clamp(min=1e-30)
    return (table[:, varies] - table[:, varies].mean(0)) / std[varies]


def _targets(y: Tensor) -> Tensor | None:
    """Labels as columns of floats: one for each class, or one."""
    y = y.detach()
    if y.is_floating_point():
        y = y.reshape(len(y), -1).float()
        ranked = y.argsort(0).argsort(0).float()  # a few huge numbers shall not decide
        return ranked if y.shape[1] == 1 and bool(y.isfinite().all()) else None
    values, numbers = y.reshape(len(y), -1)[:, 0].unique(return_inverse=True)
    return F.one_hot(numbers).float() if 2 <= len(values) <= MOST_CLASSES else None


def _centred(table: Tensor) -> Tensor:
    return table - table.mean(0)


def _ridge(H: Tensor, Y: Tensor, H_test: Tensor) -> Tensor:
    mean = Y.mean(0)
    gram = H.T @ H + RIDGE * len(H) * torch.eye(H.shape[1], device=H.device)
    return H_test @ torch.linalg.solve(gram, H.T @ (Y - mean)) + mean
