"""A data set that lives in memory, on any device, and is batched by index: no workers, no copies.

Knows tensors and callables. A batch is one gather per tensor and then `transform`, on the device.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

Batch = tuple[Any, ...]  # of tensors, or of lists of them where a transform nests them


class ResidentLoader:
    """Batches of `tensors`, cut along their first axis; the last one may be short.

    `tensors` share their first length and are not copied on their own device. With `shuffle` each
    pass has a new order, drawn from PyTorch's global generator exactly as a
    `torch.utils.data.DataLoader` without workers draws it: same seed, same batches.
    `transform(*batch)` makes the batch that is handed out, on the device where the data are.
    """

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
        return self.batches()

    def batches(self, first: int = 0) -> Iterator[Batch]:
        """The batches of a new pass from this one on; the pass's order is drawn at once."""
        order = self._draw_shuffled()
        if order is not None:
            return self.batches_of(order.split(self.batch_size)[first:])
        starts = range(first * self.batch_size, self.num_examples, self.batch_size)
        rows = (slice(start, start + self.batch_size) for start in starts)
        return (self.finish(tuple(tensor[r] for tensor in self.tensors)) for r in rows)

    def batches_of(self, parts: Iterable[Tensor]) -> Iterator[Batch]:
        """A batch for each list of examples' numbers."""
        return (self.gather(part) for part in parts)

    def select(self, chosen: Tensor) -> Batch:
        """The examples with these numbers as they are stored."""
        return tuple(tensor.index_select(0, chosen) for tensor in self.tensors)

    def finish(self, batch: Batch) -> Batch:
        """The batch that is handed out, made of a stored one by the transform, if there is one."""
        return batch if self.transform is None else self.transform(*batch)

    def gather(self, chosen: Tensor) -> Batch:
        """The batch of the examples with these numbers."""
        return self.finish(self.select(chosen))

    def draw_order(self) -> Tensor:
        """The numbers of the examples in the order of a new pass, on the device of the data."""
        order = self._draw_shuffled()
        device = self.tensors[0].device
        return torch.arange(self.num_examples, device=device) if order is None else order

    def to(self, device: torch.device) -> "ResidentLoader":
        """This loader with its data on `device`; itself where they are there already."""
        if all(tensor.device == device for tensor in self.tensors):
            return self
        moved = [tensor.to(device) for tensor in self.tensors]
        return ResidentLoader(moved, self.batch_size, self.shuffle, self.transform, self.dataset)

    def _draw_shuffled(self) -> Tensor | None:
        _draw_seed()  # a DataLoader draws one for its workers on every pass, shuffled or not
        if not self.shuffle:
            return None
        generator = torch.Generator().manual_seed(_draw_seed())
        order = torch.randperm(self.num_examples, generator=generator)
        return order.to(self.tensors[0].device)


def _draw_seed() -> int:
    return int(torch.empty((), dtype=torch.int64).random_().item())
