"""Collect and restore the state of a run: the contents of a checkpoint, in serializable types.

Restoring is all or nothing: the whole state is checked against the run before anything changes.
"""

import copy
import platform
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch.optim.lr_scheduler import LambdaLR

from d2l.base.seed import GeneratorStates, generator_states, set_generator_states
from d2l.core.board import board_curves
from d2l.core.training.early_stopping import EarlyStopping
from d2l.core.training.lr_schedule import Schedule, rates_of, resumed_state
from d2l.core.training.metrics import MetricRecorder
from d2l.core.training.state_dicts import (
    check_states,
    check_weights,
    collect_states,
    extra_state_of,
    load_extra_state,
    load_states,
    load_weights,
    settings_of,
    weights_of,
)
from d2l.core.unregistered import trainable_tensors
from d2l.errors import CheckpointError
from d2l.runs.serializable import describe_values, is_serializable
from d2l.scale.process_group import ProcessGroup
from d2l.scale.sharding import SharedRandomState

if TYPE_CHECKING:
    from d2l.core.training.run import Run


@dataclass
class RunParts:
    """The parts of a run that a checkpoint contains; the trainer keeps them after the run."""

    model: Any
    optimizer: Any
    schedule: Schedule | None
    trainer_hparams: dict[str, Any]
    position: "Position"
    num_train_batches: int | None
    early_stopping: EarlyStopping
    metrics: MetricRecorder
    group: ProcessGroup
    rng: SharedRandomState
    epoch_rng: GeneratorStates | None = None  # at the start of the training pass
    validation_rng: GeneratorStates | None = None  # at the start of a pass that will be repeated


def collect(parts: RunParts) -> dict[str, Any]:
    """Return the state of a run between two steps; all processes of the run must call this."""
    model, position = parts.model, parts.position
    schedule = parts.schedule
    return {
        "python": platform.python_version(),
        "model": {
            "class": type(model).__name__,
            "hparams": describe_values(getattr(model, "hparams", {})),
            "weights": weights_of(model),
            "extra_state": extra_state_of(model),
        },
        "optimizers": collect_states(parts.optimizer, trainable_tensors(model)),
        "scheduler": None if schedule is None else collect_states(schedule.scheduler, [])[0],
        "trainer": describe_values(parts.trainer_hparams),
        "position": {
            "epoch": position.epoch,
            "batch": position.batch,
            "num_train_batches": parts.num_train_batches,
            "num_steps": position.num_steps,
            "first_batch": position.first_batch,
            "first_val_batch": position.first_val_batch,
            "early_stopping": parts.early_stopping.state_dict(),
        },
        "random": {
            "epoch": parts.epoch_rng,
            "shared": parts.validation_rng or parts.rng.states,
            "own": parts.group.all_gather(generator_states()),
        },
        "board": _collect_curves(parts),
    }


def restore(run: "Run", state: dict[str, Any], source: str) -> None:
    """Restore a new run to this state, or raise `CheckpointError`."""
    parts = run.state_parts()
    try:
        _check(parts, state, source)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise CheckpointError(
            f"{source} does not contain a complete run ({error!r}); the model was not changed"
        ) from error
    before = copy.deepcopy(collect(parts))
    try:
        _load(run, parts, state, source)
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        _load(run, parts, before, source)
        raise CheckpointError(
            f"{source} does not fit this run ({error}); the model was not changed"
        ) from error
    _warn_about_hparams(parts, state["model"]["hparams"], source)


def _check(parts: RunParts, state: dict[str, Any], source: str) -> None:
    position = state["position"]
    if position["batch"] and position["num_train_batches"] != parts.num_train_batches:
        raise CheckpointError(
            f"{source} was saved in the middle of an epoch of {position['num_train_batches']} "
            f"batches; here an epoch has {parts.num_train_batches}. The model was not changed. Use "
            "the same data and batch size, or a checkpoint from the end of an epoch"
        )
    check_weights(parts.model, state["model"]["weights"], source)
    check_states(parts.optimizer, state["optimizers"], source)
    scheduler = None if parts.schedule is None else parts.schedule.scheduler
    saved = state["scheduler"]
    if scheduler is not None or saved is not None:
        check_states([scheduler], [saved], source)
    if hasattr(scheduler, "state_dict"):
        resumed_state(scheduler, saved["state"], source)


def _load(run: "Run", parts: RunParts, state: dict[str, Any], source: str) -> None:
    load_weights(parts.model, state["model"]["weights"])
    load_extra_state(parts.model, state["model"]["extra_state"])
    load_states(parts.optimizer, state["optimizers"], run.device)
    if parts.schedule is not None:
        _load_schedule(parts, state["scheduler"], source)
    _load_position(run, parts, state["position"])
    _load_curves(parts, state["board"])
    _load_random_states(run, state)


