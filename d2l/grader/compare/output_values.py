"""What one output of a cell shows, as plain values. Knows nothing of right and wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

HINT = "application/vnd.d2l.hint+json"  # of the tutor, about the training; it is not a result
Kind = Literal["tensor", "array", "number", "sequence"]
Shape = tuple[int | None, ...]  # None: an axis that was printed in part


@dataclass(frozen=True, eq=False)
class Array:
    """Numbers or truth values in a shape; a single number has the shape ()."""

    kind: Kind
    dtype: str  # "float32"; or the family alone where no more is shown: "float", "int", "bool"
    shape: Shape
    shown: tuple[int, ...]  # the shape of `values`
    values: np.ndarray  # what is shown, flat, float64
    unit: float  # what the last printed digit is worth; 0: all digits are there
    label: str = ""  # the words before it: "loss:"

    @property
    def what(self) -> str:
        """The words for it: `tensor of shape (2, 3)`."""
        name = self.label.rstrip(" :=,")
        if self.kind == "number" or (self.kind == "tensor" and self.shape == ()):
            return f"number {name}" if name else "number"
        kind = {"sequence": "list"}.get(self.kind, self.kind)
        return f"{kind} {name + ' ' if name else ''}of shape {shape_text(self.shape)}"


@dataclass(frozen=True, eq=False)
class Line:
    """Lines of the same words and of numbers: `epoch 1, loss 0.25`, `epoch 2, loss 0.125`, …"""

    labels: tuple[str, ...]  # the words before each number
    values: np.ndarray  # a row for each line
    units: np.ndarray  # what the last printed digit is worth, for each label
    integers: np.ndarray  # which were printed without a point, for each label

    @property
    def what(self) -> str:
        """The words for it: `line "epoch …, loss …"`."""
        text = " ".join(f"{label} …".strip() for label in self.labels)[:60]
        return f'{len(self.values)} lines "{text}"' if len(self.values) > 1 else f'line "{text}"'


@dataclass(frozen=True)
class Text:
    """Text without numbers: a value, like `torch.float32`, or a remark, like `done`."""

    text: str
    is_value: bool

    @property
    def what(self) -> str:
        """The words for it: `text`."""
        return "value" if self.is_value else "text"


Cell = float | str  # a truth value is "True" or "False", a missing one is nan


@dataclass(frozen=True, eq=False)
class Table:
    """A table of named columns; the index is a column without a name."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    units: tuple[float, ...] = ()  # what the last printed digit is worth, for each column

    @property
    def what(self) -> str:
        """The words for it: `table of 4 rows and 3 columns`."""
        return f"table of {len(self.rows)} rows and {len(self.columns) - 1} columns"


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve: points in the order in which they were drawn."""

    label: str
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, eq=False)
class Curves:
    """The curves of one picture, by their points."""

    curves: tuple[Curve, ...]

    @property
    def what(self) -> str:
        """The words for it: `curves train_loss, val_loss`."""
        return f"curves {', '.join(curve.label for curve in self.curves)}"[:80]


@dataclass(frozen=True)
class Picture:
    """A picture, of which only the size is known; 0 where even that is not."""

    width: float
    height: float

    @property
    def what(self) -> str:
        """The words for it: `picture`."""
        return "picture"


@dataclass(frozen=True)
class Failure:
    """An error that a cell ended with."""

    name: str
    message: str

    @property
    def what(self) -> str:
        """The words for it: `error ValueError`."""
        return f"error {self.name}"


Output = Array | Line | Text | Table | Curves | Picture | Failure


def shape_text(shape: Sequence[int | None]) -> str:
    """Return a shape as Python writes it; `…` for an axis that was printed in part."""
    sizes = ["…" if size is None else str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def family(dtype: str) -> str:
    """Return the kind of numbers that a dtype holds: `float`, `int`, `bool` or itself."""
    for name in ("float", "uint", "int", "bool", "complex"):
        if name in dtype:
            return "int" if name == "uint" else name
    return dtype
