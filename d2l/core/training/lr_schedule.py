"""What `configure_optimizers` may return: an optimizer, or one with a learning rate scheduler."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from torch.optim.lr_scheduler import LambdaLR, OneCycleLR, ReduceLROnPlateau

from d2l.errors import CheckpointError, ModelError

OPTIONS = ("scheduler", "interval", "frequency", "monitor")
PROGRESS = frozenset(  # entries of a scheduler's state that are progress, not arguments
    {"last_epoch", "_step_count", "_last_lr", "_get_lr_called_within_step", "_is_initial"}
)
COUNTERS = PROGRESS | {"best", "num_bad_epochs", "cooldown_counter", "T_cur", "T_i", "mode_worse"}


class Schedule:
    """A scheduler, stepped every `frequency` epochs, or updates with `interval="step"`.

    `ReduceLROnPlateau` gets the last value of the metric `monitor`. A scheduler that is stepped by
    a user-defined `fit_epoch` is not stepped here.
    """

    def __init__(
        self,
        scheduler: Any,
        interval: str = "epoch",
        frequency: int = 1,
        monitor: str = "val_loss",
    ) -> None:
        self.scheduler, self.interval = scheduler, interval
        self.frequency, self.monitor = frequency, monitor
        self._last_epoch = getattr(scheduler, "last_epoch", None)

    def update(self, interval: str, number: int, latest: Callable[[str], float]) -> None:
        """Step the scheduler if it is due after `number` epochs or updates."""
        if interval != self.interval or number % self.frequency:
            return
        if getattr(self.scheduler, "last_epoch", None) != self._last_epoch:
            return  # stepped by a user-defined loop
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step(latest(self.monitor))
        else:
            self.scheduler.step()
        self._last_epoch = getattr(self.scheduler, "last_epoch", None)

    def resumed(self) -> None:
        """Update after the scheduler was restored from a checkpoint."""
        self._last_epoch = getattr(self.scheduler, "last_epoch", None)


def resumed_state(scheduler: Any, saved: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return the saved state of a scheduler, with the constructor arguments of this run.

    Only progress is taken from the saved state. Raises `CheckpointError` if the arguments differ
    and the rate cannot be computed from progress and arguments alone.
    """
    own = scheduler.state_dict()
    differing = sorted(
        name
        for name in own.keys() & saved.keys() - COUNTERS
        if repr(own[name]) != repr(saved[name]) and not callable(own[name])
    )
    if not differing:
        return dict(saved)
    changes = ", ".join(f"{name} {saved[name]} → {own[name]}" for name in differing)
    if not (hasattr(scheduler, "_get_closed_form_lr") or isinstance(scheduler, OneCycleLR)):
        raise CheckpointError(
            f"{source} was trained with another {type(scheduler).__name__} ({changes}), whose rate "
            "cannot be continued with these values. The model was not changed. Create the "
            "scheduler with the same arguments as in that run"
        )
    done, total = saved.get("last_epoch", 0), own.get("total_steps", float("inf"))
    if done >= total:
        raise CheckpointError(
            f"{source} has done {done} steps of its schedule; this {type(scheduler).__name__} has "
            f"{total} ({changes}). The model was not changed. Increase total_steps"
        )
    return {**saved, **{name: own[name] for name in differing}}


def rates_of(scheduler: Any) -> list[float] | None:
    """Return the current rates of a scheduler if they depend on its step number alone."""
    if hasattr(scheduler, "_get_closed_form_lr"):
        return [float(lr) for lr in scheduler._get_closed_form_lr()]
    if isinstance(scheduler, (LambdaLR, OneCycleLR)):  # computed from the step number
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "To get the last learning rate")
            return [float(lr) for lr in scheduler.get_lr()]
    return None


def unpack(configured: Any) -> tuple[Any, Schedule | None]:
    """Return the optimizer and the schedule in the return value of `configure_optimizers`.

    Forms: `optimizer`; `[optimizer]`; `(optimizer, scheduler)`; `([optimizer], [scheduler])`;
    `{"optimizer": …, "lr_scheduler": scheduler or {"scheduler": …, "interval": "step", …}}`, where
    `"monitor"` may be in either dict.
    """
    if isinstance(configured, Mapping):
        optimizer, scheduler = _from_dict(configured)
    elif isinstance(configured, (tuple, list)) and len(configured) in (1, 2):
        optimizer, scheduler = (_only(part) for part in (*configured, None)[:2])
    else:
        optimizer, scheduler = configured, None
    _check_optimizer(optimizer)
    return optimizer, None if scheduler is None else _schedule(scheduler)