def _load_schedule(parts: RunParts, saved: dict[str, Any], source: str) -> None:
    assert parts.schedule is not None
    scheduler = parts.schedule.scheduler
    is_remade = isinstance(scheduler, LambdaLR)  # a checkpoint does not contain its functions
    if hasattr(scheduler, "state_dict"):
        now = resumed_state(scheduler, saved["state"], source)
        is_remade = is_remade or now != saved["state"]
        saved = {**saved, "state": now}
    load_states(scheduler, [saved], torch.device("cpu"))
    parts.schedule.resumed()
    rates = rates_of(scheduler) if is_remade else None
    if rates is not None:
        for group, rate in zip(scheduler.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate


def _load_position(run: "Run", parts: RunParts, saved: dict[str, Any]) -> None:
    position, num_batches = parts.position, parts.num_train_batches
    position.epoch, position.batch = saved["epoch"], saved["batch"]
    position.steps_before = saved["num_steps"] - saved["batch"]
    is_counted = num_batches is not None and saved["num_train_batches"] is not None
    position.first_batch = saved["epoch"] * num_batches if is_counted else saved["first_batch"]
    position.first_val_batch = saved["first_val_batch"]
    if num_batches != saved["num_train_batches"]:
        position.first_val_batch = saved["epoch"] * (run.num_val_batches or 0)
    parts.early_stopping.load_state_dict(saved["early_stopping"])


def _load_random_states(run: "Run", state: dict[str, Any]) -> None:
    """Restore the random states of each process; new seeds if the number of processes changed."""
    random, group = state["random"], run.group
    run.rng.states = random["shared"]
    if group.size == len(random["own"]) and group.size > 1:
        set_generator_states(random["own"][group.rank])
    elif group.size > 1:
        run.rng.seed_rank()
    run.resume_after(random["epoch"] if state["position"]["batch"] else None, random["shared"])


def _warn_about_hparams(parts: RunParts, saved: dict[str, Any], source: str) -> None:
    """Warn about hyperparameters that differ from the checkpoint's, and which value is used."""
    hparams = getattr(parts.model, "hparams", {})
    own = describe_values({n: value for n, value in hparams.items() if is_serializable(value)})
    settings = settings_of(parts.optimizer)
    differing = [name for name in own.keys() & saved.keys() if repr(own[name]) != repr(saved[name])]
    for names, used in (
        (sorted(settings & set(differing)), "the optimizer uses the checkpoint's values"),
        (sorted(set(differing) - settings), "the model uses its current values"),
    ):
        if names and parts.group.is_main:
            found = ", ".join(
                f"{name}={own[name]!r} (checkpoint: {saved[name]!r})" for name in names
            )
            warnings.warn(
                f"hyperparameters of the model differ from {source}: {found}; {used}",
                stacklevel=2,
            )


def _collect_curves(parts: RunParts) -> dict[str, Any]:
    curves = board_curves(parts.model.board)
    board = {} if curves is None else curves.state_dict()
    if parts.group.size == 1:
        return board
    empty: dict[str, Any] = {"xs": [], "ys": []}
    for label, sums in parts.metrics.pending_state().items():
        finished = board.get(label, empty)
        board[label] = {**sums, "xs": finished["xs"], "ys": finished["ys"]}
    return board


def _load_curves(parts: RunParts, state: dict[str, Any]) -> None:
    curves = board_curves(parts.model.board)
    if parts.group.size > 1:
        sums = {k: {**s, "xs": [], "ys": []} for k, s in state.items() if k.startswith("train_")}
        parts.metrics.load_pending_state(sums)
        done = {"sum_x": 0.0, "sum_y": 0.0, "count": 0}
        state = {label: {**series, **done} for label, series in state.items() if series["xs"]}
    if curves is not None:
        curves.load_state_dict(state)


@dataclass
class Position:
    """The position of a run: `epoch` epochs and `batch` training batches of the next are done.

    `first_batch` and `first_val_batch` are the indices of this epoch's first batches in the run;
    `steps_before` is the number of batches trained on before this epoch.
    """

    epoch: int = 0
    batch: int = 0
    val_batch: int = 0
    first_batch: int = 0
    first_val_batch: int = 0
    steps_before: int = 0

    @property
    def num_steps(self) -> int:
        """The number of training batches done, including those before a resume."""
        return self.steps_before + self.batch

    @property
    def is_inside_epoch(self) -> bool:
        """Whether an epoch was started and is not done."""
        return self.batch > 0 or self.val_batch > 0

    def counters(self) -> dict[str, int]:
        """Return the counters of the book's code, by their names there."""
        return {
            "epoch": self.epoch,
            "train_batch_idx": self.first_batch + self.batch,
            "val_batch_idx": self.first_val_batch + self.val_batch,
        }

    def finish_epoch(self) -> None:
        """Move to the first batch of the next epoch."""
        self.epoch += 1
        self.first_batch += self.batch
        self.first_val_batch += self.val_batch
        self.steps_before += self.batch
        self.batch = self.val_batch = 0


class ResumePoint(NamedTuple):
    """The random states at the start of a resumed training pass, and at the point of resuming."""

    epoch_rng: GeneratorStates
    rng: GeneratorStates
