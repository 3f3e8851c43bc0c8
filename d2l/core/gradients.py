"""Gradients of a whole model: clipped together, or gathered over several batches."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from d2l.core import team
from d2l.core.tensors import trainable_tensors
from d2l.scale.sharded import whole


def scale_to_norm(grads: Sequence[Tensor], most: float) -> None:
    """Scale the gradients in place so that the norm of all together is at most `most`."""
    if not grads:
        return
    norms = torch.stack([torch.linalg.vector_norm(grad) for grad in grads])
    factor = torch.clamp(most / whole(torch.linalg.vector_norm(norms)), max=1.0)
    for grad in grads:
        grad.mul_(factor)


def gather_gradients(run: Any, batch: Any) -> None:
    """Train on one of `run.accumulate` batches that make a step together, as one large batch does.

    Every example weighs the same; at the end of an epoch fewer batches may make a step.
    """
    done, progress = run.progress.num_batches_in_pass, run.progress
    is_first = done % run.accumulate == 0
    is_last = (done + 1) % run.accumulate == 0 or done + 1 == run.num_train_batches
    with nullcontext() if is_last else team.without_exchange(run):
        loss = run.model.training_step(batch)
        run.check_loss(loss)
        if is_first:
            run.optim.zero_grad()
            progress.num_gathered = 0
        (loss * progress.num_whole).backward()
    progress.num_gathered += progress.num_whole
    if is_last:
        for tensor in trainable_tensors(run.model):
            if tensor.grad is not None:
                tensor.grad.div_(progress.num_gathered)
        run.update()


def is_between_updates(run: Any) -> bool:
    """Whether no gradient waits for further batches."""
    done = run.progress.num_batches_in_pass
    return bool(done % run.accumulate == 0 or done == run.num_train_batches)
