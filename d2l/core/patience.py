"""One curve watched from epoch to epoch: is it still getting better, and when was it best?"""

import math
from typing import Any

from d2l.errors import ModelError

MODES = ("min", "max")


class Patience:
    """Watches the curve `monitor`, of which less ("min") or more ("max") is better.

    `is_over` once `patience` epochs in a row have not bettered the best; None: never.
    """

    def __init__(self, monitor: str, mode: str, patience: int | None) -> None:
        if mode not in MODES:
            raise ValueError(f'mode must be "min" or "max"; found {mode!r}')
        if patience is not None and patience < 1:
            raise ValueError(f"patience must be at least 1 epoch; found {patience}")
        self.monitor, self.mode, self.patience = monitor, mode, patience
        self.best, self.num_epochs_without = math.nan, 0

    def note(self, value: float) -> bool:
        """Take in the value of an epoch; whether it is the best so far."""
        is_best = not math.isnan(value) and (math.isnan(self.best) or self._is_better(value))
        self.best = value if is_best else self.best
        self.num_epochs_without = 0 if is_best else self.num_epochs_without + 1
        return is_best

    @property
    def is_over(self) -> bool:
        """Whether to wait no longer."""
        return self.patience is not None and self.num_epochs_without >= self.patience

    def describe(self) -> str:
        """Why the run ends here."""
        return (
            f"stopped early: {self.monitor} has not bettered {self.best:.4g} for "
            f"{self.num_epochs_without} epochs (patience={self.patience})"
        )

    def state_dict(self) -> dict[str, Any]:
        """The best value so far, of which curve, and how long ago it was."""
        watched = {"monitor": self.monitor, "mode": self.mode}
        return {**watched, "best": self.best, "num_epochs_without": self.num_epochs_without}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state_dict` gave, or anew where it watched another curve."""
        if (state["monitor"], state["mode"]) == (self.monitor, self.mode):
            self.best, self.num_epochs_without = state["best"], state["num_epochs_without"]

    def _is_better(self, value: float) -> bool:
        return value < self.best if self.mode == "min" else value > self.best


def latest(board: Any, label: str) -> float:
    """The last value of a curve; an error that names the curves there are."""
    values = board.latest()
    if label not in values:
        raise ModelError(
            f"the curve {label!r} is to be watched, and the board has "
            f"{', '.join(values) or 'no curve'}. Plot it in validation_step, or name another: "
            'd2l.Trainer(…, monitor="val_loss")'
        )
    return values[label]
