"""Tensors and plain objects that processes tell each other, without a trace in other threads.

PyTorch's threads let go of a tensor after the call has returned, and come back to Python for that.
A process that forks at this very moment, as a DataLoader's workers do, has a child that waits for
ever. So each work is held here for longer than those threads do: they are never the last.
"""

import pickle
import time
from collections import deque
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

_SECONDS_HELD = 1.0  # a thread lets go in microseconds, on a busy machine when its turn comes
_held: deque[tuple[float, Any]] = deque()


def add_up(tensor: Tensor) -> Tensor:
    """Overwrite the tensor with the sum of those of all processes, and return it."""
    _finish(dist.all_reduce(tensor, async_op=True))
    return tensor


def overwrite(tensor: Tensor) -> Tensor:
    """Overwrite the tensor with that of the first process, and return it."""
    _finish(dist.broadcast(tensor, src=0, async_op=True))
    return tensor


def gather_objects(value: Any) -> list[Any]:
    """The values of all processes, by rank."""
    own = _bytes_of(value)
    lengths = [int(length) for length in _gather(torch.tensor([len(own)]))]
    padded = torch.zeros(max(lengths), dtype=torch.uint8)
    padded[: len(own)] = own
    found = zip(_gather(padded), lengths, strict=True)
    return [_value_of(tensor[:length]) for tensor, length in found]


def object_of_first(value: Any) -> Any:
    """The value of the first process; what the others hand in is not looked at."""
    is_first = dist.get_rank() == 0
    own = _bytes_of(value) if is_first else torch.empty(0, dtype=torch.uint8)
    length = int(overwrite(torch.tensor([len(own)])))
    return _value_of(overwrite(own if is_first else torch.empty(length, dtype=torch.uint8)))


def _gather(own: Tensor) -> list[Tensor]:
    """The tensors of all processes, of the same shape as one's own."""
    found = [torch.empty_like(own) for _ in range(dist.get_world_size())]
    _finish(dist.all_gather(found, own, async_op=True))
    return found


def _finish(work: Any) -> None:
    work.wait()
    now = time.monotonic()
    _held.append((now, work))
    while _held[0][0] < now - _SECONDS_HELD:
        _held.popleft()


def _bytes_of(value: Any) -> Tensor:
    return torch.frombuffer(bytearray(pickle.dumps(value)), dtype=torch.uint8)


def _value_of(tensor: Tensor) -> Any:
    return pickle.loads(tensor.numpy().tobytes())  # of a process of this same run
