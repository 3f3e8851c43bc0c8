"""Collectives on tensors and picklable objects that leave no thread behind in Python.

PyTorch's communication threads release a tensor after the call has returned, and enter Python for
that. A process that forks at this moment (as a DataLoader with workers does) gets a child that
deadlocks. So each work handle is kept here until those threads are done with it.
"""

import pickle
import time
from collections import deque
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

_SECONDS_KEPT = 1.0  # threads release it within microseconds, on a busy machine when scheduled
_kept: deque[tuple[float, Any]] = deque()


def all_reduce(tensor: Tensor) -> Tensor:
    """Overwrite the tensor with the sum over all ranks, and return it."""
    _wait(dist.all_reduce(tensor, async_op=True))
    return tensor


def broadcast(tensor: Tensor) -> Tensor:
    """Overwrite the tensor with that of rank 0, and return it."""
    _wait(dist.broadcast(tensor, src=0, async_op=True))
    return tensor


def all_gather_objects(value: Any) -> list[Any]:
    """The values of all ranks, by rank."""
    own = _to_bytes(value)
    lengths = [int(length) for length in _all_gather(torch.tensor([len(own)]))]
    padded = torch.zeros(max(lengths), dtype=torch.uint8)
    padded[: len(own)] = own
    found = zip(_all_gather(padded), lengths, strict=True)
    return [_from_bytes(tensor[:length]) for tensor, length in found]


def broadcast_object(value: Any) -> Any:
    """The value of rank 0; those of the others are ignored."""
    own = _to_bytes(value if dist.get_rank() == 0 else None)
    length = int(broadcast(torch.tensor([len(own)])))
    return _from_bytes(broadcast(own if dist.get_rank() == 0 else own.new_empty(length)))


def _all_gather(own: Tensor) -> list[Tensor]:
    found = [torch.empty_like(own) for _ in range(dist.get_world_size())]
    _wait(dist.all_gather(found, own, async_op=True))
    return found


def _wait(work: Any) -> None:
    work.wait()
    now = time.monotonic()
    _kept.append((now, work))
    while _kept[0][0] < now - _SECONDS_KEPT:
        _kept.popleft()


def _to_bytes(value: Any) -> Tensor:
    return torch.frombuffer(bytearray(pickle.dumps(value)), dtype=torch.uint8)


def _from_bytes(tensor: Tensor) -> Any:
    return pickle.loads(tensor.numpy().tobytes())  # sent by a process of this same run
