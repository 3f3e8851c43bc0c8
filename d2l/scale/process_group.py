"""The process group of a run: ranks, collectives, and a common decision to stop."""

import atexit
import os
import pickle
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from d2l.base.devices import cpu, gpu, num_gpus, usable
from d2l.errors import DeviceError

# Work handles are kept alive until the backend's threads have released their tensors: within
# microseconds, or on a busy machine when they are scheduled.
_SECONDS_KEPT = 1.0
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
    """Return the values of all ranks, ordered by rank."""
    own = _to_bytes(value)
    lengths = [int(length) for length in _all_gather(torch.tensor([len(own)]))]
    padded = torch.zeros(max(lengths), dtype=torch.uint8)
    padded[: len(own)] = own
    found = zip(_all_gather(padded), lengths, strict=True)
    return [_from_bytes(tensor[:length]) for tensor, length in found]


def broadcast_object(value: Any) -> Any:
    """Return the value of rank 0; those of other ranks are ignored."""
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
    return pickle.loads(tensor.numpy().tobytes())  # trusted: sent by a process of this run


SECONDS_BETWEEN_POLLS = 1.0
MAX_STEPS_BETWEEN_POLLS = 1024


Value = TypeVar("Value")
SECONDS_TO_LEAVE = 0.2


@dataclass(frozen=True)
class ProcessGroup:
    """The rank of this process and the size of its group; `local_…` is within this machine."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this is rank 0, which draws, prints and writes."""
        return self.rank == 0

    def init(self, device: torch.device) -> None:
        """Initialize `torch.distributed`; waits for all ranks."""
        if self.size == 1 or dist.is_initialized():
            return
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        if device.type == "cuda":
            torch.cuda.set_device(device)
        # torchrun uses one store for all restarts: the prefix keeps restarted processes from
        # connecting to addresses of terminated ones.
        store, _, _ = next(dist.rendezvous("env://"))
        restart = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
        store = dist.PrefixStore(f"restart-{restart}", store)
        dist.init_process_group(backend, store=store, rank=self.rank, world_size=self.size)
        atexit.register(_leave)

    def device_for(self, requested: torch.device | None) -> torch.device | None:
        """Return the device of this rank; None for a single process without a request."""
        if self.size == 1 or (requested is not None and requested.type == "cpu"):
            return requested
        found = num_gpus()
        if found == 0:
            return cpu()
        if found < self.local_size:
            raise DeviceError(
                f"{self.local_size} processes were started on this machine, but it has {found} "
                f"GPUs. Start one per GPU with torchrun --nproc-per-node {found} …, or run on the "
                'CPU with d2l.Trainer(…, device="cpu")'
            )
        return usable(gpu(self.local_rank))

    def all_reduce(self, tensor: Tensor) -> Tensor:
        """Return the sum of the ranks' tensors; overwrites `tensor`."""
        return tensor if self.size == 1 else all_reduce(tensor)

    def max(self, value: int) -> int:
        """Return the largest value of all ranks."""
        return max(self.all_gather(value))

    def all_gather(self, value: Value) -> list[Value]:
        """Return the values of all ranks, ordered by rank."""
        return [value] if self.size == 1 else all_gather_objects(value)

    def broadcast(self, tensor: Tensor) -> None:
        """Overwrite the tensor with that of rank 0."""
        if self.size > 1:
            broadcast(tensor)

    def broadcast_result(self, make: Callable[[], Value]) -> Value:
        """Call `make()` on rank 0 and return its result, or raise its error, on every rank."""
        if self.size == 1:
            return make()
        result: Any = None
        error: Exception | None = None
        if self.is_main:
            try:
                result = make()
            except Exception as raised:
                error = raised
        result, error = broadcast_object((result, error))
        if error is not None:
            raise error
        return result

    def barrier(self) -> None:
        """Wait until every rank has called this."""
        if self.size > 1:
            dist.barrier()


SINGLE_PROCESS = ProcessGroup()


def from_environment() -> ProcessGroup:
    """Return the process group described by torchrun's environment variables, if they are set."""
    if not dist.is_available() or int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return SINGLE_PROCESS
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    missing = [name for name in (*names, "MASTER_ADDR") if name not in os.environ]
    if missing:
        raise DeviceError(
            f"the environment sets WORLD_SIZE={os.environ['WORLD_SIZE']}, but not "
            f"{', '.join(missing)}. Start the script with torchrun --nproc-per-node N script.py, "
            "or unset WORLD_SIZE"
        )
    return ProcessGroup(*(int(os.environ[name]) for name in names))


def _leave() -> None:
    """Destroy the process group before Python shuts down.

    Otherwise the threads of the collectives, which still release tensors to Python, could abort
    the program after the interpreter has shut down.
    """
    if dist.is_initialized():
        dist.destroy_process_group()
        time.sleep(SECONDS_TO_LEAVE)


class StopConsensus:
    """Lets any rank request a stop; all ranks receive it at the same step.

    Requests are exchanged about once a second; every rank must call `poll` once per step. The
    number of steps per second differs between ranks, so it is exchanged, too.
    """

    def __init__(self, group: ProcessGroup) -> None:
        self._group = group
        self._steps_left = self._interval = 1
        self._last_poll = time.monotonic()

    def poll(self, request: int) -> int:
        """Return the largest request of all ranks if an exchange is due, otherwise 0."""
        if self._group.size == 1:
            return request
        self._steps_left -= 1
        if self._steps_left:
            return 0
        step_seconds = (time.monotonic() - self._last_poll) / self._interval
        interval = int(SECONDS_BETWEEN_POLLS / max(step_seconds, 1e-6))
        found = self._group.all_gather((request, interval))
        slowest = min(interval for _, interval in found)
        self._interval = self._steps_left = min(max(slowest, 1), MAX_STEPS_BETWEEN_POLLS)
        self._last_poll = time.monotonic()
        return max(request for request, _ in found)
