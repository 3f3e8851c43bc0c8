"""Types of outputs, parsed to plain values: arrays, lines, text, tables, curves, pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

HINT = "application/vnd.d2l.hint+json"  # a hint of the tutor about the training; not a result
Kind = Literal["tensor", "array", "number", "sequence"]
Shape = tuple[int | None, ...]  # None: an axis that was printed partially

# What is beyond these limits is not read: outputs are untrusted.
MOST_OUTPUTS = 2_000  # of one cell
MOST_ITEMS = 200  # of one cell
MOST_LINES = 5_000  # of numbers, in one text
MOST_CHARACTERS = 100_000  # of one text
MOST_COMPARED_CELLS = 20_000  # cells of tables
MOST_POINTS = 20_000  # of one curve
MOST_CURVES = 50


@dataclass(frozen=True, eq=False)
class Array:
    """An array of numbers or booleans; a single number has the shape ()."""

    kind: Kind
    dtype: str  # "float32", or only the family if not shown: "float", "int", "bool"
    shape: Shape
    shown: tuple[int, ...]  # the shape of `values`
    values: np.ndarray  # the printed values, flat, float64
    unit: float  # unit of the last printed digit; 0: printed in full precision
    label: str = ""  # the preceding words: "loss:"

    @property
    def what(self) -> str:
        """The description, such as `tensor of shape (2, 3)`."""
        name = self.label.rstrip(" :=,")
        if self.kind == "number" or (self.kind == "tensor" and self.shape == ()):
            return f"number {name}" if name else "number"
        kind = {"sequence": "list"}.get(self.kind, self.kind)
        return f"{kind} {name + ' ' if name else ''}of shape {shape_text(self.shape)}"


@dataclass(frozen=True, eq=False)
class Line:
    """Lines with the same words and different numbers: `epoch 1, loss 0.25`, …"""

    labels: tuple[str, ...]  # the words before each number
    values: np.ndarray  # a row for each line
    units: np.ndarray  # unit of the last printed digit, for each label
    integers: np.ndarray  # whether printed without a decimal point, for each label

    @property
    def what(self) -> str:
        """The description, such as `line "epoch …, loss …"`."""
        text = " ".join(f"{label} …".strip() for label in self.labels)[:60]
        return f'{len(self.values)} lines "{text}"' if len(self.values) > 1 else f'line "{text}"'


@dataclass(frozen=True)
class Text:
    """Text without numbers: a value, like `torch.float32`, or a remark, like `done`."""

    text: str
    is_value: bool

    @property
    def what(self) -> str:
        """The description: `value` or `text`."""
        return "value" if self.is_value else "text"


Cell = float | str  # a boolean is "True" or "False", a missing value is nan


@dataclass(frozen=True, eq=False)
class Table:
    """A table with named columns; the index is a column without a name."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    units: tuple[float, ...] = ()  # unit of the last printed digit, for each column

    @property
    def what(self) -> str:
        """The description, such as `table of 4 rows and 3 columns`."""
        return f"table of {len(self.rows)} rows and {len(self.columns) - 1} columns"


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve: points in drawing order."""

    label: str
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, eq=False)
class Curves:
    """The curves of one figure, with their points."""

    curves: tuple[Curve, ...]

    @property
    def what(self) -> str:
        """The description, such as `curves train_loss, val_loss`."""
        return f"curves {', '.join(curve.label for curve in self.curves)}"[:80]


@dataclass(frozen=True)
class Picture:
    """A picture with its size, 0 if unknown; its content is not compared."""

    width: float
    height: float

    @property
    def what(self) -> str:
        """The description: `picture`."""
        return "picture"


@dataclass(frozen=True)
class Failure:
    """An exception raised by a cell."""

    name: str
    message: str

    @property
    def what(self) -> str:
        """The description, such as `error ValueError`."""
        return f"error {self.name}"


Output = Array | Line | Text | Table | Curves | Picture | Failure


def shape_text(shape: Sequence[int | None]) -> str:
    """Return a shape in Python's notation, with `…` for an axis that was printed partially."""
    sizes = ["…" if size is None else str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def family(dtype: str) -> str:
    """Return the family of a dtype: `float`, `int`, `bool`, `complex`, or the dtype itself."""
    for name in ("float", "uint", "int", "bool", "complex"):
        if name in dtype:
            return "int" if name == "uint" else name
    return dtype
