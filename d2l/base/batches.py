"""Operations on batches of any structure: tensors, and tuples, lists and mappings of them."""

import zlib
from collections.abc import Iterator, Mapping, Sized
from typing import Any

import torch

from d2l.base.devices import move
from d2l.base.seed import generator_states, set_generator_states


def count_examples(batch: Any) -> int:
    """Return the number of examples of a batch: the length of its first part, or 1 without one."""
    while isinstance(batch, (list, tuple, Mapping)) and len(batch):
        batch = next(iter(batch.values())) if isinstance(batch, Mapping) else batch[0]
    if isinstance(batch, torch.Tensor):
        return batch.shape[0] if batch.ndim else 1
    return len(batch) if isinstance(batch, Sized) and len(batch) else 1


def take_examples(batch: Any, rows: slice) -> Any:
    """Return the batch with these rows of each of its tensors."""
    if isinstance(batch, torch.Tensor):
        return batch[rows] if batch.ndim else batch
    if isinstance(batch, Mapping):
        return {key: take_examples(part, rows) for key, part in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(take_examples(part, rows) for part in batch))
    if isinstance(batch, (list, tuple)):
        return type(batch)(take_examples(part, rows) for part in batch)
    return batch


def peek(source: Any, device: torch.device) -> Any:
    """Return a first batch, without advancing any random generator."""
    before = generator_states()
    try:
        return move(next(iter(source)), device)
    finally:
        set_generator_states(before)


def checksum(value: Any) -> int:
    """Return a checksum of all tensors in a batch or data set, with their shapes and types."""
    total = 0
    for tensor in _tensors(value):
        total = zlib.crc32(f"{tuple(tensor.shape)} {tensor.dtype}".encode(), total)
        raw = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        total = zlib.crc32(raw.numpy().data, total)
    return total


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _tensors(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _tensors(part)
