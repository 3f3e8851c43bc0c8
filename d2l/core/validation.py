"""Validation metrics outside a fit; trainer, model and board are left unchanged."""

from typing import TYPE_CHECKING, Any

import torch

from d2l.base.batches import count_examples
from d2l.base.context_managers import evaluating
from d2l.base.devices import move
from d2l.core import checks
from d2l.core.training.metrics import MetricRecorder, scalar
from d2l.core.training.run_config import RunConfig, choose_device
from d2l.core.unregistered import device_of_unregistered_tensors
from d2l.engine.plan import autocast_for
from d2l.scale.process_group import from_environment
from d2l.scale.sharding import ShardedLoader, SharedRandomState

if TYPE_CHECKING:
    from d2l.core.trainer import Trainer


class ValidationPass:
    """Replaces the run while a model is validated: records the values of its batches."""

    def __init__(self, metrics: MetricRecorder) -> None:
        self.metrics, self.num_examples = metrics, 1

    def record(self, key: str, value: Any, train: bool) -> None:
        """Record a value of the batch; called by `Module.plot`."""
        if not train:
            self.metrics.add_validation(key, scalar(value), self.num_examples)


def validate(trainer: "Trainer", model: Any, data: Any, config: RunConfig) -> dict[str, float]:
    """Return the means of what `validation_step` plots, by name; each example counts equally."""
    group = from_environment()
    device = choose_device(trainer, model, config, group)
    loader: Any = checks.require_validation(data)
    if group.size > 1:
        loader = ShardedLoader(loader, group, SharedRandomState(group))
    metrics = MetricRecorder(model, group, device, None)
    home = device_of_unregistered_tensors(model)
    stand_in = ValidationPass(metrics)
    before = vars(model).get("trainer")
    model.to(device)
    model.trainer = _twin(trainer, model, stand_in, device)
    try:
        with torch.no_grad(), evaluating(model), autocast_for(config.precision, device):
            for batch in loader:
                is_sharded = isinstance(loader, ShardedLoader)
                stand_in.num_examples = loader.num_local if is_sharded else count_examples(batch)
                moved = move(batch, device)
                model.validation_step(model.trainer.prepare_batch(moved))
    finally:
        vars(model).pop("trainer", None)
        if before is not None:
            vars(model)["trainer"] = before
        if home is not None and device.type != "meta":
            model.to(home)
    return {f"val_{key}": float(mean) for key, mean in metrics.pop_means().items()}


def _twin(
    trainer: "Trainer", model: Any, stand_in: ValidationPass, device: torch.device
) -> "Trainer":
    """Return a copy of the trainer for the validation; the trainer itself may be in a run."""
    from dataclasses import replace

    from d2l.core.trainer_state import state_of

    twin = object.__new__(type(trainer))
    state = replace(state_of(trainer), run=None, recorder=stand_in, device=device)
    vars(twin).update(vars(trainer), model=model, _d2l=state)
    return twin
