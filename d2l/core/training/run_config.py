"""The options of `Trainer(…)` beyond the book's three, with their checks; the run's device."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from d2l.base.devices import cpu
from d2l.core.training.early_stopping import EarlyStopping
from d2l.core.unregistered import trainable_tensors
from d2l.engine.plan import check_precision
from d2l.runs.loggers import check_loggers
from d2l.scale.data_parallel import check_strategy
from d2l.scale.process_group import ProcessGroup

if TYPE_CHECKING:
    from d2l.core.module import Module
    from d2l.core.trainer import Trainer

NONFINITE = ("warn", "stop")
TUTOR = (True, False, "strict")


@dataclass(frozen=True)
class RunConfig:
    """The options of a trainer's runs; `Trainer` documents them."""

    device: torch.device | None = None
    seed: int | None = None
    replay: bool | None = None
    stream: bool | None = None
    precision: str = "32-true"
    compile: bool = False
    accumulate: int = 1
    patience: int | None = None
    monitor: str = "val_loss"
    mode: str | None = None
    checkpoint: str | Path | None = None
    every: float = 1
    keep: int = 2
    run_dir: str | Path | None = None
    strategy: str = "ddp"
    on_nonfinite: str = "warn"
    tutor: bool | str = True
    loggers: Sequence[Any] = ()

    def __post_init__(self) -> None:
        check_precision(self.precision)
        check_strategy(self.strategy)
        EarlyStopping(self.monitor, self.mode, self.patience)
        check_numbers(self.accumulate, self.every, self.keep)
        check_loggers(self.loggers)
        if self.on_nonfinite not in NONFINITE:
            raise ValueError(f'on_nonfinite must be "warn" or "stop"; found {self.on_nonfinite!r}')
        if self.tutor not in TUTOR:
            raise ValueError(f'tutor must be True, False or "strict"; found {self.tutor!r}')


def check_numbers(accumulate: Any, every: Any, keep: Any) -> None:
    """Raise `ValueError` unless the numbers of batches, epochs and checkpoints are valid."""
    if not (isinstance(accumulate, int) and accumulate >= 1):
        raise ValueError(f"accumulate must be at least 1 batch; found {accumulate!r}")
    if not (isinstance(every, (int, float)) and 0 < every < math.inf):
        raise ValueError(
            f"every must be a positive number of epochs; found {every!r}. E.g. every=0.5"
        )
    if not (isinstance(keep, int) and keep >= 1):
        raise ValueError(f"keep must be at least 1 checkpoint; found {keep!r}")


def requested_device(trainer: "Trainer", config: RunConfig) -> torch.device | None:
    """Return the requested device, or None to use the model's."""
    gpus = getattr(trainer, "gpus", None) or [None]
    return config.device or gpus[0]


def choose_device(
    trainer: "Trainer", model: "Module", config: RunConfig, group: ProcessGroup
) -> torch.device:
    """Return the device of a run, by default the model's, and initialize the process group."""
    tensors = trainable_tensors(model)
    home = tensors[0].device if tensors else cpu()
    device = group.device_for(requested_device(trainer, config)) or home
    group.init(device)
    return device
