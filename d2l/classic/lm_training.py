"""Training a language model for a number of steps, with any optimizer."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from d2l.base.devices import move
from d2l.core.module import batch_parts
from d2l.errors import DataError
from d2l.models.inference import device_of


def train_lm(model: nn.Module, data: Any, optimizer: Any, num_steps: int) -> list[float]:
    """Train on `num_steps` batches and return the loss of each.

    `data` gives batches `(X, Y)` of token numbers (batch, num_steps), as a data module or a loader;
    it is gone over again and again. `model(X)` are logits (batch, num_steps, vocab_size), and the
    loss is their cross-entropy. `optimizer` may be a list of several, each for its own parameters.

    >>> data = d2l.Tale(batch_size=32, num_steps=16, num_train=3000, num_val=500)
    >>> model = d2l.TinyLM(len(data.vocab), d_model=32)
    >>> losses = d2l.train_lm(model, data, torch.optim.AdamW(model.parameters(), lr=0.01), 20)
    >>> len(losses), losses[-1] < losses[0]
    (20, True)

    Book: 12 Optimization algorithms (2026)
    """
    optimizers = list(optimizer) if isinstance(optimizer, (list, tuple)) else [optimizer]
    batches = _endless(data.train_dataloader() if hasattr(data, "train_dataloader") else data)
    device = device_of(model)
    model.train()
    losses = []
    for _ in range(num_steps):
        X, Y = batch_parts(model, move(next(batches), device))
        logits = model(X)
        l = F.cross_entropy(logits.flatten(0, -2), Y.flatten())
        for each in optimizers:
            each.zero_grad()
        l.backward()
        for each in optimizers:
            each.step()
        losses.append(l.detach())
    return torch.stack(losses).tolist() if losses else []  # waits for the device once


def _endless(loader: Any) -> Iterator[Any]:
    """The batches of a loader, over and over; those of an iterator are kept for it."""
    source = list(loader) if iter(loader) is loader else loader
    while True:
        num_batches = 0
        for batch in source:
            num_batches += 1
            yield batch
        if num_batches == 0:
            raise DataError(
                "data gave no batches: give a data module with training examples, or a loader of "
                "batches (X, Y)"
            )
