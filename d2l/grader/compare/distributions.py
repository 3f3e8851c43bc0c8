"""Compares random numbers with random numbers: by shape, dtype, range, and how they spread.

What counts as likely is taken from the reference's runs. Where each place of an array has a level
of its own, like learned weights, each place has a band; where all places are alike, like in
`torch.randn(3, 4)`, all elements share one. Bands are wide, because three runs tell little about
how far a fourth may go: five to twelve standard deviations, the more the fewer numbers were seen.
"""

from collections.abc import Sequence

import numpy as np

from d2l.grader.compare.array_difference import form_difference, same_shape
from d2l.grader.compare.difference import Difference, plain
from d2l.grader.compare.outputs import Array, family

_SHARE_OF_VALUE = 0.05  # two runs may always be this far apart
_ADDRESS = 2.0**40  # whole numbers from here on that change with each run are `id(...)`
_ENOUGH = 20  # elements from which on "never negative" is no chance
_FEW_CHANCES = 1_000  # possible values; of fewer, two runs may well give the same


def spread_difference(expected: Sequence[Array], found: Sequence[Array]) -> Difference | None:
    """Return why the arrays of a submission's runs are not drawn like the reference's."""
    if not all(same_shape(expected[0], array) for array in expected):
        return _dimensions_difference(expected[0], found)
    for array in found:
        problem = form_difference(expected[0], array)
        if problem is not None:
            return problem
    ours, theirs = [array.values for array in expected], [array.values for array in found]
    unit = max(expected[0].unit, 1.0 if family(expected[0].dtype) in ("int", "bool") else 1e-7)
    return values_difference(np.array(ours), np.array(theirs), unit)


def _dimensions_difference(expected: Array, found: Sequence[Array]) -> Difference | None:
    """Where even the shape is random, only the number of axes is compared."""
    for array in found:
        here, there = len(array.shape), len(expected.shape)
        if here != there:
            said = f"{here} axes"
            return Difference(f"{said} where the reference has {there}", f"{said} are not right")
    return None


def values_difference(ours: np.ndarray, theirs: np.ndarray, unit: float) -> Difference | None:
    """The same for plain numbers: a row for each run, `unit` is the last printed digit's worth."""
    is_number = np.isfinite(ours).all(axis=0)
    ours, theirs = ours[:, is_number], theirs[:, is_number]
    if ours.shape[1] == 0 or (np.abs(ours).min() > _ADDRESS and unit >= 1):
        return None
    if not np.isfinite(theirs).all():
        return Difference("nan or infinite, where the reference has finite numbers", "not finite")
    return _always_the_same(ours, theirs, unit) or (
        _place_by_place(ours, theirs) if _has_levels(ours) else _all_together(ours, theirs)
    )


def _always_the_same(ours: np.ndarray, theirs: np.ndarray, unit: float) -> Difference | None:
    if len(theirs) < 2 or not (theirs == theirs[0]).all():
        return None
    num_different = len({row.tobytes() for row in ours})
    chances = (np.ptp(ours, axis=0) / (unit or 1e-7) + 1).prod()
    if num_different < len(ours) or chances < _FEW_CHANCES:
        return None
    said = "the same with every seed: not random, though it should be"
    return Difference(said, said)


def _has_levels(ours: np.ndarray) -> bool:
    """Whether the places of the array differ from each other by more than runs do."""
    if ours.shape[1] == 1:
        return True
    within = ours.var(axis=0, ddof=1).mean()
    between = len(ours) * ours.mean(axis=0).var(ddof=1)
    n, runs = ours.shape[1], len(ours)
    chance = np.sqrt(2 / (n - 1) + 2 / (n * (runs - 1)))  # of the ratio of two such variances
    return bool(between > (1 + 5 * chance) * within)


def _place_by_place(ours: np.ndarray, theirs: np.ndarray) -> Difference | None:
    deviation = ours.std(axis=0, ddof=1)
    shared = np.sqrt((deviation**2).mean())
    freedom = (len(ours) - 1) * ours.shape[1]
    width = np.maximum(
        _deviations(freedom) * np.maximum(deviation, shared),
        _SHARE_OF_VALUE * np.abs(ours).max(axis=0),
    )
    low, high = ours.min(axis=0), ours.max(axis=0)
    outside = (theirs < low - width) | (theirs > high + width)
    if not outside.any():
        return None
    row, at = np.argwhere(outside)[0]
    here = plain(float(theirs[row, at]))
    seen = f"{plain(float(low[at]))} to {plain(float(high[at]))}"
    place = "" if ours.shape[1] == 1 else f", number {at + 1}"
    return Difference(
        f"{here}{place} (the reference's runs: {seen})", f"{here}{place} is not as expected"
    )


def _deviations(freedom: int) -> float:
    """How far chance may go, by how many numbers the standard deviation stands on."""
    return 6.0 if freedom >= 8 else 8.0 if freedom >= 4 else 12.0


def _all_together(ours: np.ndarray, theirs: np.ndarray) -> Difference | None:
    pool, sample = ours.ravel(), theirs.ravel()
    low, high = float(pool.min()), float(pool.max())
    room = (high - low) * (1.0 if len(pool) >= _ENOUGH else 3.0)
    seen = f"between {plain(low)} and {plain(high)}"
    is_outside = sample.min() < low - room or sample.max() > high + room
    has_sign = low >= 0 and len(pool) >= _ENOUGH
    if is_outside or (has_sign and sample.min() < 0):
        here = f"values between {plain(float(sample.min()))} and {plain(float(sample.max()))}"
        return Difference(
            f"{here}, the reference's runs {seen}", f"{here} are not in the range asked for"
        )
    return _mean_difference(ours, theirs) or _deviation_difference(pool, sample)


def _mean_difference(ours: np.ndarray, theirs: np.ndarray) -> Difference | None:
    chance = ours.std() * np.sqrt(1 / ours.size + 1 / theirs.size)
    between_runs = ours.mean(axis=1).std(ddof=1)
    here, there = float(theirs.mean()), float(ours.mean())
    freedom = len(ours) - 1
    if abs(here - there) <= max(6 * chance, min(_deviations(freedom), 6) * between_runs):
        return None
    return Difference(
        f"values around {plain(here)}, the reference's around {plain(there)}",
        f"values around {plain(here)} are not as expected",
    )


def _deviation_difference(pool: np.ndarray, sample: np.ndarray) -> Difference | None:
    if min(len(pool), len(sample)) < 8 or pool.std() == 0:
        return None
    ratio = float(sample.std() / pool.std())
    factor = np.exp(max(0.5, 5 * np.sqrt((1 / len(pool) + 1 / len(sample)) / 2)))
    if 1 / factor <= ratio <= factor:
        return None
    said = f"values with a standard deviation of {plain(float(sample.std()))}"
    return Difference(
        f"{said}, the reference's have {plain(float(pool.std()))}", f"{said} are not as expected"
    )
