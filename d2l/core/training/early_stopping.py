"""Early stopping: monitor one metric per epoch, and stop when it no longer improves."""

import math
from typing import Any

from d2l.errors import ModelError
from d2l.runs.run_table import higher_is_better

MODES = ("min", "max")


class EarlyStopping:
    """Monitors the metric `monitor`, for which lower ("min") or higher ("max") is better.

    If `mode` is None it follows from the name: "max" for accuracies and similar, otherwise "min".
    `should_stop` is True once the best has not improved for `patience` epochs; None: never.
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
        """Record the value of an epoch; return whether it is the best so far."""
        is_best = not math.isnan(value) and (math.isnan(self.best) or self._is_better(value))
        self.best = value if is_best else self.best
        self.num_epochs_without = 0 if is_best else self.num_epochs_without + 1
        return is_best

    @property
    def should_stop(self) -> bool:
        """Whether the metric has not improved for long enough."""
        return self.patience is not None and self.num_epochs_without >= self.patience

    def describe(self) -> str:
        """Return the message printed when the run stops early."""
        return (
            f"stopped early: {self.monitor} has not improved on {self.best:.4g} for "
            f"{self.num_epochs_without} epochs (patience={self.patience})"
        )

    def state_dict(self) -> dict[str, Any]:
        """Return the metric, its best value and the number of epochs since."""
        monitored = {"monitor": self.monitor, "mode": self.mode}
        return {**monitored, "best": self.best, "num_epochs_without": self.num_epochs_without}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a state of `state_dict`; ignored if it belongs to a different metric."""
        if (state["monitor"], state["mode"]) == (self.monitor, self.mode):
            self.best, self.num_epochs_without = state["best"], state["num_epochs_without"]

    def _is_better(self, value: float) -> bool:
        return value < self.best if self.mode == "min" else value > self.best


def require_metric(value: float | None, label: str, labels: list[str]) -> float:
    """Return the last value of a metric; raise `ModelError` if it was not plotted."""
    if value is None:
        raise ModelError(
            f"the metric {label!r} is monitored, but no metric of that name was plotted; the board "
            f"has {', '.join(labels) or 'no curve'}. Plot it in validation_step, or monitor "
            'another: d2l.Trainer(…, monitor="val_loss")'
        )
    return value
