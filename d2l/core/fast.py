"""A run on the fast path: whether its steps can be replayed, and where their numbers go.

The engine replays steps and knows nothing of models; this binds it to a trainer. Everything the
fast path cannot carry is left to the plain loop, and the plan says why.
"""

import dataclasses
import inspect
import math
import time
import warnings
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import torch
from torch import nn

from d2l.base.devices import move
from d2l.core.loop import stop_at
from d2l.core.module import Module
from d2l.core.progress import Feed
from d2l.core.tensors import named_plain_tensors, trainable_tensors
from d2l.engine.meter import SECONDS_BETWEEN_READS, WeightedMeans
from d2l.engine.plan import Plan
from d2l.engine.replayed import ReplayedPass, Results
from d2l.engine.resident import ResidentLoader
from d2l.engine.watch import RunSeenByStep
from d2l.scale.share import SharedLoader

STEP_LOSS = "the loss of the step"
FEWEST_STEPS = 300  # recording costs about as much as it saves in so many small steps
READABLE = frozenset(
    {
        "progress",
        "pool",
        "check_loss",
        "max_epochs",
        "num_train_batches",
        "num_val_batches",
        "device",
    }
    | {"gpus", "gradient_clip_val", "seed", "model", "optim"}
)


def make_plan(trainer: Any, replaced: list[str]) -> Plan:
    """The plan of a run that is about to begin; `replaced` are rungs that are a reader's own."""
    why = _why_plain(trainer, replaced)
    data = "resident" if _is_resident(trainer.train_dataloader, shared=True) else "streamed"
    step = "plain" if why else "replayed"
    return Plan(str(trainer.device), data, step, why or "nothing in the run stands against it")


class FastRun:
    """The passes of one run whose steps are replayed."""

    def __init__(self, trainer: Any) -> None:
        self._trainer = trainer
        _make_capturable(trainer.optim, trainer.device)
        done = trainer.train_batch_idx, trainer.val_batch_idx
        self._train = _Pass(trainer, trainer.train_dataloader, self._train_step, done[0])
        has_val = _is_resident(trainer.val_dataloader)
        val = (trainer, trainer.val_dataloader, self._val_step, done[1])
        self._val = _Pass(*val) if has_val else None
        self._passes = [self._train] if self._val is None else [self._train, self._val]
        self._next_read = time.monotonic() + SECONDS_BETWEEN_READS

    def train_epoch(self) -> None:
        """One pass over the training batches."""
        self._run(self._train)
        self._trainer.train_batch_idx = self._train.num_done

    def validate_epoch(self, val_dataloader: Any) -> None:
        """One pass over the validation batches, or the plain one where they are not in memory."""
        if self._val is None:
            self.finish()
            self._trainer.validate_epoch(val_dataloader)
            return
        self._trainer.model.eval()
        with torch.no_grad():
            self._run(self._val)
        self._trainer.val_batch_idx = self._val.num_done

    @property
    def is_refused(self) -> bool:
        """Whether the steps turned out to do what a replay cannot."""
        return any(a_pass.replayed.findings for a_pass in self._passes)

    def conclude(self, plan: Plan) -> Plan:
        """The plan with what came out: why the steps are plain after all, or recorded anew."""
        replayed = [a_pass.replayed for a_pass in self._passes]
        if self.is_refused:
            why = "; ".join(finding for one in replayed for finding in one.findings)
            return dataclasses.replace(plan, step="plain", why=why)
        anew = tuple(why for one in replayed for why in one.recorded_because)
        return dataclasses.replace(plan, recorded_anew=anew)

    def finish(self) -> None:
        """Put every number there is on the board; waits for the device."""
        self._next_read = time.monotonic() + SECONDS_BETWEEN_READS
        self._draw_training()
        self._draw_validation()

    def _run(self, a_pass: "_Pass") -> None:
        progress, model = self._trainer.progress, self._trainer.model
        is_training = a_pass is self._train

        def on_progress() -> None:
            a_pass.num_done += 1
            if is_training:
                self._trainer.train_batch_idx = a_pass.num_done
            if time.monotonic() >= self._next_read:
                self.finish()
            progress.step_done()
            progress.on_batch()

        progress.enter("train" if is_training else "validate")
        with progress.pass_begun() if is_training else nullcontext(0) as first:
            rest = a_pass.replayed.begin(first)
        progress.results = a_pass.results
        model.trainer = RunSeenByStep(self._trainer, a_pass.replayed.findings, READABLE)
        try:
            a_pass.replayed.run(rest, on_progress)
        finally:
            progress.results, model.trainer = None, self._trainer
        progress.enter("idle")

    def _train_step(self, batch: Any) -> None:
        for tensor in trainable_tensors(self._trainer.model):
            tensor.grad = None  # so that backward writes gradients, and does not add to them
        with warnings.catch_warnings():  # before the recording, Adam wonders why there is none
            warnings.filterwarnings("ignore", message="This instance was constructed with capt")
            self._trainer.train_batch(self._trainer.prepare_batch(batch))

    def _val_step(self, batch: Any) -> None:
        self._trainer.model.validation_step(self._trainer.prepare_batch(batch))

    def _draw_training(self) -> None:
        first, numbers = self._train.read_new()
        losses = numbers.pop(STEP_LOSS, [])
        for i, loss in enumerate(losses, start=first):
            if not math.isfinite(loss):
                stop_at(self._trainer, i, loss)
            for key, values in numbers.items():
                self._trainer.model.draw_training(key, values[i - first], i)

    def _draw_validation(self) -> None:
        if self._val is None:
            return
        size = len(self._trainer.val_dataloader)
        first, numbers = self._val.read_new(whole_passes_of=size)
        sizes = self._val.batch_sizes()
        for begin in range(0, max(map(len, numbers.values()), default=0), size):
            epoch = (first + begin) // size
            parts = {key: values[begin : begin + size] for key, values in numbers.items()}
            self._trainer.model.draw_validation(self._means(parts, sizes), epoch)

    def _means(self, parts: dict[str, list[float]], sizes: list[int]) -> dict[str, float]:
        means = WeightedMeans()
        for key, values in parts.items():
            geometric = key in self._trainer.model.geometric_means
            for value, size in zip(values, sizes, strict=True):
                means.add(key, value, size, geometric)
        return {key: float(mean) for key, mean in means.pop().items()}


