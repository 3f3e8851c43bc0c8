"""Runs whose steps are captured and replayed: the choice, the passes, learning rates on the device.

With its rates on the device, a captured step reads them instead of containing their values.
"""

import dataclasses
import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from d2l.base.devices import move
from d2l.core.module import Module
from d2l.core.training.device_loader import DeviceLoader
from d2l.core.training.step_state import StepState
from d2l.engine import graph
from d2l.engine.capture_guard import TrainerProxy
from d2l.engine.graphed_epoch import GraphedEpoch
from d2l.engine.plan import Plan
from d2l.engine.running_metrics import STEP_LOSS, Snapshot
from d2l.engine.tensor_loaders import ResidentLoader, StreamedLoader

if TYPE_CHECKING:
    from d2l.core.training.run import Run

MIN_STEPS = 300  # capturing costs about as much as it saves in this many small steps
READABLE = frozenset(  # trainer attributes that a step may read: they stay valid in a replay
    {"_d2l", "max_epochs", "num_train_batches", "num_val_batches", "device", "gpus"}
    | {"gradient_clip_val", "model", "optim"}
)


def make_plan(run: "Run", replaced: list[str]) -> Plan:
    """Return the plan of a new run; `replaced` are the names of user-defined trainer methods."""
    why = _why_eager(run, [] if run.has_book_loop else replaced)
    source = run.trainer.train_dataloader.source
    data = "resident" if isinstance(_unsharded(source), ResidentLoader) else "streamed"
    why_replayed = "nothing prevents a replay"
    if run.has_book_loop:
        why_replayed = f"fit_epoch is the book's, and {why_replayed}"
    return Plan(str(run.device), data, "eager" if why else "replayed", why or why_replayed)


