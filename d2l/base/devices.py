"""Which devices there are, by the book's names: CUDA GPUs first, then Apple's MPS."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from d2l.errors import DeviceError


def cpu() -> torch.device:
    """The CPU.

    >>> d2l.cpu()
    device(type='cpu')

    Book: 6.7 GPUs
    """
    return torch.device("cpu")


def gpu(i: int = 0) -> torch.device:
    """The `i`-th GPU, whether or not it is there: `cuda:i`, or `mps` on a Mac that has no CUDA.

    >>> d2l.gpu(1).index
    1

    Book: 6.7 GPUs
    """
    if _has_mps_only():
        return torch.device("mps", i)
    return torch.device("cuda", i)


def num_gpus() -> int:
    """How many GPUs there are; Apple's MPS counts as one.

    >>> gpus = [d2l.gpu(i) for i in range(d2l.num_gpus())]

    Book: 6.7 GPUs
    """
    return 1 if _has_mps_only() else torch.cuda.device_count()


def try_gpu(i: int = 0) -> torch.device:
    """`gpu(i)` if it exists, else the CPU.

    >>> d2l.try_gpu(100)
    device(type='cpu')

    Book: 6.7 GPUs
    """
    return gpu(i) if i < num_gpus() else cpu()


def try_all_gpus() -> list[torch.device]:
    """Every GPU, or `[cpu()]` where there is none.

    >>> d2l.try_all_gpus()[0] == d2l.try_gpu()
    True

    Book: 6.7 GPUs
    """
    return [gpu(i) for i in range(num_gpus())] or [cpu()]


def usable(device: torch.device | str) -> torch.device:
    """The device of this name, with its number; raises `DeviceError` if tensors cannot be there."""
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise DeviceError(
            f"the device {str(device)!r} cannot be used here ({reason}). `d2l doctor` lists what "
            "can; d2l.try_gpu() is the best of it"
        ) from error


def current_device(device: torch.device) -> AbstractContextManager[Any]:
    """Inside, this device is the one that CUDA uses where none is named."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def move(value: Any, device: torch.device) -> Any:
    """`value` with each tensor in it on `device`: tensors, tuples, lists and mappings of them.

    A value with nothing to move is returned as it is. Copies from pinned memory are not waited for.
    """
    if isinstance(value, Tensor):
        return value if value.device == device else value.to(device, non_blocking=True)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(move(item, device) for item in value))
    if isinstance(value, (list, tuple)):
        return type(value)(move(item, device) for item in value)
    if isinstance(value, Mapping):
        return {key: move(item, device) for key, item in value.items()}
    return value


def _has_mps_only() -> bool:
    return not torch.cuda.is_available() and torch.backends.mps.is_available()