class _Pass:
    """One of the two passes, with its table of results and how much of it was drawn."""

    def __init__(self, trainer: Any, feed: Feed, step: Any, num_done: int) -> None:
        loader = feed.loader
        num_steps = len(loader) * trainer.max_epochs
        self.results = Results(num_steps, loader.tensors[0].device, begin=num_done)
        self.replayed = ReplayedPass(loader, step, self.results, lambda: host_state(trainer))
        self.num_done = self._num_drawn = num_done
        self._loader = loader

    def read_new(self, whole_passes_of: int = 1) -> tuple[int, dict[str, list[float]]]:
        """What is new since the last call, and the index of its first step."""
        first = self._num_drawn
        self._num_drawn = self.num_done - self.num_done % whole_passes_of
        return first, self.results.read(first, self._num_drawn)

    def batch_sizes(self) -> list[int]:
        """How many examples each batch of a pass has."""
        full, rest = divmod(self._loader.num_examples, self._loader.batch_size)
        return [self._loader.batch_size] * full + [rest] * (rest > 0)


def host_state(trainer: Any) -> dict[str, Any]:
    """The Python values that a recorded step bakes in, by a name that a reader understands."""
    model, state = trainer.model, {"gradient_clip_val": trainer.gradient_clip_val}
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            if not name.startswith("_") and _is_scalar(value):
                state[f"{path}.{name}".lstrip(".")] = value
    for name, tensor in _named_tensors(model):
        state[name] = (tuple(tensor.shape), tensor.dtype, tensor.device, tensor.data_ptr())
    groups = getattr(trainer.optim, "param_groups", [vars(trainer.optim)])
    for i, group in enumerate(groups):
        values = {name: value for name, value in group.items() if _is_scalar(value)}
        state.update({f"the optimizer's {name} (group {i})": v for name, v in values.items()})
    return state


def _named_tensors(model: Any) -> Iterator[tuple[str, torch.Tensor]]:
    yield from nn.Module.named_parameters(model)
    yield from model.named_buffers()
    yield from named_plain_tensors(model)


def _why_plain(trainer: Any, replaced: list[str]) -> str:
    model, num_steps = trainer.model, trainer.num_train_batches * trainer.max_epochs
    reasons = (
        (trainer.world.size > 1, f"{trainer.world.size} processes exchange their gradients"),
        (trainer.replay is False, "Trainer(replay=False) asked for it"),
        (
            trainer.replay is None and trainer.device.type != "cuda",
            f"on {trainer.device.type} there are no launches to save",
        ),
        (bool(replaced), f"{', '.join(replaced)} of the trainer was replaced"),
        (not _is_resident(trainer.train_dataloader), "the training data are not in memory"),
        (not isinstance(model, Module), f"{type(model).__name__} is no d2l.Module"),
        (_replaces_plot(model), f"{type(model).__name__} has a plot of its own"),
        (trainer.accumulate > 1, f"gradients of {trainer.accumulate} batches make one step"),
        (
            getattr(trainer.schedule, "interval", "") == "step",
            "the learning rate changes at every step",
        ),
        (_needs_closure(trainer.optim), "the optimizer calls the loss itself (a closure)"),
        (
            trainer.replay is None and num_steps < FEWEST_STEPS,
            f"{num_steps} steps are too few to be worth recording",
        ),
    )
    return next((why for applies, why in reasons if applies), "")


def _make_capturable(optimizer: Any, device: torch.device) -> None:
    """Have optimizers that count their steps, such as Adam, count them on the device.

    They do from their first step on, but not in a run that goes on from one on a CPU.
    """
    for group in getattr(optimizer, "param_groups", []):
        if "capturable" in group and device.type == "cuda":
            group["capturable"] = True
            for parameter in group["params"]:
                state = optimizer.state.get(parameter, {})
                state.update(move(state, parameter.device))


def _is_resident(feed: Any, shared: bool = False) -> bool:
    """Whether the feed's data are in memory; `shared` with other processes or not."""
    loader = getattr(feed, "loader", None)
    if shared and isinstance(loader, SharedLoader):
        loader = loader.loader
    return isinstance(loader, ResidentLoader)


def _replaces_plot(model: Any) -> bool:
    return getattr(type(model), "plot", None) is not _OUR_PLOT or "plot" in vars(model)


_OUR_PLOT = Module.plot  # as it was before any reader patched it


def _needs_closure(optimizer: Any) -> bool:
    parameters = inspect.signature(optimizer.step).parameters.values()
    own = [p for p in parameters if p.name != "self"]  # which shows once a scheduler wraps the step
    return any(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in own)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (bool, int, float, str, tuple)) or value is None
