"""Gradient clipping for loops written by hand."""

from typing import Any

from torch import nn

from d2l.core.gradients import scale_to_norm


def grad_clipping(net: Any, theta: float) -> None:
    """Scale all gradients together, in place, so that their norm is at most `theta`.

    `net` is an `nn.Module`, or has a list of tensors `params`. Tensors without a gradient are
    passed over; nothing waits for the device.

    >>> net = torch.nn.Linear(1, 1, bias=False)
    >>> net(torch.tensor([[5.0]])).sum().backward()
    >>> d2l.grad_clipping(net, 2)
    >>> net.weight.grad
    tensor([[2.]])

    Book: 23.7 Utility functions and classes
    """
    params = list(net.parameters()) if isinstance(net, nn.Module) else list(net.params)
    scale_to_norm([param.grad for param in params if param.grad is not None], theta)