class GraphedRun:
    """Training and validation passes of one run with replayed steps.

    `train_step` and `val_step` are the eager steps that get captured.
    """

    def __init__(
        self, run: "Run", train_step: Callable[[Any], None], val_step: Callable[[Any], None]
    ) -> None:
        self._run = run
        self._made_capturable = make_capturable(run.optimizer, run.device)
        self._train = GraphedEpoch(
            run.trainer.train_dataloader.source,
            partial(_without_capturable_warning, train_step),
            StepState(run, with_optimizer=True),
        )
        self._val: GraphedEpoch | None = None
        val_loader = run.trainer.val_dataloader
        source = val_loader.source if isinstance(val_loader, DeviceLoader) else None
        if isinstance(source, ResidentLoader) and len(source):
            self._val = GraphedEpoch(source, val_step, StepState(run, with_optimizer=False))
        self._pending: list[tuple[Snapshot, Callable[[Snapshot], None]]] = []  # not read yet
        self._num_copied = 0  # training batches of this pass whose values are in a snapshot
        self._rates = rates_in(run.optimizer)
        self._device_rates: DeviceRates | None = None

    def train_epoch(self) -> None:
        """Train on all training batches."""
        run = self._run
        run.finish_pass()
        run.is_training = True
        rng = run.start_training_pass()
        self._num_copied = run.position.batch
        with self._rates_on_device():
            rest = self._train.begin(run.position.batch)
            run.training_pass_started(rng)
            self._replay(self._train, rest)
        self._snapshot_training_values()
        run.finish_pass()

    def validate_epoch(self, eager: Callable[[], None]) -> None:
        """Evaluate on all validation batches; calls `eager` if they are not in memory."""
        run = self._run
        if self._val is None:
            eager()
            return
        run.finish_pass()
        run.is_validating, run.validation_rng, run.position.val_batch = True, run.rng.states, 0
        with torch.no_grad():
            self._replay(self._val, self._val.begin())
        run.is_validating = False  # the means are plotted once they are read
        snapshot = self._val.results.snapshot(0, len(self._val.loader))
        self._pending.append((snapshot, partial(self._add_validation, x=run.validation_x)))
        run.finish_pass()

    @property
    def is_blocked(self) -> bool:
        """Whether the steps did something that a replay cannot do."""
        return any(epoch.blockers for epoch in self._epochs)

    def update(self) -> None:
        """Plot the values that have arrived; does not synchronize with the device."""
        if self._run.is_training:
            self._snapshot_training_values()
        while self._pending and self._pending[0][0].is_here():
            snapshot, add = self._pending.pop(0)
            add(snapshot)

    def flush(self) -> None:
        """Plot all values; synchronizes with the device."""
        if self._run.is_training:
            self._snapshot_training_values()
        pending, self._pending = self._pending, []
        for snapshot, add in pending:
            add(snapshot)

    def _snapshot_training_values(self) -> None:
        run, last = self._run, self._run.position.batch
        first, self._num_copied = self._num_copied, last
        if first < last:
            snapshot = self._train.results.snapshot(first, last)
            index = run.position.first_batch + first
            self._pending.append((snapshot, partial(self._add_training, first=index)))

    def _add_training(self, snapshot: Snapshot, first: int) -> None:
        columns = snapshot.read()
        unplotted = columns.pop(STEP_LOSS, None)
        self._run.check_losses(columns.get("loss", []) if unplotted is None else unplotted, first)
        for key, values in columns.items():
            self._run.metrics.add_training_values(key, values, first)

    def _add_validation(self, snapshot: Snapshot, x: float) -> None:
        """Plot the means of the pass, each value weighted by the examples of its batch."""
        assert self._val is not None
        loader, metrics = self._val.loader, self._run.metrics
        full, rest = divmod(loader.num_examples, loader.batch_size)
        sizes = [loader.batch_size] * full + [rest] * (rest > 0)
        for key, values in snapshot.read().items():
            for value, size in zip(values, sizes, strict=True):
                metrics.add_validation(key, value, size)
        metrics.draw_means(x)

    def leave(self) -> None:
        """Continue with eager steps, and record the reason in the plan."""
        self.flush()
        _count_steps_on_host(self._run.optimizer, self._made_capturable)
        blockers = [blocker for epoch in self._epochs for blocker in epoch.blockers]
        plan = self._run.plan
        self._run.plan = dataclasses.replace(plan, step="eager", why="; ".join(blockers))
        self._run.graphed = None
        vars(self).clear()

    def close(self) -> None:
        """Record recaptures in the plan, and free buffers and graphs."""
        if self.is_blocked:
            self.leave()
            return
        again = tuple(why for epoch in self._epochs for why in epoch.recapture_reasons)
        self._run.plan = dataclasses.replace(self._run.plan, recaptured=again)
        vars(self).clear()

    @property
    def _epochs(self) -> list[GraphedEpoch]:
        return [self._train] if self._val is None else [self._train, self._val]

    def _rates_on_device(self) -> Any:
        """Context in which the rates are on the device, once they changed between two passes."""
        run = self._run
        if self._device_rates is None and rates_in(run.optimizer) != self._rates:
            if can_be_on_device(run.optimizer, run.model, run.device):
                self._device_rates = DeviceRates(run.optimizer, run.device)
            self._rates = rates_in(run.optimizer)
        return nullcontext() if self._device_rates is None else self._device_rates.in_use()

    def _replay(self, epoch: GraphedEpoch, rest: torch.Tensor) -> None:
        run = self._run
        run.table = epoch.results
        previous = vars(run.model).get("trainer")
        vars(run.model)["trainer"] = TrainerProxy(run.trainer, epoch.blockers, READABLE)
        try:
            epoch.run(rest, run.batch_done)
        finally:
            run.table = None
            vars(run.model)["trainer"] = previous


def _why_eager(run: "Run", replaced: list[str]) -> str:
    model, config = run.model, run.config
    num_steps = (run.num_train_batches or 0) * run.max_epochs
    source = run.trainer.train_dataloader.source
    is_step_schedule = run.schedule is not None and run.schedule.interval == "step"
    reasons = (
        (run.group.size > 1, f"{run.group.size} processes exchange their gradients"),
        (config.replay is False, "Trainer(replay=False) was requested"),
        (
            run.device.type not in graph.GRAPHS,
            f"CUDA graphs are not available on {run.device.type}",
        ),
        (bool(replaced), f"the trainer overrides {', '.join(replaced)}"),
        (not isinstance(source, ResidentLoader), "the training data are not in memory"),
        (not isinstance(model, Module), f"{type(model).__name__} is not a d2l.Module"),
        (_replaces_plot(model), f"{type(model).__name__} overrides plot"),
        (config.accumulate > 1, f"gradients of {config.accumulate} batches are accumulated"),
        (is_step_schedule, "the learning rate changes at every step"),
        (_needs_closure(run.optimizer), "the optimizer calls the loss itself (a closure)"),
        (
            config.replay is None and num_steps < MIN_STEPS,
            f"{num_steps} steps are too few to be worth capturing",
        ),
    )
    return next((why for applies, why in reasons if applies), "")