def unpack_for_own_loop(configured: Any) -> tuple[Any, Any, Schedule | None]:
    """Return `trainer.optim` for a user-defined `fit_epoch`, then the result of `unpack`.

    The loop may unpack what `configure_optimizers` returned, or call the optimizer's methods on
    it. Other return values are passed through unchanged.
    """
    try:
        optimizer, schedule = unpack(configured)
    except ModelError:
        return configured, None, None
    if configured is optimizer:
        return optimizer, optimizer, schedule
    kind = _OptimizerDict if isinstance(configured, Mapping) else _OptimizerTuple
    return kind.around(configured, optimizer), optimizer, schedule


class _ActsAsOptimizer:
    """The returned tuple or dict, with the methods of the optimizer it contains."""

    optimizer: Any

    @classmethod
    def around(cls, configured: Any, optimizer: Any) -> Any:
        made = cls(configured)  # type: ignore[call-arg]
        made.optimizer = optimizer
        return made

    def __getattr__(self, name: str) -> Any:
        if name == "optimizer":  # not set yet, while a copy is being made
            raise AttributeError(name)
        return getattr(self.optimizer, name)


class _OptimizerTuple(_ActsAsOptimizer, tuple):
    pass


class _OptimizerDict(_ActsAsOptimizer, dict):
    pass


def _from_dict(configured: Mapping[str, Any]) -> tuple[Any, Any]:
    unknown = [name for name in configured if name not in ("optimizer", "lr_scheduler", "monitor")]
    if unknown:
        raise ModelError(
            "the dict of configure_optimizers may have the keys optimizer, lr_scheduler and "
            f"monitor; found also {', '.join(map(str, unknown))}. Put options of a scheduler into "
            'its dict: {"optimizer": o, "lr_scheduler": {"scheduler": s, "interval": "step"}}'
        )
    optimizer, scheduler = configured.get("optimizer"), configured.get("lr_scheduler")
    if scheduler is None or "monitor" not in configured:
        return optimizer, scheduler
    options = scheduler if isinstance(scheduler, Mapping) else {"scheduler": scheduler}
    return optimizer, {"monitor": configured["monitor"], **options}


def _only(part: Any) -> Any:
    if not isinstance(part, (list, tuple)):
        return part
    if len(part) > 1:
        raise ModelError(
            f"a run has one optimizer and at most one scheduler; configure_optimizers returned "
            f"{len(part)}. To train with several optimizers, override fit_epoch"
        )
    return part[0] if part else None


def _schedule(found: Any) -> Schedule:
    if isinstance(found, Mapping):
        if "scheduler" not in found or not found.keys() <= set(OPTIONS):
            raise ModelError(
                f"the dict of a scheduler may have the keys {', '.join(OPTIONS)}; "
                f'found {", ".join(map(str, found))}. E.g. {{"scheduler": s, "interval": "step"}}'
            )
        schedule = Schedule(**found)
    else:
        schedule = Schedule(found)
    if hasattr(schedule.scheduler, "zero_grad"):
        raise ModelError(
            "a run has one optimizer and a scheduler; configure_optimizers returned two "
            "optimizers. To alternate two optimizers, override fit_epoch"
        )
    if not (isinstance(schedule.frequency, int) and schedule.frequency >= 1):
        raise ModelError(
            f"a scheduler's frequency must be at least 1; found {schedule.frequency!r}"
        )
    if not hasattr(schedule.scheduler, "step") or schedule.interval not in ("epoch", "step"):
        raise ModelError(
            f'a scheduler needs a method step(), and its interval must be "epoch" or "step"; found '
            f"{type(schedule.scheduler).__name__} with {schedule.interval!r}. E.g. return "
            "optimizer, torch.optim.lr_scheduler.StepLR(optimizer, step_size=10)"
        )
    return schedule


def _check_optimizer(optimizer: Any) -> None:
    if not (hasattr(optimizer, "step") and hasattr(optimizer, "zero_grad")):
        raise ModelError(
            "configure_optimizers must return an optimizer with step() and zero_grad(); found "
            f"{type(optimizer).__name__}. E.g. return torch.optim.SGD(self.parameters(), self.lr)"
        )
