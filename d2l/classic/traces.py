"""Optimizers on the plane: their steps, drawn over the function that they go down."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from d2l.plot.curves import as_value
from d2l.plot.figure import set_figsize, to_array


def train_2d(
    trainer: Callable[..., tuple[Any, Any, Any, Any]], steps: int = 20, f_grad: Any = None
) -> list[tuple[Any, Any]]:
    """Every place `(x1, x2)` that an optimizer visits in `steps` steps from (-5, -2).

    `trainer(x1, x2, s1, s2)` gives these four anew; `s1` and `s2`, 0 at first, are its state. With
    `f_grad` it is called as `trainer(x1, x2, s1, s2, f_grad)`. Prints where it arrived.

    >>> d2l.train_2d(lambda x1, x2, s1, s2: (x1 / 2, x2 / 2, s1, s2), steps=2)
    epoch 2, x1: -1.250000, x2: -0.500000
    [(-5, -2), (-2.5, -1.0), (-1.25, -0.5)]

    Book: 12.3 Gradient descent
    """
    more = () if f_grad is None else (f_grad,)
    x1, x2, s1, s2 = -5, -2, 0, 0
    results: list[tuple[Any, Any]] = [(x1, x2)]
    for _ in range(steps):
        x1, x2, s1, s2 = trainer(x1, x2, s1, s2, *more)
        results.append((x1, x2))
    print(f"epoch {steps}, x1: {float(as_value(x1)):f}, x2: {float(as_value(x2)):f}")
    return results


def show_trace_2d(f: Callable[[Any, Any], Any], results: Sequence[tuple[Any, Any]]) -> None:
    """Draw the places `(x1, x2)` in `results`, in order, over the contour lines of `f(x1, x2)`.

    `f` is called once, with two grids of coordinates (65, 40).

    >>> d2l.show_trace_2d(lambda x1, x2: x1**2 + 2 * x2**2, [(-5, -2), (-3, -0.4), (-1.8, 0)])

    Book: 12.3 Gradient descent
    """
    from matplotlib import pyplot as plt

    set_figsize()
    x1s, x2s = ([float(as_value(x)) for x in axis] for axis in zip(*results, strict=True))
    plt.plot(x1s, x2s, "-o", color=ORANGE)
    grid = torch.meshgrid(torch.arange(-5.5, 1, 0.1), torch.arange(-3, 1, 0.1), indexing="ij")
    plt.contour(*(to_array(x) for x in (*grid, f(*grid))), colors=BLUE)
    plt.xlabel("x1")
    plt.ylabel("x2")


def annotate(text: str, xy: tuple[float, float], xytext: tuple[float, float]) -> None:
    """Write `text` at `xytext` into the current axes, with an arrow to `xy`.

    >>> x = torch.arange(-1, 2, 0.1)
    >>> d2l.plot(x, x**4 - 2 * x**2 + x / 2, "x", "f(x)")
    >>> d2l.annotate("lowest", xy=(-1, -1.5), xytext=(-0.5, 4))

    Book: 12.1 Optimization and deep learning
    """
    from matplotlib import pyplot as plt

    plt.gca().annotate(text, xy=xy, xytext=xytext, arrowprops={"arrowstyle": "->"})


ORANGE, BLUE = "#ff7f0e", "#1f77b4"
