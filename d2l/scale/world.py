"""Which of how many processes this one is, and the few words that they exchange.

torchrun starts the processes and tells each its place; without it there is one process, and every
exchange is with itself. Knows nothing of models.
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
from d2l.scale import exchange

Value = TypeVar("Value")
SECONDS_TO_LEAVE = 0.2


@dataclass(frozen=True)
class World:
    """The place of this process among all of a run, and what it can say to them.

    `local_rank` and `local_size` count the processes on this machine.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this is the process that draws, prints and writes."""
        return self.rank == 0

    def join(self, device: torch.device) -> None:
        """Meet the other processes; the first to come wait for the rest."""
        if self.size == 1 or dist.is_initialized():
            return
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        if device.type == "cuda":
            torch.cuda.set_device(device)
        dist.init_process_group(backend, store=_store(), rank=self.rank, world_size=self.size)
        atexit.register(_leave)

    def device(self, asked: torch.device | None) -> torch.device | None:
        """The device of this process; None where there is one process and no wish."""
        if self.size == 1 or (asked is not None and asked.type == "cpu"):
            return asked
        found = num_gpus()
        if found == 0:
            return cpu()
        if found < self.local_size:
            raise DeviceError(
                f"{self.local_size} processes on this machine, and {found} GPUs: start one for "
                f"each GPU, torchrun --nproc-per-node {found} …, or keep to the CPU with "
                'd2l.Trainer(…, device="cpu")'
            )
        return usable(gpu(self.local_rank))

    def sum(self, tensor: Tensor) -> Tensor:
        """The sum of the tensors that the processes hand in; `tensor` itself is overwritten."""
        if self.size > 1:
            exchange.add_up(tensor)
        return tensor

    def highest(self, value: int) -> int:
        """The highest of the numbers that the processes hand in."""
        return max(self.gather(value))

    def gather(self, value: Value) -> list[Value]:
        """What each process hands in, by rank."""
        return [value] if self.size == 1 else exchange.gather_objects(value)

    def share(self, tensor: Tensor) -> None:
        """Overwrite the tensor with that of the first process."""
        if self.size > 1:
            exchange.overwrite(tensor)

    def from_main(self, make: Callable[[], Value]) -> Value:
        """What `make()` gives in the first process; an error there is raised in each."""
        if self.size == 1:
            return make()
        answer: tuple[str, Any] = ("", None)
        if self.is_main:
            try:
                answer = "made", make()
            except Exception as error:
                answer = "failed", error
        how, what = exchange.object_of_first(answer)
        if how == "failed":
            raise what
        return what

    def wait(self) -> None:
        """Go on when every process has come here."""
        if self.size > 1:
            dist.barrier()


ALONE = World()


def launched() -> World:
    """The place that torchrun gave this process, or that of one process alone."""
    if not dist.is_available() or int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return ALONE
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    missing = [name for name in (*names, "MASTER_ADDR") if name not in os.environ]
    if missing:
        raise DeviceError(
            f"the environment says WORLD_SIZE={os.environ['WORLD_SIZE']}, but not "
            f"{', '.join(missing)}: start the script with torchrun --nproc-per-node N script.py, "
            "or unset WORLD_SIZE"
        )
    return World(*(int(os.environ[name]) for name in names))


def _store() -> dist.Store:
    """Where the processes find each other's addresses.

    torchrun keeps one store for all its restarts: under a name of their own, restarted processes
    do not take the addresses of dead ones for those of the living.
    """
    store, _, _ = next(dist.rendezvous("env://"))
    return dist.PrefixStore(f"restart-{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)


def _leave() -> None:
    """Part from the others, before Python takes itself down.

    The threads that exchanged tensors give them back to Python once more, and would abort the
    program if Python were gone by then.
    """
    if dist.is_initialized():
        dist.destroy_process_group()
        time.sleep(SECONDS_TO_LEAVE)
