"""What a trained classifier says of one example."""

from typing import Any

import torch
from torch import nn

from d2l.base.devices import cpu, move
from d2l.base.modes import evaluating


def most_likely_class(net: nn.Module, X: Any) -> int:
    """The number of the class with the largest output for a batch of one; without dropout.

    `net` computes where its parameters are, and is left in the mode it was in.
    """
    device = next((parameter.device for parameter in net.parameters()), cpu())
    with evaluating(net), torch.no_grad():
        return int(net(move(X, device)).reshape(-1).argmax())
