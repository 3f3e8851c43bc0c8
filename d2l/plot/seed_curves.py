"""Curves of several seeds: the median, and the band that half of them lie in."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from d2l.errors import ShapeError
from d2l.plot.figure import set_axes, set_figsize, to_array


def plot_curves(
    curves: Mapping[str, Any],
    xlabel: str,
    ylabel: str,
    smooth: int = 1,
    reference: float | None = None,
    ylim: Iterable[float] | None = None,
) -> None:
    """Draw for each label the median over seeds, and a band from the lower to the upper quartile.

    A curve is an array (num_seeds, num_steps), or one series. Each value is first replaced by the
    mean of the last `smooth` values of its seed. `reference` is a dashed line at that height.

    >>> noise = torch.randn(5, 100)
    >>> curves = {"slow": torch.arange(100) / 100 + noise / 9, "fast": 1 - 1 / (2 + noise.abs())}
    >>> d2l.plot_curves(curves, "episode", "return", smooth=5, reference=1.0)

    Book: 17 Reinforcement learning (2026)
    """
    from matplotlib import pyplot as plt

    set_figsize()
    axes = plt.gca()
    axes.cla()
    for i, (label, values) in enumerate(curves.items()):
        low, middle, high = np.percentile(_smoothed(label, values, smooth), [25, 50, 75], axis=0)
        steps = np.arange(len(middle))
        axes.plot(steps, middle, color=f"C{i}", label=label)
        axes.fill_between(steps, low, high, color=f"C{i}", alpha=0.2, linewidth=0)
    if reference is not None:
        axes.axhline(reference, color="gray", linestyle="--", linewidth=1)
    set_axes(axes, xlabel, ylabel, None, ylim, "linear", "linear", None)
    axes.legend()


def _smoothed(label: str, values: Any, smooth: int) -> Any:
    """Running means of at most `smooth` values, as (num_seeds, num_steps)."""
    runs = np.atleast_2d(np.asarray(to_array(values), dtype=float))
    if runs.ndim != 2 or runs.shape[1] == 0:
        raise ShapeError(
            f"the curve {label!r} must have the shape (num_seeds, num_steps); found {runs.shape}"
        )
    sums = np.cumsum(runs, axis=1)
    width = max(1, smooth)
    sums[:, width:] -= sums[:, :-width].copy()
    return sums / np.minimum(np.arange(1, runs.shape[1] + 1), width)
