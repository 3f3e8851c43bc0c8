"""Trains a model on several processes at once, through PyTorch's DDP or FSDP2.

During a run, `model.training_step` is a `ParallelStep`: its caller gets the loss of this
rank's shard of the batch, and `backward` computes on every rank the gradient of the whole batch.
Shards of unequal size are weighted by their number of examples.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from d2l.errors import ModelError
from d2l.scale.process_group import ProcessGroup
from d2l.scale.sharded_checkpoint import is_sharded

STRATEGIES = ("ddp", "fsdp")


class ParallelStep:
    """Replaces a model's `training_step`, and counts its calls."""

    def __init__(self, step: Callable[[Any], Any], weight: Callable[[], float]) -> None:
        self._step, self._weight = step, weight
        self.num_calls = 0

    def __call__(self, batch: Any) -> Any:
        self.num_calls += 1
        loss, weight = self._step(batch), self._weight()
        if weight == 1 or not isinstance(loss, Tensor) or not loss.requires_grad:
            return loss
        loss = loss.view_as(loss)  # so that the hook applies to this step only
        loss.register_hook(lambda grad: grad * weight)  # the value of the loss is unchanged
        return loss

    def no_sync(self) -> AbstractContextManager[Any]:
        """Context in which gradients accumulate locally, without an all-reduce."""
        return self._step.no_sync() if hasattr(self._step, "no_sync") else nullcontext()


@contextmanager
def data_parallel(
    model: nn.Module,
    unregistered: Sequence[Tensor],
    group: ProcessGroup,
    strategy: str,
    weight: Callable[[], float],
    has_unused: bool,
) -> Iterator[None]:
    """Context in which the ranks of `group` train one model, starting from rank 0's weights.

    `unregistered` tensors are trained too, but are not parameters of the model. `weight()` is the
    weight of this rank's shard of the current batch: 1 if all are equal. `has_unused`: the step may
    leave some parameter without a gradient.
    """
    if not is_sharded(model):
        for tensor in (*model.parameters(), *model.buffers(), *unregistered):
            group.broadcast(tensor.data)
    step: Callable[[Any], Any]
    if strategy == "fsdp":
        step = _shard(model, group)
    else:
        step = DistributedDataParallel(
            _StepModule(model, unregistered), find_unused_parameters=has_unused
        )
    vars(model)["training_step"] = ParallelStep(step, weight)
    try:
        yield
    finally:
        vars(model).pop("training_step", None)


def check_strategy(strategy: str) -> None:
    """Raise `ValueError` for an unknown strategy."""
    if strategy not in STRATEGIES:
        raise ValueError(
            f"strategy must be one of {', '.join(STRATEGIES)}; found {strategy!r}. "
            'E.g. d2l.Trainer(max_epochs=10, strategy="fsdp")'
        )


def check_can_shard(unregistered: Sequence[Tensor], optimizer: Any, model: nn.Module) -> None:
    """Raise `ModelError` if FSDP would not train a tensor, or not update what it sharded."""
    if unregistered:
        raise ModelError(
            f"{type(model).__name__} trains {len(unregistered)} unregistered tensors, which FSDP "
            'cannot shard; make them nn.Parameter, or train with strategy="ddp"'
        )
    known = {id(parameter) for parameter in model.parameters()}
    groups = getattr(optimizer, "param_groups", [])
    if any(id(parameter) not in known for group in groups for parameter in group["params"]):
        raise ModelError(
            "the optimizer was created before the model was sharded, and holds other parameters; "
            "create it in configure_optimizers(self), which is called after sharding"
        )


def blocks(model: nn.Module) -> list[nn.Module]:
    """Return the modules that FSDP gathers and frees one after the other.

    These are the members of the outermost `nn.Sequential` and `nn.ModuleList` that have parameters.
    """
    if isinstance(model, (nn.Sequential, nn.ModuleList)):
        return [part for part in model.children() if any(True for _ in part.parameters())]
    return [block for part in model.children() for block in blocks(part)]


class _StepModule(nn.Module):
    """The step as a module, with all trainable tensors as its parameters, for DDP."""

    def __init__(self, model: nn.Module, unregistered: Sequence[Tensor]) -> None:
        super().__init__()
        self.model = model
        self._run: Callable[[Any], Any] = model.training_step  # type: ignore[assignment]
        for i, tensor in enumerate(unregistered):
            self._parameters[f"unregistered_{i}"] = tensor  # type: ignore[assignment]

    def forward(self, batch: Any) -> Any:
        return self._run(batch)


def _shard(model: nn.Module, group: ProcessGroup) -> Callable[[Any], Any]:
    """Shard each block and then the rest of the model; returns its step."""
    try:
        from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method
    except ImportError as error:
        raise ModelError(
            f'strategy="fsdp" needs PyTorch 2.6 or later; found {torch.__version__}. Run '
            'pip install --upgrade torch, or train with strategy="ddp"'
        ) from error
    device_type = next(model.parameters()).device.type
    mesh = torch.distributed.device_mesh.init_device_mesh(device_type, (group.size,))
    if not is_sharded(model):  # an earlier run may have sharded it
        for module in (*blocks(model), model):
            fully_shard(module, mesh=mesh)
    register_fsdp_forward_method(model, "training_step")
    register_fsdp_forward_method(model, "validation_step")
    return vars(model)["training_step"]
