"""A run in several processes: how the trainer's model comes to learn in all of them as one."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch

from d2l.base.batches import checksum
from d2l.core.tensors import trainable_plain_tensors, trainable_tensors
from d2l.errors import ModelError
from d2l.scale.parallel import SharedStep, check_can_shard, sharing


@contextmanager
def as_one(run: Any) -> Iterator[None]:
    """Inside, `run.model` learns in all processes of `run.world` as one; alone nothing changes."""
    if run.world.size == 1:
        yield
        return
    model = run.model
    plain = trainable_plain_tensors(model)
    is_sharded = run.strategy == "fsdp"
    if is_sharded:
        check_can_shard(plain, None, model)
    has_unused = not is_sharded and bool(run.world.highest(_leaves_some_unused(run)))

    def weight() -> float:
        return float(run.progress.share * run.world.size)

    with sharing(model, plain, run.world, run.strategy, weight, has_unused):
        yield


def check_optimizer(run: Any) -> None:
    """Raise if the optimizer holds what the model had before it was sharded."""
    if run.world.size > 1 and run.strategy == "fsdp":
        check_can_shard([], run.optim, run.model)


def without_exchange(run: Any) -> AbstractContextManager[Any]:
    """Inside, a backward pass keeps its gradients in its process, for they are sent later."""
    step = vars(run.model).get("training_step")
    return step.without_exchange() if isinstance(step, SharedStep) else nullcontext()


def check_step_was_shared(run: Any) -> None:
    """Raise if a training batch went by without the step that exchanges gradients."""
    step = vars(run.model).get("training_step")
    if isinstance(step, SharedStep) and step.num_calls == 0:
        raise ModelError(
            f"a batch was trained on without {type(run.model).__name__}.training_step, so its "
            "gradients stayed in their process: call self.model.training_step(batch) in your "
            "fit_epoch or train_batch, or train in one process"
        )


def check_weights_agree(run: Any) -> None:
    """Raise if the processes have come to hold different weights."""
    if run.world.size == 1 or run.strategy == "fsdp":
        return
    if len(set(run.world.gather(checksum(trainable_tensors(run.model))))) > 1:
        raise ModelError(
            f"the processes hold different weights of {type(run.model).__name__} after epoch "
            f"{run.epoch + 1}: a step went round self.model.training_step(batch), or changed the "
            "weights by what is not the same in every process. Train in one process, or mend the "
            "step"
        )


def _leaves_some_unused(run: Any) -> bool:
    """Whether a dry step gives some tensor that learns no gradient."""
    learning = trainable_tensors(run.model)
    with torch.enable_grad():
        loss = run.dry_step()
    grads = torch.autograd.grad(loss, learning, allow_unused=True)
    return any(grad is None for grad in grads)
