"""A model that learns in many processes at once, through PyTorch's DDP or FSDP2.

For as long as a run lasts, `model.training_step` is a `SharedStep`: whoever calls it, our loop or a
reader's, gets the loss of this process's part of the batch, and `backward` leaves in every process
the gradient of the whole batch. Parts of unequal size weigh as much as they have examples.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from d2l.errors import ModelError
from d2l.scale.world import World

STRATEGIES = ("ddp", "fsdp")


class SharedStep:
    """Stands in for a model's `training_step`, and counts how often it was called."""

    def __init__(self, step: Callable[[Any], Any], weight: Callable[[], float]) -> None:
        self._step, self._weight = step, weight
        self.num_calls = 0

    def __call__(self, batch: Any) -> Any:
        self.num_calls += 1
        loss, weight = self._step(batch), self._weight()
        if weight == 1 or not isinstance(loss, Tensor):
            return loss
        return _WeightedBackward.apply(loss, weight)

    def without_exchange(self) -> AbstractContextManager[Any]:
        """Inside, gradients stay in their process: those of several batches are sent at once."""
        return self._step.no_sync() if hasattr(self._step, "no_sync") else nullcontext()


@contextmanager
def sharing(
    model: nn.Module,
    plain_tensors: Sequence[Tensor],
    world: World,
    strategy: str,
    weight: Callable[[], float],
    has_unused: bool,
) -> Iterator[None]:
    """Inside, the processes of `world` train this model as one.

    They begin with the first one's weights. `plain_tensors` learn too, but are no parameters of
    the model. `weight()` is how much this process's part of the batch counts: 1 if all are equal.
    `has_unused` says that the step may leave some parameter without a gradient.
    """
    if not _is_sharded(model):
        for tensor in (*model.parameters(), *model.buffers(), *plain_tensors):
            world.share(tensor.data)
    step = _sharded(model, world) if strategy == "fsdp" else _replicated(
        model, plain_tensors, has_unused
    )  # fmt: skip
    vars(model)["training_step"] = SharedStep(step, weight)
    try:
        yield
    finally:
        vars(model).pop("training_step", None)


def check_strategy(strategy: str) -> None:
    """Raise unless this is one of the strategies there are."""
    if strategy not in STRATEGIES:
        raise ValueError(
            f"strategy must be one of {', '.join(STRATEGIES)}; found {strategy!r}. "
            'E.g. d2l.Trainer(max_epochs=10, strategy="fsdp")'
        )


def check_can_shard(plain_tensors: Sequence[Tensor], optimizer: Any, model: nn.Module) -> None:
    """Raise where sharding the model would leave the optimizer, or a tensor, behind."""
    if plain_tensors:
        raise ModelError(
            f"{type(model).__name__} learns {len(plain_tensors)} plain tensors, which FSDP cannot "
            'shard: make them nn.Parameter, or train with strategy="ddp"'
        )
    if optimizer is None:
        return
    known = {id(parameter) for parameter in model.parameters()}
    groups = getattr(optimizer, "param_groups", [])
    if any(id(parameter) not in known for group in groups for parameter in group["params"]):
        raise ModelError(
            "the optimizer was made before the model was sharded, and holds other parameters: "
            "make it in configure_optimizers(self), which is called afterwards"
        )


class _Step(nn.Module):
    """A step as a module, so that DDP finds every tensor that learns."""

    def __init__(self, model: nn.Module, plain_tensors: Sequence[Tensor]) -> None:
        super().__init__()
        self.model = model
        self._run: Callable[[Any], Any] = model.training_step  # type: ignore[assignment]
        for i, tensor in enumerate(plain_tensors):
            self._parameters[f"plain_{i}"] = tensor  # type: ignore[assignment]

    def forward(self, batch: Any) -> Any:
        return self._run(batch)


class _WeightedBackward(torch.autograd.Function):
    """The loss as it is, whose gradient counts `weight` times."""

    @staticmethod
    def forward(ctx: Any, loss: Tensor, weight: float) -> Tensor:
        ctx.weight = weight
        return loss.view_as(loss)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return grads[0] * ctx.weight, None


def _replicated(
    model: nn.Module, plain_tensors: Sequence[Tensor], has_unused: bool
) -> DistributedDataParallel:
    step = _Step(model, plain_tensors)
    return DistributedDataParallel(step, find_unused_parameters=has_unused)


def _sharded(model: nn.Module, world: World) -> Callable[[Any], Any]:
    """Shard each block, and then what is left of the model; its step gathers what it needs."""
    try:
        from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method
    except ImportError as error:
        raise ModelError(
            f'strategy="fsdp" needs PyTorch 2.6 or later; this is {torch.__version__}: '
            'pip install --upgrade torch, or train with strategy="ddp"'
        ) from error
    device_type = next(model.parameters()).device.type
    mesh = torch.distributed.device_mesh.init_device_mesh(device_type, (world.size,))
    if not _is_sharded(model):
        for block in blocks(model):
            fully_shard(block, mesh=mesh)
        fully_shard(model, mesh=mesh)
    register_fsdp_forward_method(model, "training_step")
    register_fsdp_forward_method(model, "validation_step")
    return vars(model)["training_step"]


def _is_sharded(model: nn.Module) -> bool:
    """Whether an earlier run has sharded the model; it stays so."""
    return any(hasattr(parameter, "full_tensor") for parameter in model.parameters())


def blocks(model: nn.Module) -> list[nn.Module]:
    """The parts that are gathered and let go one after the other: what models are stacked from.

    These are the members of the outermost `nn.Sequential` and `nn.ModuleList` that hold parameters.
    """
    stacks = (nn.Sequential, nn.ModuleList)
    if isinstance(model, stacks):
        return [part for part in model.children() if any(True for _ in part.parameters())]
    return [block for part in model.children() for block in blocks(part)]
