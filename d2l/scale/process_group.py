"""The process group of a run: this process's rank, and its collectives on plain values.

torchrun starts the processes and sets their environment; without it there is one process, and
every collective returns its own value.
"""

import atexit
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from d2l.base.devices import cpu, gpu, num_gpus, usable
from d2l.errors import DeviceError
from d2l.scale import collectives

Value = TypeVar("Value")
SECONDS_TO_LEAVE = 0.2


@dataclass(frozen=True)
class ProcessGroup:
    """This process among all of a run; `local_…` counts the processes on this machine."""

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
        # torchrun keeps one store for all its restarts: with a prefix of their own, restarted
        # processes do not connect to the addresses of dead ones.
        store, _, _ = next(dist.rendezvous("env://"))
        restart = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
        store = dist.PrefixStore(f"restart-{restart}", store)
        dist.init_process_group(backend, store=store, rank=self.rank, world_size=self.size)
        atexit.register(_leave)

    def device_for(self, requested: torch.device | None) -> torch.device | None:
        """The device of this rank; `None` if there is one process and none was requested."""
        if self.size == 1 or (requested is not None and requested.type == "cpu"):
            return requested
        found = num_gpus()
        if found == 0:
            return cpu()
        if found < self.local_size:
            raise DeviceError(
                f"{self.local_size} processes were started on this machine, but it has {found} "
                f"GPUs: start one for each GPU, torchrun --nproc-per-node {found} …, or run on the "
                'CPU with d2l.Trainer(…, device="cpu")'
            )
        return usable(gpu(self.local_rank))

    def all_reduce(self, tensor: Tensor) -> Tensor:
        """The sum of the ranks' tensors; overwrites `tensor`."""
        return tensor if self.size == 1 else collectives.all_reduce(tensor)

    def max(self, value: int) -> int:
        """The highest of the ranks' values."""
        return max(self.all_gather(value))

    def all_gather(self, value: Value) -> list[Value]:
        """The values of all ranks, by rank."""
        return [value] if self.size == 1 else collectives.all_gather_objects(value)

    def broadcast(self, tensor: Tensor) -> None:
        """Overwrite the tensor with that of rank 0."""
        if self.size > 1:
            collectives.broadcast(tensor)

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
        result, error = collectives.broadcast_object((result, error))
        if error is not None:
            raise error
        return result

    def barrier(self) -> None:
        """Wait until every rank has come here."""
        if self.size > 1:
            dist.barrier()


SINGLE_PROCESS = ProcessGroup()


def from_environment() -> ProcessGroup:
    """The process group that torchrun describes in the environment; else a single process."""
    if not dist.is_available() or int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return SINGLE_PROCESS
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    missing = [name for name in (*names, "MASTER_ADDR") if name not in os.environ]
    if missing:
        raise DeviceError(
            f"the environment sets WORLD_SIZE={os.environ['WORLD_SIZE']}, but not "
            f"{', '.join(missing)}: start the script with torchrun --nproc-per-node N script.py, "
            "or unset WORLD_SIZE"
        )
    return ProcessGroup(*(int(os.environ[name]) for name in names))


def _leave() -> None:
    """Destroy the process group before Python shuts down.

    The threads of the collectives return tensors to Python once more, and would abort the program
    if the interpreter were gone by then.
    """
    if dist.is_initialized():
        dist.destroy_process_group()
        time.sleep(SECONDS_TO_LEAVE)
