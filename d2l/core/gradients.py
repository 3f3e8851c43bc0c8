"""Gradients of a whole model: clipped together, or accumulated over several batches."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from d2l.core import parallel_run
from d2l.core.unregistered import trainable_tensors
from d2l.scale.sharded_checkpoint import full_state

if TYPE_CHECKING:
    from d2l.core.run import Run
    from d2l.core.trainer import Trainer


def zero_grad(optimizer: Any) -> None:
    """`optimizer.zero_grad()`; PyTorch's own does its work, without the profiler's record of it.

    That record takes longer than the work, as long as a tenth of a small step.
    """
    is_pytorchs = getattr(type(optimizer), "zero_grad", None) is _OF_PYTORCH
    if is_pytorchs and "zero_grad" not in vars(optimizer):
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = None
    else:
        optimizer.zero_grad()


_OF_PYTORCH = torch.optim.Optimizer.zero_grad


def scale_to_norm(grads: Sequence[Tensor], most: float) -> None:
    """Scale the gradients in place so that the norm of all together is at most `most`."""
    if not grads:
        return
    norms = torch.stack([torch.linalg.vector_norm(grad) for grad in grads])
    factor = torch.clamp(most / full_state(torch.linalg.vector_norm(norms)), max=1.0)
    for grad in grads:
        grad.mul_(factor)


def accumulate_gradients(trainer: "Trainer", run: "Run", batch: Any) -> None:
    """Train on one of `accumulate` batches that make an update together, as one large batch does.

    Every example counts equally; at the end of an epoch fewer batches may make an update.
    """
    done, accumulate = run.position.batch, run.config.accumulate
    is_first = done % accumulate == 0
    is_last = (done + 1) % accumulate == 0 or done + 1 == run.num_train_batches
    with nullcontext() if is_last else parallel_run.no_sync(run.model):
        loss = run.model.training_step(batch)
        run.check_step(loss)
        if is_first:
            trainer.optim.zero_grad()
            run.num_accumulated = 0
        (loss * run.num_global).backward()
    run.num_accumulated += run.num_global
    if not is_last:
        return
    with torch.no_grad():
        for tensor in trainable_tensors(run.model):
            if tensor.grad is not None:
                tensor.grad.div_(run.num_accumulated)
        if trainer.gradient_clip_val > 0:
            trainer.clip_gradients(trainer.gradient_clip_val, trainer.model)
        trainer.optim.step()