def make_capturable(optimizer: Any, device: torch.device) -> list[dict[str, Any]]:
    """Move the step counts of optimizers such as Adam to the device, and set `capturable`.

    PyTorch does this for new optimizers, but not for a run resumed from a CPU checkpoint. Returns
    the groups that were changed.
    """
    groups = [g for g in getattr(optimizer, "param_groups", []) if g.get("capturable") is False]
    groups = groups if device.type == "cuda" else []
    for group in groups:
        group["capturable"] = True
        for parameter in group["params"]:
            state = optimizer.state.get(parameter, {})
            state.update(move(state, parameter.device))
    return groups


def _count_steps_on_host(optimizer: Any, groups: list[dict[str, Any]]) -> None:
    """Undo `make_capturable`, so that eager steps do not synchronize with the device."""
    for group in groups:
        group["capturable"] = False
        for parameter in group["params"]:
            state = optimizer.state.get(parameter, {})
            if isinstance(state.get("step"), torch.Tensor):
                state["step"] = state["step"].cpu()


def _without_capturable_warning(step: Callable[[Any], None], batch: Any) -> None:
    with warnings.catch_warnings():  # before the capture, Adam warns that it is not captured
        warnings.filterwarnings("ignore", message="This instance was constructed with capt")
        step(batch)


def _unsharded(source: Any) -> Any:
    if isinstance(source, (ResidentLoader, StreamedLoader)):
        return source
    return getattr(source, "loader", source)


def _replaces_plot(model: Any) -> bool:
    return getattr(type(model), "plot", None) is not _OUR_PLOT or "plot" in vars(model)


_OUR_PLOT = Module.plot  # before any user code replaces it


def _needs_closure(optimizer: Any) -> bool:
    if not hasattr(optimizer, "step"):
        return False  # several optimizers, in a user-defined loop
    parameters = inspect.signature(optimizer.step).parameters.values()
    own = [p for p in parameters if p.name != "self"]  # present once a scheduler wraps the step
    return any(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in own)


OPTIMIZERS = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)  # accept a tensor as lr


def rates_in(optimizer: Any) -> list[Any]:
    """Return the learning rate of each parameter group; [] for other optimizers."""
    return [group.get("lr") for group in getattr(optimizer, "param_groups", [])]


def can_be_on_device(optimizer: Any, model: torch.nn.Module, device: torch.device) -> bool:
    """Whether this optimizer gives the same results with its rates on the device.

    SGD does in its fused form, which supports neither sparse gradients nor complex parameters, and
    rounds differently on a CPU.
    """
    if type(optimizer) not in OPTIMIZERS or not all(type(r) is float for r in rates_in(optimizer)):
        return False
    if type(optimizer) is torch.optim.SGD and device.type == "cpu":
        return False
    if any(getattr(module, "sparse", False) for module in model.modules()):
        return False
    return all(
        not group.get("foreach")
        and not group.get("differentiable")
        and all(parameter.is_floating_point() for parameter in group["params"])
        for group in optimizer.param_groups
    )


class DeviceRates:
    """The learning rates of an optimizer as tensors on the device, during a pass.

    Between two passes they are numbers, as users and schedulers expect.
    """

    def __init__(self, optimizer: Any, device: torch.device) -> None:
        self._groups = optimizer.param_groups
        self._is_sgd = type(optimizer) is torch.optim.SGD
        self._rates = [torch.zeros((), device=device) for _ in self._groups]

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Context in which the optimizer reads its rates from the device."""
        before = [(group["lr"], group.get("fused")) for group in self._groups]
        for group, rate in zip(self._groups, self._rates, strict=True):
            group["lr"] = rate.fill_(group["lr"])
            if self._is_sgd:
                group["fused"] = True
        try:
            yield
        finally:
            for group, (rate, is_fused) in zip(self._groups, before, strict=True):
                group["lr"] = rate
                if self._is_sgd:
                    group["fused"] = is_fused
