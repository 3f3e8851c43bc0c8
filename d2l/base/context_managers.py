"""Context managers: a model in evaluation mode, and Python's garbage collector paused."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside; then each part is in the mode it was in, frozen parts too."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, was_training in modes.items():
            module.training = was_training


@contextmanager
def collector_paused() -> Iterator[None]:
    """Leave the collector off while lists are made that hold no cycles; then as it was."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
