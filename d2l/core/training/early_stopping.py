"""One metric monitored from epoch to epoch: is it still improving, and when was it best?"""

import math
from typing import Any

from d2l.errors import ModelError
from d2l.runs.run_table import higher_is_better

MODES = ("min", "max")


class EarlyStopping:
    """Monitors the metric `monitor`, for which lower ("min") or higher ("max") is better.

    Without a `mode` it follows from the name: accuracy and the like are to rise, all else to fall.
    `should_stop` once the best has not improved for `patience` epochs in a row; None: never.
    """

    def __init__(self, monitor: str, mode: str | None, patience: int | None) -> None:
        if mode is not None and mode not in MODES:
            raise ValueError(f'mode must be "min" or "max"; found {mode!r}')
        if patience is not None and patience < 1:
            raise ValueError(f"patience must be at least 1 epoch; found {patience}")
        self.monitor, self.patience = monitor, patience
        self.mode = mode or ("max" if higher_is_better(monitor) else "min")
        self.best, self.num_epochs_without = math.nan, 0

    def update(self, value: float) -> bool:
        """Take in the value of an epoch; whether it is the best so far."""
        is_best = not math.isnan(value) and (math.isnan(self.best) or self._is_better(value))
        self.best = value if is_best else self.best
        self.num_epochs_without = 0 if is_best else self.num_epochs_without + 1
        return is_best

    @property
    def should_stop(self) -> bool:
        """Whether the metric has not improved for long enough."""
        return self.patience is not None and self.num_epochs_without >= self.patience

    def describe(self) -> str:
        """Why the run ends here."""
        return (
            f"stopped early: {self.monitor} has not improved on {self.best:.4g} for "
            f"{self.num_epochs_without} epochs (patience={self.patience})"
        )

    def state_dict(self) -> dict[str, Any]:
        """The best value so far, of which metric, and how long ago it was."""
        monitored = {"monitor": self.monitor, "mode": self.mode}
        return {**monitored, "best": self.best, "num_epochs_without": self.num_epochs_without}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state that `state_dict` gave; start over if it is of another metric."""
        if (state["monitor"], state["mode"]) == (self.monitor, self.mode):
            self.best, self.num_epochs_without = state["best"], state["num_epochs_without"]

    def _is_better(self, value: float) -> bool:
        return value < self.best if self.mode == "min" else value > self.best


def require_metric(value: float | None, label: str, labels: list[str]) -> float:
    """The last value of a metric; an error that names those that were plotted."""
    if value is None:
        raise ModelError(
            f"the metric {label!r} is monitored, but no value of that name was plotted; the board "
            f"has {', '.join(labels) or 'no curve'}. Plot it in validation_step, or name another: "
            'd2l.Trainer(…, monitor="val_loss")'
        )
    return value
