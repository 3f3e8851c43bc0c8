"""Batches of a data set that stays on the host, or on its disk, and is too large for the device.

The twin of the resident loader: same seed, same batches. A thread gathers the next batches (into
pinned memory for CUDA) while the device works on this one; the transform runs on the device.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor

from d2l.engine.resident import Batch, ResidentLoader

BATCHES_AHEAD = 2


class StreamedLoader:
    """The batches of `loader`, whose tensors stay where they are, on `device`."""

    def __init__(self, loader: ResidentLoader, device: torch.device) -> None:
        self.loader = loader
        self.device = device

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        return self.batches()

    def batches(self, first: int = 0) -> Iterator[Batch]:
        """The batches of a new pass from this one on; the pass's order is drawn at once."""
        return self.batches_of(self.loader.draw_order().split(self.loader.batch_size)[first:])

    def batches_of(self, parts: Iterable[Tensor]) -> Iterator[Batch]:
        """A batch for each list of examples' numbers."""
        with ThreadPoolExecutor(1) as gatherer:
            ahead: deque[Future[Batch]] = deque()
            for chosen in parts:
                ahead.append(gatherer.submit(self._gather, chosen))
                if len(ahead) > BATCHES_AHEAD:
                    yield self._bring(ahead.popleft().result())
            while ahead:
                yield self._bring(ahead.popleft().result())

    def __getattr__(self, name: str) -> Any:
        if name == "loader":  # not there yet, while a copy is being made
            raise AttributeError(name)
        return getattr(self.loader, name)

    def _gather(self, chosen: Tensor) -> Batch:
        parts = self.loader.select(chosen)
        return tuple(p.pin_memory() for p in parts) if self.device.type == "cuda" else parts

    def _bring(self, batch: Batch) -> Batch:
        return self.loader.finish(tuple(p.to(self.device, non_blocking=True) for p in batch))


def fits(loader: ResidentLoader, device: torch.device, share: float = 0.5) -> bool:
    """Whether the data take at most this share of the device's free memory, or are there already.

    Only CUDA tells how much is free; other devices share the host's memory.
    """
    to_move = [tensor for tensor in loader.tensors if tensor.device != device]
    if device.type != "cuda" or not to_move:
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return sum(tensor.nbytes for tensor in to_move) <= share * free
