"""The data of a loader: tensors, order, and whether inputs predict labels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
)

from d2l.engine.tensor_loaders import ResidentLoader
from d2l.tutor.evidence import Step

NUM_FEATURES = 256
NUM_FOLDS = 5
MAX_INPUTS = 2048  # values per example; larger images are averaged, other inputs subsampled
SIDE = 24
RIDGE = 0.3  # times the number of pairs
MAX_CLASSES = 50


def dependence(X: Tensor, y: Tensor) -> float:
    """Return by how many standard deviations labels fit their inputs better than shuffled labels.

    `X` (n, …) of any shape, `y` (n,) integers or (n,), (n, 1) floats. Returns nan if it cannot be
    determined.
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
        A, B = _centered(predicted), _centered(Y[is_test])
        score += float((A * B).sum())
        variance += float(((A.T @ A) * (B.T @ B)).sum()) / max(1, len(A) - 1)
    return score / math.sqrt(variance) if variance > 0 else math.nan


def inputs_of(X: Tensor) -> Tensor | None:
    """Return inputs as a table (n, at most 2,048) of floats."""
    if X.is_complex() or X.ndim == 0:
        return None
    X = X.detach().float()
    if X.ndim == 4 and X[0].numel() > MAX_INPUTS and min(X.shape[2:]) > SIDE:
        X = F.adaptive_avg_pool2d(X, SIDE)
    X = X.reshape(len(X), -1)
    if X.shape[1] > MAX_INPUTS:
        generator = torch.Generator().manual_seed(2)
        some = torch.randperm(X.shape[1], generator=generator)[:MAX_INPUTS]
        X = X[:, some.to(X.device)]
    return X if bool(X.isfinite().all()) else None


def _features(X: Tensor) -> Tensor | None:
    """Return standardized random ReLU features (n, 256) of standardized inputs."""
    table = inputs_of(X)
    if table is None:
        return None
    table = _standardized(table)
    if not table.shape[1]:
        return None
    generator = torch.Generator().manual_seed(1)
    W = torch.randn(table.shape[1], NUM_FEATURES, generator=generator) / table.shape[1] ** 0.5
    b = torch.randn(NUM_FEATURES, generator=generator)
    hidden = torch.relu(table @ W.to(table.device) + b.to(table.device))
    return _standardized(hidden)


def _standardized(table: Tensor) -> Tensor:
    """Return columns of mean 0 and standard deviation 1, without constant columns."""
    std = table.std(0)
    varies = std > 1e-6 * table.abs().amax(0).clamp(min=1e-30)
    return (table[:, varies] - table[:, varies].mean(0)) / std[varies]


def _targets(y: Tensor) -> Tensor | None:
    """Return labels as columns of floats: one per class, or one."""
    y = y.detach()
    if y.is_floating_point():
        y = y.reshape(len(y), -1).float()
        ranked = y.argsort(0).argsort(0).float()  # ranks are robust to outliers
        return ranked if y.shape[1] == 1 and bool(y.isfinite().all()) else None
    values, numbers = y.reshape(len(y), -1)[:, 0].unique(return_inverse=True)
    return F.one_hot(numbers).float() if 2 <= len(values) <= MAX_CLASSES else None


def _centered(table: Tensor) -> Tensor:
    return table - table.mean(0)


def _ridge(H: Tensor, Y: Tensor, H_test: Tensor) -> Tensor:
    mean = Y.mean(0)
    gram = H.T @ H + RIDGE * len(H) * torch.eye(H.shape[1], device=H.device)
    return H_test @ torch.linalg.solve(gram, H.T @ (Y - mean)) + mean


MAX_HOPS = 6  # calls from a batch back to its source tensor
TAKES = frozenset({"index_select", "__getitem__"})


