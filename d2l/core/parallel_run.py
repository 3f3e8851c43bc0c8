"""A run in several processes: its model learns in all of them as one."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import torch

from d2l.base.batches import checksum
from d2l.core.lazy_layers import dry_training_step
from d2l.core.unregistered import trainable_tensors, trainable_unregistered_tensors
from d2l.errors import ModelError
from d2l.scale.data_parallel import ParallelStep, check_can_shard, data_parallel

if TYPE_CHECKING:
    from d2l.core.run import Run


@contextmanager
def parallel(run: "Run") -> Iterator[None]:
    """Inside, the model learns in all processes as one; in a single process nothing changes."""
    if run.group.size == 1:
        yield
        return
    unregistered = trainable_unregistered_tensors(run.model)
    strategy = run.config.strategy
    if strategy == "fsdp":
        check_can_shard(unregistered, None, run.model)
    has_unused = strategy != "fsdp" and bool(run.group.max(_leaves_some_unused(run)))

    def weight() -> float:
        return run.num_local / run.num_global * run.group.size

    with data_parallel(run.model, unregistered, run.group, strategy, weight, has_unused):
        yield


def check_optimizer(run: "Run") -> None:
    """Raise if the optimizer holds what the model had before it was sharded."""
    if run.group.size > 1 and run.config.strategy == "fsdp":
        check_can_shard([], run.optimizer, run.model)


def no_sync(model: torch.nn.Module) -> AbstractContextManager[Any]:
    """Inside, a backward pass keeps its gradients in its process, for they are sent later."""
    step = vars(model).get("training_step")
    return step.no_sync() if isinstance(step, ParallelStep) else nullcontext()


def check_step_was_parallel(model: torch.nn.Module) -> None:
    """Raise if a training batch went by without the step that exchanges gradients."""
    step = vars(model).get("training_step")
    if isinstance(step, ParallelStep) and step.num_calls == 0:
        raise ModelError(
            f"a batch was trained on without {type(model).__name__}.training_step, so its "
            "gradients stayed in their process: call self.model.training_step(batch) in your "
            "fit_epoch, or train in one process"
        )


def check_weights_agree(run: "Run") -> None:
    """Raise if the processes have come to hold different weights."""
    if run.group.size == 1 or run.config.strategy == "fsdp":
        return
    if len(set(run.group.all_gather(checksum(trainable_tensors(run.model))))) > 1:
        raise ModelError(
            f"the processes hold different weights of {type(run.model).__name__} after epoch "
            f"{run.position.epoch}: a step bypassed self.model.training_step(batch), or changed "
            "the weights by what is not the same in every process. Train in one process, or fix "
            "the step"
        )


def _leaves_some_unused(run: "Run") -> bool:
    """Whether a dry step gives some tensor that learns no gradient."""
    learning = trainable_tensors(run.model)
    with torch.enable_grad():
        loss = dry_training_step(run)
    grads = torch.autograd.grad(loss, learning, allow_unused=True)
    return any(grad is None for grad in grads)
