"""What a trained classifier says of one example."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from d2l.base.devices import cpu, move
from d2l.base.modes import evaluating


def most_likely_class(net: Callable[..., Tensor], X: Any) -> int:
    """The number of the class with the largest output for a batch of one; without dropout.

    A module computes where its parameters are, and is left in the mode it was in; a function is
    given tensors on the CPU.
    """
    parameters = net.parameters() if isinstance(net, nn.Module) else ()
    device = next((parameter.device for parameter in parameters), cpu())
    mode = evaluating(net) if isinstance(net, nn.Module) else nullcontext()
    with mode, torch.no_grad():
        return int(net(move(X, device)).reshape(-1).argmax())
