"""Plots of value functions and policies of grid worlds: values as colours, actions as arrows."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from d2l.errors import ShapeError
from d2l.plot.figure import close_old_figures, note_figure, to_array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS_PER_ROW, PANEL_INCHES = 4, 3.75
ARROWS = {0: (-1, 0), 1: (0, -1), 2: (1, 0), 3: (0, 1)}  # left, down, right, up
COLORS = {"S": "tab:green", "H": "tab:red", "G": "tab:orange"}


def show_value_function_progress(env_desc: Any, V: Any, pi: Any) -> None:
    """Show the values and the best actions in a grid world after each iteration.

    `env_desc` is the map, rows of letters, where H and G are terminal; `V` and `pi` (num_iters,
    num_states) are values and actions (0 left, 1 down, 2 right, 3 up), states in row-major order.

    >>> values = np.array([[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0]])
    >>> best = np.array([[0, 0, 0, 0, 0, 0], [1, 0, 0, 2, 2, 0]])
    >>> d2l.show_value_function_progress(["SFH", "FFG"], values, best)

    Book: 17.2 Value iteration
    """
    _show(env_desc, V, pi, range(len(V)))


def show_Q_function_progress(env_desc: Any, V_all: Any, pi_all: Any) -> None:  # noqa: N802
    """Show about ten evenly spaced iterations, and the last one.

    Arguments and panels are those of `show_value_function_progress`.

    >>> values = np.linspace(0, 1, 60).reshape(-1, 1) * [1, 0, 2, 0]
    >>> d2l.show_Q_function_progress(["SH", "FG"], values, np.full((60, 4), [1, 0, 2, 0]))

    Book: 17.3 Q-learning
    """
    last = len(V_all) - 1
    chosen = range(0, last + 1, max(1, len(V_all) // 10))
    _show(env_desc, V_all, pi_all, sorted({*chosen, last} - {-1}))


def _show(env_desc: Any, V: Any, pi: Any, chosen: Sequence[int]) -> None:
    from matplotlib import pyplot as plt

    letters = _letters(env_desc)
    values, actions = (_grids(name, x, letters.shape) for name, x in (("V", V), ("pi", pi)))
    if len(values) != len(actions) or len(values) == 0:
        raise ShapeError(
            f"V and pi must have the same number of iterations, at least 1; found {len(values)} "
            f"and {len(actions)}"
        )
    num_rows = math.ceil(len(chosen) / PANELS_PER_ROW)
    size = (PANELS_PER_ROW * PANEL_INCHES, num_rows * PANEL_INCHES)
    options: dict[str, Any] = {"figsize": size, "squeeze": False, "layout": "constrained"}
    close_old_figures()
    figure, grid = plt.subplots(num_rows, PANELS_PER_ROW, **options)
    note_figure(figure)
    for ax in grid.flatten()[len(chosen) :]:
        ax.remove()
    for ax, k in zip(grid.flatten(), chosen, strict=False):
        _draw_panel(ax, letters, values[k], actions[k])
        ax.set_title(f"Step = {k + 1}")


def _draw_panel(ax: "Axes", letters: np.ndarray, values: np.ndarray, actions: np.ndarray) -> None:
    num_rows, num_cols = letters.shape
    low, high = float(values.min()), float(values.max())
    ax.imshow(values, cmap="Blues", vmin=low, vmax=high + 0.6 * (high - low))  # arrows stay visible
    ax.set_xticks(np.arange(num_cols + 1) - 0.5, labels=[])
    ax.set_yticks(np.arange(num_rows + 1) - 0.5, labels=[])
    ax.grid(color="white", linewidth=3)
    ax.tick_params(length=0)
    box = {"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 1.5}
    for (row, col), letter in np.ndenumerate(letters):
        color = COLORS.get(letter, "black")
        ax.text(col, row, letter, color=color, ha="center", va="center", bbox=box)
    rows, cols = np.nonzero((letters != "H") & (letters != "G"))
    right, up = np.array([ARROWS[int(actions[cell])] for cell in zip(rows, cols, strict=True)]).T
    ax.quiver(cols + 0.15 * right, rows - 0.15 * up, right, up, scale=12, width=0.012)


def _letters(env_desc: Any) -> np.ndarray:
    """Return the map as an array of one-letter strings, from bytes or strings."""
    rows = [[x.decode() if isinstance(x, bytes) else str(x) for x in row] for row in env_desc]
    return np.array(rows)


def _grids(name: str, x: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Reshape (num_iters, num_states) to (num_iters, rows, columns)."""
    array = np.asarray(to_array(x))
    num_states = math.prod(shape)
    if array.ndim != 2 or array.shape[1] != num_states:
        raise ShapeError(
            f"{name} must have the shape (num_iters, {num_states}) for a map of {shape[0]} by "
            f"{shape[1]}; found {array.shape}"
        )
    return array.reshape(-1, *shape)
