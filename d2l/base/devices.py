"""The book's functions for devices: CUDA GPUs first, then Apple's MPS."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from d2l.errors import DeviceError


def cpu() -> torch.device:
    """Return the CPU device.

    >>> d2l.cpu()
    device(type='cpu')

    Book: 6.7 GPUs
    """
    return torch.device("cpu")


def gpu(i: int = 0) -> torch.device:
    """Return the `i`-th GPU, existing or not: `cuda:i`, or `mps` on a Mac without CUDA.

    >>> d2l.gpu(1).index
    1

    Book: 6.7 GPUs
    """
    if _has_mps_only():
        return torch.device("mps", i)
    return torch.device("cuda", i)


def num_gpus() -> int:
    """Return the number of available GPUs; Apple's MPS counts as one.

    >>> gpus = [d2l.gpu(i) for i in range(d2l.num_gpus())]

    Book: 6.7 GPUs
    """
    return 1 if _has_mps_only() else torch.cuda.device_count()


def try_gpu(i: int = 0) -> torch.device:
    """Return `gpu(i)` if it exists, otherwise the CPU.

    >>> d2l.try_gpu(100)
    device(type='cpu')

    Book: 6.7 GPUs
    """
    return gpu(i) if i < num_gpus() else cpu()


def try_all_gpus() -> list[torch.device]:
    """Return all GPUs, or `[cpu()]` if there is none.

    >>> d2l.try_all_gpus()[0] == d2l.try_gpu()
    True

    Book: 6.7 GPUs
    """
    return [gpu(i) for i in range(num_gpus())] or [cpu()]


def usable(device: torch.device | str) -> torch.device:
    """Return the device of this name, with its index; raise `DeviceError` if it is not usable."""
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise DeviceError(
            f"the device {str(device)!r} cannot be used here ({reason}). `d2l doctor` lists the "
            "available devices; d2l.try_gpu() returns a GPU if there is one, otherwise the CPU"
        ) from error


def current_device(device: torch.device) -> AbstractContextManager[Any]:
    """Return a context in which this device is CUDA's current device."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def move(value: Any, device: torch.device) -> Any:
    """Move all tensors in `value` to `device`: a tensor, or tuples, lists and mappings of them.

    A tensor that is already there is returned unchanged. Copies from pinned memory are
    asynchronous.
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
