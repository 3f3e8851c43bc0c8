"""Effective numbers of independent values, and degrees of freedom, of correlated random numbers.

Rows of arrays are runs.
"""

import numpy as np
from scipy import special

from d2l.grader.compare.tolerance import SIGNIFICANT_MARGIN, SIGNIFICANT_RUN, SURE_OF_NUMBER


def effective_number(residuals: np.ndarray, freedom: int) -> float:
    """Return the effective number of independent places of equal variance (at least 1)."""
    n = residuals.shape[1]
    gram = residuals @ residuals.T / freedom
    trace, squares = float(np.trace(gram)), float((gram**2).sum())
    if n == 1 or trace == 0:
        return 1.0
    if freedom > 1:
        squares = freedom**2 / ((freedom - 1) * (freedom + 2)) * (squares - trace**2 / freedom)
    number = float(np.clip(trace**2 / squares, 1.0, n)) if squares > 0 else float(n)
    return 1 + SURE_OF_NUMBER * (number - 1)


def prior_freedom(variance: np.ndarray, freedom: int) -> float:
    """Return the prior degrees of freedom of the variances: few if they differ between places.

    Smyth's estimate, from the variance of the logarithms of the variances.
    """
    logs = np.log(variance[variance > 0])
    if logs.size < 2:
        return 0.0
    excess = float(logs.var(ddof=1) - special.polygamma(1, freedom / 2))
    return (1 + (1 + 2 * excess) ** 0.5) / excess if excess > 1e-6 else np.inf


def design_effect(
    ours: np.ndarray, theirs: np.ndarray, shape: tuple[int, ...]
) -> tuple[float, float]:
    """Return the design effect (number of values that count as one) and the degrees of freedom.

    The effect is above 1 if rows, columns or runs are correlated.
    """
    runs, n = np.concatenate([ours, theirs]), ours.shape[1]
    within = runs.var(axis=1, ddof=1).mean()
    if within == 0:
        return 1.0, runs.size - 2
    effects = [1.0]
    for axis, size in enumerate(shape):
        if 1 < size < n and int(np.prod(shape)) == n:
            others = tuple(i + 1 for i in range(len(shape)) if i != axis)
            means = runs.reshape(-1, *shape).mean(axis=others)
            effect = n / size * means.var(axis=1, ddof=1).mean() / within
            free = len(runs) * (size - 1)
            if effect > special.fdtri(free, runs.size - free, 1 - SIGNIFICANT_MARGIN):
                effects.append(effect)
    free = max(len(runs) - 2, 1)
    residuals = [x.mean(axis=1) - x.mean() for x in (ours, theirs)]
    together = n * sum((r**2).sum() for r in residuals) / free / within
    is_few = together > special.fdtri(free, len(runs) * (n - 1), 1 - SIGNIFICANT_RUN)
    effect = max(*effects, together)
    return effect, float(free) if is_few else max(runs.size / effect - 2, free)
