"""The points of one curve: means of what was drawn, read from the device only when asked for."""

from typing import Any, NamedTuple

import torch
from torch import Tensor


class Point(NamedTuple):
    """One drawn point."""

    x: float
    y: float


class Series:
    """A curve under construction: each point is the mean of `every_n` drawn values."""

    def __init__(self) -> None:
        self.xs: list[float] = []
        self._ys: list[Any] = []
        self._num_read = 0
        self._sum_x: float = 0.0
        self._sum_y: Any = 0.0
        self._count = 0

    def __len__(self) -> int:
        return len(self.xs)

    def add(self, x: float, y: Any, every_n: int) -> bool:
        """Take one value in; true if that made a point. `y` may be a 0-d tensor on any device."""
        self._sum_x += x
        self._sum_y = self._sum_y + y
        self._count += 1
        if self._count < every_n:
            return False
        self.xs.append(self._sum_x / self._count)
        self._ys.append(self._sum_y / self._count if self._count > 1 else self._sum_y)
        self._sum_x, self._sum_y, self._count = 0.0, 0.0, 0
        return True

    def clear_points(self) -> None:
        """Forget the points made so far; what the next one sums up stays."""
        self.xs, self._ys, self._num_read = [], [], 0

    def state_dict(self) -> dict[str, Any]:
        """Points and unfinished sums as numbers; waits for the device the values are on."""
        return {
            "xs": list(self.xs),
            "ys": list(self.ys),
            "sum_x": self._sum_x,
            "sum_y": float(self._sum_y),
            "count": self._count,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state_dict` gave."""
        self.xs, self._ys = list(state["xs"]), list(state["ys"])
        self._num_read = len(self._ys)
        self._sum_x, self._sum_y, self._count = state["sum_x"], state["sum_y"], state["count"]

    @property
    def ys(self) -> list[float]:
        """The values as floats; those still on a device are read together, once."""
        fresh = self._ys[self._num_read :]
        if fresh:
            self._ys[self._num_read :] = _read(fresh)
            self._num_read = len(self._ys)
        return self._ys

    @property
    def points(self) -> list[Point]:
        """The points in the order in which they were drawn."""
        return [Point(x, y) for x, y in zip(self.xs, self.ys, strict=True)]


def as_value(y: Any) -> Any:
    """`y` as what can be summed: a float; a tensor on a device is not read, only detached."""
    if type(y) is float:
        return y
    if isinstance(y, Tensor):
        if y.numel() != 1:
            raise ValueError(_not_a_number(tuple(y.shape)))
        return y.item() if y.is_cpu else y.detach().reshape(())
    if getattr(y, "size", 1) != 1:
        raise ValueError(_not_a_number(y.shape))
    return float(y.item() if hasattr(y, "item") else y)


def _not_a_number(shape: tuple[int, ...]) -> str:
    return (
        f"a point needs one number as y; found shape {shape}. "
        "Draw its mean: board.draw(x, y.mean(), label)"
    )


def _read(values: list[Any]) -> list[float]:
    tensors = [value for value in values if isinstance(value, Tensor)]
    if not tensors:
        return values
    by_device: dict[Any, list[Tensor]] = {}
    for tensor in tensors:
        by_device.setdefault(tensor.device, []).append(tensor.to(_wide(tensor)))
    floats = {device: iter(torch.stack(group).tolist()) for device, group in by_device.items()}
    return [next(floats[v.device]) if isinstance(v, Tensor) else v for v in values]


def _wide(tensor: Tensor) -> torch.dtype:
    return torch.float32 if tensor.device.type == "mps" else torch.float64
