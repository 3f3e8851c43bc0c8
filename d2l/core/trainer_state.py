"""The library's state of a trainer, and the trainer attributes that read it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch

from d2l.base.devices import cpu
from d2l.core.module import release_trainer
from d2l.core.training.run_config import RunConfig
from d2l.core.training.run_state import RunParts
from d2l.engine.plan import Plan

if TYPE_CHECKING:
    from d2l.core.trainer import Trainer
    from d2l.core.training.run import Run
    from d2l.core.validation import ValidationPass

NOT_TRAINED = Plan("cpu", "resident", "eager", "no training run yet")


@dataclass
class TrainerState:
    """The library's state of a trainer, in one attribute so that subclasses can use any name.

    `run` is the fit in progress, `recorder` receives the values of `Module.plot`, and `finished`
    holds what `save` needs of the last run. `counters` are the book's `epoch`, `train_batch_idx`
    and `val_batch_idx` outside a run.
    """

    config: RunConfig = field(default_factory=RunConfig)
    run: "Run | None" = None
    recorder: "Run | ValidationPass | None" = None
    finished: RunParts | None = None
    hints: list[Any] = field(default_factory=list)
    plan: Plan = NOT_TRAINED
    device: torch.device = field(default_factory=cpu)
    counters: dict[str, int] = field(
        default_factory=lambda: {"epoch": 0, "train_batch_idx": 0, "val_batch_idx": 0}
    )


class PositionView:
    """A counter of the book's loop, read from the run; assignments during a run have no effect."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, trainer: "Trainer", owner: type) -> Any:
        if trainer is None:
            return self
        state = state_of(trainer)
        counters = state.counters if state.run is None else state.run.position.counters()
        return counters[self._name]

    def __set__(self, trainer: "Trainer", value: int) -> None:
        state_of(trainer).counters[self._name] = value


class Addition:
    """A read-only attribute that 1.0.3 does not have; an attribute of a subclass overrides it."""

    def __init__(self, read: Callable[["Trainer"], Any]) -> None:
        self._read, self.__doc__ = read, read.__doc__

    def __get__(self, trainer: "Trainer", owner: type) -> Any:
        return self if trainer is None else self._read(trainer)


def state_of(trainer: "Trainer") -> TrainerState:
    """Return the state of a trainer; created here if a subclass did not call `__init__`."""
    state: TrainerState | None = vars(trainer).get("_d2l")
    if state is None:
        state = vars(trainer)["_d2l"] = TrainerState()
    return state


def finish_run(trainer: "Trainer", run: "Run") -> None:
    """Close the run; the trainer keeps its counters, its plan and what `save` needs."""
    state = state_of(trainer)
    position = run.position
    state.run, state.recorder, state.counters = None, None, position.counters()
    state.counters["epoch"] = max(0, position.epoch - (not position.is_inside_epoch))
    if run.is_started:
        state.finished = replace(run.state_parts(), validation_rng=None)
    graphed = run.graphed
    if graphed is not None:
        graphed.close()
        run.graphed = None
    state.plan = run.plan
    release_trainer(run.model, trainer, replace(state, finished=None))
    run.close()
