"""Record the values that the steps of a run plot, weighted by the size of their batch.

Training values are averaged to points of the board, validation values to the mean of their pass;
in a run of several processes over all of them, so that each example counts equally.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from d2l.core.board import ProgressBoard, draw_many
from d2l.engine.running_metrics import WeightedMeans
from d2l.plot.curves import Point, Series, as_value
from d2l.scale.process_group import ProcessGroup

if TYPE_CHECKING:
    from d2l.core.module import Module

_OUR_DRAW = ProgressBoard.draw  # before any user code replaces it


class MetricRecorder:
    """Records the values of one run and plots them on `model.board`.

    `num_batches` is the length of a training pass; if it is unknown (None), x counts batches.
    """

    def __init__(
        self,
        model: "Module",
        group: ProcessGroup,
        device: torch.device,
        num_batches: int | None,
    ) -> None:
        self._model, self._group, self._device = model, group, device
        self._num_batches = num_batches
        self._means = WeightedMeans()
        self._local: dict[str, Series] = {}  # this process's partial sums of the next points

    def add_training(self, key: str, value: Any, batch_index: int, fraction: float) -> None:
        """Record a value of a training batch; `fraction` of its examples are in this process."""
        model, num_batches = self._model, self._num_batches
        per_epoch = model.plot_train_per_epoch
        if per_epoch <= 0:
            return
        label, every_n = "train_" + key, (num_batches or 0) / per_epoch
        x: float = batch_index if num_batches is None else batch_index / num_batches
        if self._group.size > 1:
            point = self._reduced(label, x, value * fraction, every_n)
            if point is None:
                return
            x, value, every_n = point.x, point.y, 1
        model.board.xlabel = "epoch" if num_batches is not None else "batch"
        draw(model.board, x, value, label, every_n)

    def add_training_values(self, key: str, values: Sequence[float], first_index: int) -> None:
        """Record the values of many training batches."""
        model, num_batches = self._model, self._num_batches
        board, per_epoch = model.board, model.plot_train_per_epoch
        if not draws_as_ours(board) or num_batches is None or per_epoch <= 0:
            for index, value in enumerate(values, start=first_index):
                self.add_training(key, value, index, 1.0)
            return
        board.xlabel = "epoch"
        xs = np.arange(first_index, first_index + len(values)) / num_batches
        draw_many(board, xs, values, "train_" + key, num_batches / per_epoch)

    def add_validation(self, key: str, value: Any, num_examples: int) -> None:
        """Record the mean over `num_examples` examples of a validation batch."""
        geometric = key in getattr(type(self._model), "_geometric_means", ())
        self._means.add(key, value, num_examples, geometric)

    def pop_means(self) -> dict[str, Any]:
        """Return the means of the validation pass over all processes, and reset them."""
        return self._means.pop(self._group.all_reduce if self._group.size > 1 else None)

    def draw_means(self, x: float) -> None:
        """Plot the means of the validation pass."""
        for key, mean in self.pop_means().items():
            self.draw_validation(key, mean, x, 1)

    def draw_validation(self, key: str, value: Any, x: float, num_values: int) -> None:
        """Plot a validation value; an epoch has `num_values` of them."""
        per_epoch = self._model.plot_valid_per_epoch
        if per_epoch > 0:
            draw(self._model.board, x, value, "val_" + key, num_values / per_epoch)

    def pending_state(self) -> dict[str, dict[str, Any]]:
        """Return the sums since the last points: the total, and the part of each process."""
        states = {label: series.state_dict() for label, series in self._local.items()}
        return {
            label: {
                **state,
                "sum_y": self._total(state["sum_y"]),
                "parts": self._group.all_gather(state["sum_y"]),
            }
            for label, state in states.items()
        }

    def load_pending_state(self, pending: dict[str, dict[str, Any]]) -> None:
        """Restore these sums: each process its part, or rank 0 the total if the size changed."""
        group = self._group
        for label, state in pending.items():
            parts = state.get("parts", ())
            if len(parts) != group.size:  # saved by a different number of processes
                parts = (state["sum_y"], *[0.0] * (group.size - 1))
            series = self._local[label] = Series()
            series.load_state_dict({**state, "sum_y": parts[group.rank]})

    def _reduced(self, label: str, x: float, value: Any, every_n: float) -> Point | None:
        """Return the next point, averaged over all processes, if this value completes one."""
        series = self._local.setdefault(label, Series())
        if not series.add(x, value, max(1, int(every_n))):
            return None
        point = series.points.pop()
        series.clear_points()
        return Point(point.x, self._total(point.y))

    def _total(self, value: float) -> float:
        local = torch.tensor([value], dtype=torch.float64, device=self._device)
        return float(self._group.all_reduce(local))


def mean_of(value: Any) -> Any:
    """Return `value`, or its mean if it is a tensor of several elements."""
    if isinstance(value, Tensor):
        return value if value.numel() == 1 else value.detach().float().mean()
    return as_value(value)


def scalar(value: Any) -> Any:
    """Return `value` as one number (the mean of several); a tensor on a GPU is not read."""
    value = mean_of(value)
    return value.item() if isinstance(value, Tensor) and value.is_cpu else as_value(value)


def draws_as_ours(board: Any) -> bool:
    """Whether `board.draw` is the library's method, not a user-defined one."""
    return getattr(type(board), "draw", None) is _OUR_DRAW and "draw" not in vars(board)


def draw(board: Any, x: float, value: Any, label: str, every_n: float) -> None:
    """Call `board.draw`; a user-defined one gets the argument types of the book."""
    if not draws_as_ours(board):
        value = torch.as_tensor(value).detach().cpu().numpy()
        every_n = int(every_n)
    board.draw(x, value, label, every_n=every_n)
