"""Prepare a model for a run: initialize lazy layers, and set up data-parallel training."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import torch

from d2l.base.batches import checksum, peek
from d2l.base.context_managers import evaluating
from d2l.core.board import ProgressBoard
from d2l.core.checks import has_lazy_layers
from d2l.core.unregistered import trainable_tensors, trainable_unregistered_tensors
from d2l.errors import ModelError
from d2l.scale.data_parallel import ParallelStep, check_can_shard, data_parallel

if TYPE_CHECKING:
    from d2l.core.training.run import Run

LIBRARY = "d2l."


def initialise_lazy_layers(run: "Run") -> None:
    """Initialize lazy layers by a forward pass over a first batch, before the optimizer is made.

    The pass is in evaluation mode and uses random generators only for the initial weights. If the
    model's step, its forward pass or `prepare_batch` is user-defined, or the loader can be read
    only once, nothing is run: the first training step initializes them, as in 1.0.3. With several
    processes the shapes are required, so there the training step itself is run.
    """
    model, loader = run.model, run.trainer.train_dataloader
    if not has_lazy_layers(model):
        return
    if run.group.size > 1:
        with torch.no_grad():
            dry_training_step(run)
        return
    methods = (type(model).training_step, type(model).forward, type(run.trainer).prepare_batch)
    is_library = all(method.__module__.startswith(LIBRARY) for method in methods)
    own = {"training_step", "forward"} & vars(model).keys()
    if not is_library or own or isinstance(loader.loader, Iterator):
        return
    batch = run.batch = peek(loader.source, run.device)
    if isinstance(batch, (tuple, list)) and len(batch) >= 2:
        with torch.no_grad(), evaluating(model):
            model(*batch[:-1])
    run.batch = None


def dry_training_step(run: "Run") -> Any:
    """Return the loss of a first batch, without changing the model or the board."""
    model, board = run.model, run.model.board
    model.board = ProgressBoard(display=False)
    table, run.table = run.table, _Discard()  # type: ignore[assignment]
    try:
        with evaluating(model):  # no dropout, and no update of batch norm statistics
            batch = run.batch = peek(run.trainer.train_dataloader.source, run.device)
            return model.training_step(run.trainer.prepare_batch(batch))
    finally:
        model.board, run.table = board, table
        run.batch = None


class _Discard:
    """A result table that discards the values of a dry step."""

    def write(self, name: str, value: Any) -> None:
        """Discard the value."""


@contextmanager
def parallel(run: "Run") -> Iterator[None]:
    """Context in which the model is trained data-parallel; no effect in a single process."""
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
    """Raise if the optimizer holds parameters from before the model was sharded."""
    if run.group.size > 1 and run.config.strategy == "fsdp":
        check_can_shard([], run.optimizer, run.model)


def no_sync(model: torch.nn.Module) -> AbstractContextManager[Any]:
    """Context in which a backward pass does not all-reduce its gradients."""
    step = vars(model).get("training_step")
    return step.no_sync() if isinstance(step, ParallelStep) else nullcontext()


def check_step_was_parallel(model: torch.nn.Module) -> None:
    """Raise if a training batch was processed without the step that all-reduces gradients."""
    step = vars(model).get("training_step")
    if isinstance(step, ParallelStep) and step.num_calls == 0:
        raise ModelError(
            f"a batch was processed without {type(model).__name__}.training_step, so its "
            "gradients were not all-reduced; call self.model.training_step(batch) in "
            "fit_epoch, or train in one process"
        )


def check_weights_agree(run: "Run") -> None:
    """Raise if the weights differ between the processes."""
    if run.group.size == 1 or run.config.strategy == "fsdp":
        return
    if len(set(run.group.all_gather(checksum(trainable_tensors(run.model))))) > 1:
        raise ModelError(
            f"the weights of {type(run.model).__name__} differ between processes after epoch "
            f"{run.position.epoch}: a step bypassed self.model.training_step(batch), or changed "
            "the weights by values that differ between processes. Train in one process, or fix "
            "the step"
        )


def _leaves_some_unused(run: "Run") -> bool:
    """Whether some trainable tensor gets no gradient in a dry step."""
    trainable = trainable_tensors(run.model)
    with torch.enable_grad():
        loss = dry_training_step(run)
    grads = torch.autograd.grad(loss, trainable, allow_unused=True)
    return any(grad is None for grad in grads)
