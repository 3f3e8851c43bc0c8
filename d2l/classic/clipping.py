"""Gradient clipping for loops written by hand."""

from typing import Any

import torch
from torch import nn


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
    grads = [param.grad for param in params if param.grad is not None]
    if grads:
        norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in grads]))
        factor = torch.clamp(theta / norm, max=1.0)
        for grad in grads:
            grad.mul_(factor)
