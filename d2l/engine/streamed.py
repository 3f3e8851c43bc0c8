"""Batches of a data set that stays in host memory or on disk, too large for the device.

Equivalent to the resident loader: same seed, same batches. A thread gathers the next batches (into
pinned memory for CUDA) while the device works on this one; the transform runs on the device.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor

from d2l.engine.resident import Batch, ResidentLoader

BATCHES_AHEAD = 2


class StreamedLoader:
    """The batches of `loader`, whose tensors stay where they are, on `device`."""

    def __init__(self, loader: ResidentLoader, device: torch.device) -> None:
        self.loader, self.device = loader, device
        self._copies: torch.cuda.Stream | None = None

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        return self.batches(self.parts())

    def parts(self, first: int = 0) -> Sequence[Tensor]:
        """The indices of each batch of a new pass, from the batch `first` on."""
        return self.loader.parts(first)

    def batches(self, parts: Iterable[Tensor]) -> Iterator[Batch]:
        """A batch for each tensor of indices."""
        with ThreadPoolExecutor(1) as gatherer:
            ahead: deque[Future[Batch]] = deque()
            for indices in parts:
                ahead.append(gatherer.submit(self._gather, indices))
                if len(ahead) > BATCHES_AHEAD:
                    yield self._to_device(ahead.popleft().result())
            while ahead:
                yield self._to_device(ahead.popleft().result())

    def __getattr__(self, name: str) -> Any:
        if name == "loader":  # not there yet, while a copy is being made
            raise AttributeError(name)
        return getattr(self.loader, name)

    def _gather(self, indices: Tensor) -> Batch:
        parts = self.loader.select(indices)
        return tuple(p.pin_memory() for p in parts) if self.device.type == "cuda" else parts

    def _to_device(self, batch: Batch) -> Batch:
        moved = self._copy_beside_steps(batch) if self.device.type == "cuda" else batch
        moved = tuple(part.to(self.device) for part in moved)
        return moved if self.loader.transform is None else self.loader.transform(*moved)

    def _copy_beside_steps(self, batch: Batch) -> Batch:
        """Copy on a stream of its own, so that the device computes meanwhile."""
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
    """The loader with its data on the device, or streamed if asked for or too large for it."""
    if stream or (stream is None and not fits(loader, device)):
        return StreamedLoader(loader, device)
    return loader.to(device)


def fits(loader: ResidentLoader, device: torch.device, share: float = 0.5) -> bool:
    """Whether the data take at most this share of the device's free memory, or are there already.

    Only CUDA reports how much is free; other devices share the host's memory.
    """
    to_move = [tensor for tensor in loader.tensors if tensor.device != device]
    if device.type != "cuda" or not to_move:
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return sum(tensor.nbytes for tensor in to_move) <= share * free
