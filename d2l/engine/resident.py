"""A data set that lives in memory, on any device, and is batched by index: no worker processes.

Knows tensors and callables. A batch is one gather per tensor and then `transform`, on the device.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import methodcaller
from typing import Any

import torch
from torch import Tensor

Batch = tuple[Any, ...]  # of tensors, or of lists of them where a transform nests them


class ResidentLoader:
    """Batches of `tensors`, cut along their first axis; the last one may be short.

    `tensors` share their first length and are not copied on their own device; a batch is a copy.
    With `shuffle` each pass has a new order, drawn from PyTorch's global generator exactly as a
    `torch.utils.data.DataLoader` without workers draws it: same seed, same batches.
    `transform(*batch)` makes the batch that is handed out, on the device where the data are.
    """

    num_workers, drop_last, pin_memory, collate_fn = 0, False, False, None

    def __init__(
        self,
        tensors: Sequence[Tensor],
        batch_size: int,
        shuffle: bool = False,
        transform: Callable[..., Batch] | None = None,
        dataset: Any = None,
    ) -> None:
        lengths = {len(tensor) for tensor in tensors}
        if len(lengths) != 1:
            raise ValueError(
                f"a loader needs tensors of one length; found {[len(t) for t in tensors]}"
            )
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1; found {batch_size}")
        self.tensors = tuple(tensors)
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.transform = transform
        self.num_examples = lengths.pop()
        self.dataset = torch.utils.data.TensorDataset(*tensors) if dataset is None else dataset

    def __len__(self) -> int:
        return math.ceil(self.num_examples / self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        return self.batches(self.parts())

    def parts(self, first: int = 0) -> Sequence[Tensor]:
        """The indices of each batch of a new pass, from the batch `first` on."""
        return self.order().split(self.batch_size)[first:] if self.num_examples else ()

    def order(self) -> Tensor:
        """The indices of a new pass, on the device of the data."""
        device = self.tensors[0].device
        _draw_seed()  # a DataLoader draws one for its workers on every pass, shuffled or not
        if not self.shuffle:
            return torch.arange(self.num_examples, device=device)
        generator = torch.Generator().manual_seed(_draw_seed())
        order = torch.randperm(self.num_examples, generator=generator)
        if device.type == "cuda":  # from pinned memory, so that nobody waits for the copy
            order = order.pin_memory()
        return order.to(device, non_blocking=True)

    def batches(self, parts: Iterable[Tensor]) -> Iterator[Batch]:
        """A batch for each tensor of indices."""
        return map(self.take, parts)

    def take(self, indices: Tensor) -> Batch:
        """The batch of the examples with these indices."""
        batch = self.select(indices)
        return batch if self.transform is None else self.transform(*batch)

    def select(self, indices: Tensor) -> Batch:
        """The examples with these indices as they are stored."""
        return tuple(map(methodcaller("index_select", 0, indices), self.tensors))

    def to(self, device: torch.device) -> "ResidentLoader":
        """This loader with its data on `device`; itself where they are there already."""
        if all(tensor.device == device for tensor in self.tensors):
            return self
        moved = [tensor.to(device) for tensor in self.tensors]
        return ResidentLoader(moved, self.batch_size, self.shuffle, self.transform, self.dataset)


def _draw_seed() -> int:
    return int(torch.empty((), dtype=torch.int64).random_().item())
