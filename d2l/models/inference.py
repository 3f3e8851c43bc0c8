"""What predicting needs of any model: a quiet moment, and where its parameters are."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from d2l.core.tensors import trainable_tensors


@contextmanager
def predicting(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; the model then goes on as it was."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)


def device_of(model: nn.Module, otherwise: torch.device | str | None = None) -> torch.device:
    """Where the model's parameters are; `otherwise`, or the CPU, if it has none."""
    tensors = trainable_tensors(model)
    return tensors[0].device if tensors else torch.device(otherwise or "cpu")
