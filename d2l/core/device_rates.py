"""Learning rates on the device, so that a captured step reads them instead of baking them in."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

OPTIMIZERS = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)  # take a tensor as their rate


def rates_in(optimizer: Any) -> list[Any]:
    """The learning rate of each group; none of what is not PyTorch's optimizer."""
    return [group.get("lr") for group in getattr(optimizer, "param_groups", [])]


def can_be_on_device(optimizer: Any, model: torch.nn.Module, device: torch.device) -> bool:
    """Whether this optimizer computes the same with its rates on the device, without reading them.

    SGD does in its fused form, which knows neither sparse gradients nor complex parameters, and
    which on a CPU rounds differently.
    """
    if type(optimizer) not in OPTIMIZERS or not all(type(r) is float for r in rates_in(optimizer)):
        return False
    if type(optimizer) is torch.optim.SGD and device.type == "cpu":
        return False
    if any(getattr(module, "sparse", False) for module in model.modules()):
        return False
    return all(
        not group.get("foreach")
        and not group.get("differentiable")
        and all(parameter.is_floating_point() for parameter in group["params"])
        for group in optimizer.param_groups
    )


class DeviceRates:
    """The rates of an optimizer as tensors on a device, for the time of a pass.

    Between two passes they are the numbers that readers and schedulers know.
    """

    def __init__(self, optimizer: Any, device: torch.device) -> None:
        self._groups = optimizer.param_groups
        self._is_sgd = type(optimizer) is torch.optim.SGD
        self._rates = [torch.zeros((), device=device) for _ in self._groups]

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Inside, the optimizer reads its rates from the device."""
        before = [(group["lr"], group.get("fused")) for group in self._groups]
        for group, rate in zip(self._groups, self._rates, strict=True):
            group["lr"] = rate.fill_(group["lr"])
            if self._is_sgd:
                group["fused"] = True
        try:
            yield
        finally:
            for group, (rate, is_fused) in zip(self._groups, before, strict=True):
                group["lr"] = rate
                if self._is_sgd:
                    group["fused"] = is_fused