@dataclass(frozen=True)
class Stored:
    """Examples in memory: `tensors` share their first axis.

    `rows` are the rows used by the loader; None for all. `is_in_order` is whether each pass has the
    stored order; None with a user-defined sampler. `is_raw` is whether a transform creates the
    batches from the tensors.
    """

    tensors: tuple[Tensor, ...]
    rows: Tensor | None
    batch_size: int | None
    is_in_order: bool | None
    drops_last: bool = False
    is_raw: bool = False

    def __len__(self) -> int:
        return len(self.tensors[0]) if self.rows is None else len(self.rows)

    def part(self, i: int, most: int | None = None) -> Tensor:
        """Return the first `most` rows of tensor `i` in the loader's order; a view if possible."""
        tensor = self.tensors[i].detach()
        return tensor[:most] if self.rows is None else tensor[self.rows[:most]]

    @property
    def labels(self) -> Tensor | None:
        """The last tensor, if it is one integer per example."""
        if len(self.tensors) < 2 or not is_class_labels(self.tensors[-1]):
            return None
        return self.part(-1).reshape(-1)


def stored(loader: Any) -> Stored | None:
    """Return the data of a loader, if available without calling user code."""
    if isinstance(loader, ResidentLoader):
        is_ours = type(loader) is ResidentLoader
        order = not loader.shuffle if is_ours else None
        size = loader.batch_size
        raw = loader.transform is not None
        return _checked(Stored(loader.tensors, None, size, order, is_raw=raw))
    if isinstance(loader, DataLoader):
        found = tensors_of(loader.dataset)
        if found is None:
            return None
        order = _is_in_order(loader)
        raw = type(loader.dataset) not in (TensorDataset, Subset)
        rows = loader.batch_size if order is not None else None
        return _checked(Stored(*found, rows, order, bool(loader.drop_last), raw))
    return None


def tensors_of(dataset: Any) -> tuple[tuple[Tensor, ...], Tensor | None] | None:
    """Return the tensors of a data set and the selected rows; None for an unknown type."""
    if type(dataset) is TensorDataset:
        return tuple(dataset.tensors), None
    if type(dataset) is Subset:
        found = tensors_of(dataset.dataset)
        if found is None or found[1] is not None:
            return None
        return found[0], torch.as_tensor(list(dataset.indices), dtype=torch.int64)
    if type(dataset).__module__.startswith("torchvision.datasets."):
        images, labels = getattr(dataset, "data", None), getattr(dataset, "targets", None)
        if isinstance(images, Tensor) and isinstance(labels, Tensor):
            return (images, labels), None
    return None


def source_of(steps: Sequence[Step], tensor: Tensor) -> Tensor | None:
    """Return the tensor whose rows form a batch of a step, according to the recorded calls.

    Batches of a hand-written loop are selected after the backward pass of the previous step.
    """
    calls = [call for step in steps for call in step.calls]
    made_by = {id(call.result): call for call in calls if isinstance(call.result, Tensor)}
    for _ in range(MAX_HOPS):
        call = made_by.get(id(tensor))
        first = None if call is None else next(call.tensors(), None)
        if call is None or first is None:
            return None
        if call.name in TAKES and first.ndim >= 1 and len(first) > 1:
            return first
        tensor = first
    return None


def is_class_labels(y: Any) -> bool:
    """Whether a tensor contains one integer per example."""
    if not isinstance(y, Tensor) or y.is_floating_point() or y.is_complex():
        return False
    return y.dtype is not torch.bool and (y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1))


def _is_in_order(loader: "DataLoader[Any]") -> bool | None:
    """Whether a DataLoader keeps the order; None with a user-defined sampler."""
    if type(loader.batch_sampler) is not BatchSampler:
        return None
    if type(loader.sampler) is SequentialSampler:
        return True
    return False if type(loader.sampler) is RandomSampler else None


def _checked(found: Stored) -> Stored | None:
    """Return the data, or None if there are no tensors or they are scalar, empty or not dense."""
    tensors = found.tensors
    if not tensors or not all(isinstance(t, Tensor) and t.ndim >= 1 for t in tensors):
        return None
    if any(t.layout is not torch.strided or t.device.type == "meta" for t in tensors):
        return None
    return found if len(tensors[0]) and len({len(t) for t in tensors}) == 1 else None
