"""What `configure_optimizers` may return: an optimizer, or one with a learning rate scheduler."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch.optim.lr_scheduler import ReduceLROnPlateau

from d2l.errors import ModelError


@dataclass
class Schedule:
    """A scheduler, stepped every `frequency` epochs, or batches with `interval="step"`.

    One that waits for a plateau is given the last value of the curve `monitor`.
    """

    scheduler: Any
    interval: str = "epoch"
    frequency: int = 1
    monitor: str = "val_loss"

    def after(self, interval: str, number: int, latest: Callable[[str], float]) -> None:
        """Step the scheduler if it is its turn after so many epochs or steps."""
        if interval != self.interval or number % self.frequency:
            return
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step(latest(self.monitor))
        else:
            self.scheduler.step()


def unpack(configured: Any) -> tuple[Any, Schedule | None]:
    """The optimizer and the schedule in what `configure_optimizers` returned.

    Forms: `optimizer`; `(optimizer, scheduler)`; `([optimizer], [scheduler])`;
    `{"optimizer": …, "lr_scheduler": scheduler or {"scheduler": …, "interval": "step", …}}`, where
    `"monitor"` may stand beside the scheduler.
    """
    if isinstance(configured, Mapping):
        optimizer, scheduler = _from_dict(configured)
    elif isinstance(configured, (tuple, list)) and len(configured) == 2:
        optimizer, scheduler = (_only(part) for part in configured)
    else:
        optimizer, scheduler = configured, None
    _check_optimizer(optimizer)
    return optimizer, None if scheduler is None else _schedule(scheduler)


def _from_dict(configured: Mapping[str, Any]) -> tuple[Any, Any]:
    unknown = [name for name in configured if name not in ("optimizer", "lr_scheduler", "monitor")]
    if unknown:
        raise ModelError(
            "the dict of configure_optimizers has the keys optimizer, lr_scheduler and monitor; "
            f"found {', '.join(map(str, unknown))} too. The options of a scheduler go beside it: "
            '{"optimizer": o, "lr_scheduler": {"scheduler": s, "interval": "step"}}'
        )
    optimizer, scheduler = configured.get("optimizer"), configured.get("lr_scheduler")
    if scheduler is None or "monitor" not in configured:
        return optimizer, scheduler
    options = scheduler if isinstance(scheduler, Mapping) else {"scheduler": scheduler}
    return optimizer, {"monitor": configured["monitor"], **options}


def _only(part: Any) -> Any:
    if not isinstance(part, (list, tuple)):
        return part
    if len(part) != 1:
        raise ModelError(
            f"a run has one optimizer and at most one scheduler; configure_optimizers gave "
            f"{len(part)}. Several models with optimizers of their own need a fit_epoch of yours"
        )
    return part[0]


def _schedule(found: Any) -> Schedule:
    if isinstance(found, Mapping):
        known = {name: found[name] for name in found if name in Schedule.__dataclass_fields__}
        if "scheduler" not in known or known.keys() != found.keys():
            raise ModelError(
                f"a scheduler's dict has the keys {', '.join(Schedule.__dataclass_fields__)}; "
                f'found {", ".join(map(str, found))}. E.g. {{"scheduler": s, "interval": "step"}}'
            )
        schedule = Schedule(**known)
    else:
        schedule = Schedule(found)
    if hasattr(schedule.scheduler, "zero_grad"):
        raise ModelError(
            "a run has one optimizer, and a scheduler beside it; configure_optimizers gave two "
            "optimizers. Two that take turns need a fit_epoch of yours"
        )
    if not (isinstance(schedule.frequency, int) and schedule.frequency >= 1):
        raise ModelError(
            f"a scheduler's frequency must be at least 1; found {schedule.frequency!r}"
        )
    if not hasattr(schedule.scheduler, "step") or schedule.interval not in ("epoch", "step"):
        raise ModelError(
            f"a scheduler has a method step(), and an interval is epoch or step; found "
            f"{type(schedule.scheduler).__name__} with {schedule.interval!r}. E.g. return "
            "optimizer, torch.optim.lr_scheduler.StepLR(optimizer, step_size=10)"
        )
    return schedule


def _check_optimizer(optimizer: Any) -> None:
    if not (hasattr(optimizer, "step") and hasattr(optimizer, "zero_grad")):
        raise ModelError(
            "configure_optimizers must return an optimizer, with step() and zero_grad(); found "
            f"{type(optimizer).__name__}. E.g. return torch.optim.SGD(self.parameters(), self.lr)"
        )
