"""When two printed numbers are the same: to the digits that are shown, and to float32's noise."""

import numpy as np

_FLOAT32_NOISE = 1e-4  # relative; sums of a few thousand float32 numbers in another order
_NEARLY_ZERO = 1e-6  # what is left of numbers around 1 that should cancel out
_SAME = 1e-6


def close(
    a: np.ndarray, b: np.ndarray, a_unit: float, b_unit: float, is_exact: bool = False
) -> np.ndarray:
    """Return where `a` and `b` are the same, given what the last digit of each is worth.

    `is_exact`: whole numbers, which no rounding excuses. nan is the same as nan.
    """
    difference = np.abs(a - b)
    largest = np.maximum(np.abs(a), np.abs(b))
    rounding = (a_unit + b_unit) / 2 * (1 + 1e-6)
    allowed = rounding + _FLOAT32_NOISE * largest + _NEARLY_ZERO
    equal = (a == b) | (np.isnan(a) & np.isnan(b))
    return equal if is_exact else equal | (np.isfinite(largest) & (difference <= allowed))


def is_deterministic(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two runs gave the same values: not merely close ones, as random numbers may be."""
    if a.shape != b.shape:
        return False
    is_same = np.abs(a - b) <= _SAME * np.maximum(np.abs(a), np.abs(b))
    is_whole = (a == np.round(a)) & (b == np.round(b))
    return bool(np.all((is_same & ~is_whole) | (a == b) | (np.isnan(a) & np.isnan(b))))
