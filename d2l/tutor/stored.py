"""What is known of the examples behind a loader: tensors in memory, and the order they come in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
)

from d2l.engine.resident import ResidentLoader
from d2l.tutor.evidence import Step

MOST_HOPS = 6  # from a batch back to the tensor that it was taken from
TAKES = frozenset({"index_select", "__getitem__"})


@dataclass(frozen=True)
class Stored:
    """Examples in memory: `tensors` share their first axis.

    `rows` are those that the loader takes of them; None: all. `is_in_order` tells whether each pass
    has the stored order; None where a sampler of the reader decides. `is_raw` tells that batches
    are made from the tensors by a transform.
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
        """The tensor `i` in the loader's order, its first `most` rows; a view where it can be."""
        tensor = self.tensors[i].detach()
        return tensor[:most] if self.rows is None else tensor[self.rows[:most]]

    @property
    def labels(self) -> Tensor | None:
        """The last tensor, if it is whole numbers, one for each example."""
        if len(self.tensors) < 2 or not is_class_labels(self.tensors[-1]):
            return None
        return self.part(-1).reshape(-1)


def stored(loader: Any) -> Stored | None:
    """The examples of a loader, where they can be seen without calling code of the reader."""
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
        length = loader.batch_size if order is not None else None
        return _checked(Stored(*found, length, order, bool(loader.drop_last), raw))
    return None


def tensors_of(dataset: Any) -> tuple[tuple[Tensor, ...], Tensor | None] | None:
    """The tensors of a data set and the chosen rows; None where it is not one that is known."""
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
    """The tensor in memory whose rows a tensor of a step was made of, by the recorded calls.

    Batches of a loop by hand are taken after the backward pass of the step before.
    """
    calls = [call for step in steps for call in step.calls]
    made_by = {id(call.result): call for call in calls if isinstance(call.result, Tensor)}
    for _ in range(MOST_HOPS):
        call = made_by.get(id(tensor))
        first = None if call is None else next(call.tensors(), None)
        if call is None or first is None:
            return None
        if call.name in TAKES and first.ndim >= 1 and len(first) > 1:
            return first
        tensor = first
    return None


def is_class_labels(y: Any) -> bool:
    """Whether a tensor holds one whole number for each example."""
    if not isinstance(y, Tensor) or y.is_floating_point() or y.is_complex():
        return False
    return y.dtype is not torch.bool and (y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1))


def _is_in_order(loader: "DataLoader[Any]") -> bool | None:
    """Whether a DataLoader keeps the order; None where a sampler of the reader decides."""
    if type(loader.batch_sampler) is not BatchSampler:
        return None
    if type(loader.sampler) is SequentialSampler:
        return True
    return False if type(loader.sampler) is RandomSampler else None


def _checked(found: Stored) -> Stored | None:
    """The examples, unless the tensors are odd: none, of no axis, empty, or not dense."""
    tensors = found.tensors
    if not tensors or not all(isinstance(t, Tensor) and t.ndim >= 1 for t in tensors):
        return None
    if any(t.layout is not torch.strided or t.device.type == "meta" for t in tensors):
        return None
    return found if len(tensors[0]) and len({len(t) for t in tensors}) == 1 else None
