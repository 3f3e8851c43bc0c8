"""Loaders over tensors: resident on the device, or streamed to it by a prefetching thread."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from operator import methodcaller
from typing import Any

import torch
from torch import Tensor

Batch = tuple[Any, ...]  # of tensors, or of lists of them where a transform nests them


class ResidentLoader:
    """Iterates over batches of `tensors` along their first axis; the last one may be shorter.

    The `tensors` have the same first length and are not copied; each batch is a copy. With
    `shuffle` each pass has a new order, drawn from PyTorch's global generator exactly as by a
    `torch.utils.data.DataLoader` without workers: the same seed gives the same batches.
    `transform(*batch)`, if given, is applied to each batch on the device of the data.
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
                f"a loader needs tensors of equal length; found {[len(t) for t in tensors]}"
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
        """Return the indices of each batch of a new pass, from the batch `first` on."""
        return self.order().split(self.batch_size)[first:] if self.num_examples else ()

    def order(self) -> Tensor:
        """Return the order of the examples in a new pass, on the device of the data."""
        device = self.tensors[0].device
        _draw_seed()  # a DataLoader draws one for its workers in every pass, shuffled or not
        if not self.shuffle:
            return torch.arange(self.num_examples, device=device)
        generator = torch.Generator().manual_seed(_draw_seed())
        order = torch.randperm(self.num_examples, generator=generator)
        if device.type == "cuda":  # pinned memory makes the copy asynchronous
            order = order.pin_memory()
        return order.to(device, non_blocking=True)

    def batches(self, parts: Iterable[Tensor]) -> Iterator[Batch]:
        """Iterate over the batches of these indices."""
        return map(self.take, parts)

    def take(self, indices: Tensor) -> Batch:
        """Return the batch of the examples with these indices, after `transform`."""
        batch = self.select(indices)
        return batch if self.transform is None else self.transform(*batch)

    def select(self, indices: Tensor) -> Batch:
        """Return the examples with these indices, without `transform`."""
        return tuple(map(methodcaller("index_select", 0, indices), self.tensors))

    def to(self, device: torch.device) -> "ResidentLoader":
        """Return a loader with its data on `device`; self if they are already there."""
        if all(tensor.device == device for tensor in self.tensors):
            return self
        moved = [tensor.to(device) for tensor in self.tensors]
        return ResidentLoader(moved, self.batch_size, self.shuffle, self.transform, self.dataset)


def _draw_seed() -> int:
    return int(torch.empty((), dtype=torch.int64).random_().item())


BATCHES_AHEAD = 2


class StreamedLoader:
    """Iterates over `loader`, whose tensors stay where they are, with batches on `device`."""

    def __init__(self, loader: ResidentLoader, device: torch.device) -> None:
        self.loader, self.device = loader, device
        self._copies: torch.cuda.Stream | None = None

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        return self.batches(self.parts())

    def parts(self, first: int = 0) -> Sequence[Tensor]:
        """Return the indices of each batch of a new pass, from the batch `first` on."""
        return self.loader.parts(first)

    def batches(self, parts: Iterable[Tensor]) -> Iterator[Batch]:
        """Iterate over the batches of these indices."""
        with ThreadPoolExecutor(1) as gatherer:
            ahead: deque[Future[Batch]] = deque()
            for indices in parts:
                ahead.append(gatherer.submit(self._gather, indices))
                if len(ahead) > BATCHES_AHEAD:
                    yield self._to_device(ahead.popleft().result())
            while ahead:
                yield self._to_device(ahead.popleft().result())

    def __getattr__(self, name: str) -> Any:
        if name == "loader":  # not set yet, while a copy is being made
            raise AttributeError(name)
        return getattr(self.loader, name)

    def _gather(self, indices: Tensor) -> Batch:
        parts = self.loader.select(indices)
        return tuple(p.pin_memory() for p in parts) if self.device.type == "cuda" else parts

    def _to_device(self, batch: Batch) -> Batch:
        moved = self._copy_on_side_stream(batch) if self.device.type == "cuda" else batch
        moved = tuple(part.to(self.device) for part in moved)
        return moved if self.loader.transform is None else self.loader.transform(*moved)

    def _copy_on_side_stream(self, batch: Batch) -> Batch:
        """Copy on a separate stream, so that the copy overlaps with computation."""
        current = torch.cuda.current_stream(self.device)
        if self._copies is None:
            self._copies = torch.cuda.Stream(self.device)
        with torch.cuda.stream(self._copies):
            moved = tuple(part.to(self.device, non_blocking=True) for part in batch)
        current.wait_stream(self._copies)
        for part in moved:
            part.record_stream(current)
        return moved


def placed(loader: ResidentLoader, device: torch.device, stream: bool | None) -> Any:
    """Return the loader with its data on the device, or streamed if requested or too large."""
    if stream or (stream is None and not fits(loader, device)):
        return StreamedLoader(loader, device)
    return loader.to(device)


def fits(loader: ResidentLoader, device: torch.device, share: float = 0.5) -> bool:
    """Whether the data take at most `share` of the device's free memory, or are already there.

    Only CUDA reports free memory; other devices use the host's memory.
    """
    to_move = [tensor for tensor in loader.tensors if tensor.device != device]
    if device.type != "cuda" or not to_move:
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return sum(tensor.nbytes for tensor in to_move) <= share * free
