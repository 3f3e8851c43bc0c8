"""Compares training curves: how far they go, where they begin, pass and end.

The band around the reference's runs comes from how much these differ from each other. Three runs
tell little about that, so it is wide: six standard deviations, and never less than 5 % of the final
value or 2 % of the way that the curve goes; on the way there 25 % and 5 %, since early values hang
on the first steps. So a right run is called wrong about once in two hundred times, and a learning
rate that is off by a factor of three is far outside.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from d2l.grader.compare.difference import Difference, joined, plain
from d2l.grader.compare.outputs import Curve, Curves

_DEVIATIONS = 6.0
_SHARE_OF_VALUE = np.array([0.25, 0.25, 0.25, 0.05])  # for each window
_SHARE_OF_WAY = np.array([0.05, 0.05, 0.05, 0.02])
_JITTER = 4.0
# Where a curve is looked at, as parts of its way along x.
_WINDOWS = ((0.0, 0.0), (0.15, 0.35), (0.4, 0.6), (0.8, 1.0))
_NAMES = ("first", "early", "middle", "final")


class Bands(NamedTuple):
    """What the reference's runs allow at each window."""

    low: np.ndarray
    high: np.ndarray
    seen_low: np.ndarray  # of the runs themselves
    seen_high: np.ndarray


def curves_difference(expected: Sequence[Curves], found: Sequence[Curves]) -> Difference | None:
    """Return how the curves of a submission's runs differ from those of the reference's runs."""
    names = [curve.label for curve in expected[0].curves]
    problems = []
    for place, name in enumerate(names):
        ours = [_named(run, name, place, len(names)) for run in expected]
        theirs = [_named(run, name, place, len(names)) for run in found]
        whole = [curve for curve in theirs if curve is not None]
        if len(whole) < len(theirs):
            problems.append(Difference(f"no curve {name}", f"no curve {name}"))
            continue
        problem = curve_difference(name, [curve for curve in ours if curve is not None], whole)
        if problem is not None:
            problems.append(problem)
    return joined(problems)


def curve_difference(
    name: str, expected: Sequence[Curve], found: Sequence[Curve]
) -> Difference | None:
    """Return how one curve, in a submission's runs, differs from the one it should be."""
    begin, end = float(expected[0].x.min()), float(expected[0].x.max())
    return (
        _length_difference(name, end, found)
        or _finite_difference(name, expected, found)
        or _always_the_same(name, expected, found)
        or _level_difference(name, begin, end, expected, found)
    )


def _named(run: Curves, name: str, place: int, count: int) -> Curve | None:
    by_name = {curve.label: curve for curve in run.curves}
    if name in by_name:
        return by_name[name]
    return run.curves[place] if len(run.curves) == count else None


def _length_difference(name: str, end: float, found: Sequence[Curve]) -> Difference | None:
    here = float(found[0].x.max())
    if abs(here - end) <= max(0.5, 0.01 * abs(end)):
        return None
    said = f"{name} ends at {plain(here)}"
    return Difference(
        f"{said}, the reference's at {plain(end)}", f"{said}: not the length asked for"
    )


def _finite_difference(
    name: str, expected: Sequence[Curve], found: Sequence[Curve]
) -> Difference | None:
    if not all(np.isfinite(curve.y).all() for curve in expected):
        return None
    if all(np.isfinite(curve.y).all() for curve in found):
        return None
    said = f"{name} becomes nan or infinite"
    return Difference(f"{said}, the reference's does not", said)


def _always_the_same(
    name: str, expected: Sequence[Curve], found: Sequence[Curve]
) -> Difference | None:
    if len(found) < 2 or _num_different(expected) < len(expected) or _num_different(found) > 1:
        return None
    said = f"{name} is the same with every seed: it is not the result of a run"
    return Difference(said, said)


def _num_different(curves: Sequence[Curve]) -> int:
    return len({curve.y.tobytes() for curve in curves})


def _level_difference(
    name: str, begin: float, end: float, expected: Sequence[Curve], found: Sequence[Curve]
) -> Difference | None:
    ours = np.array([levels(curve, begin, end) for curve in expected])
    theirs = np.mean([levels(curve, begin, end) for curve in found], axis=0)
    bands = bands_of(ours, np.max([_jitter(curve) for curve in expected]))
    outside = [i for i in (3, 0, 2, 1) if not bands.low[i] <= theirs[i] <= bands.high[i]]
    if not outside or not np.isfinite(ours).all():
        return None
    i = outside[0]
    said = f"{_NAMES[i]} {name} {plain(float(theirs[i]))}"
    low, high = plain(float(bands.seen_low[i])), plain(float(bands.seen_high[i]))
    trend = _trend_note(ours, theirs)
    return Difference(
        f"{said} (the reference's runs: {low} to {high}){trend}",
        f"{said} is not as expected{trend}",
    )


def _trend_note(ours: np.ndarray, theirs: np.ndarray) -> str:
    if (ours[:, 3] < 0.9 * ours[:, 0]).all() and theirs[3] >= theirs[0]:
        return "; it does not fall"
    if (ours[:, 3] > 1.1 * ours[:, 0]).all() and theirs[3] <= theirs[0]:
        return "; it does not rise"
    return ""


def levels(curve: Curve, begin: float, end: float) -> np.ndarray:
    """Return the mean height of a curve in each window of the way from `begin` to `end`."""
    order = np.argsort(curve.x, kind="stable")
    x, y = curve.x[order], curve.y[order]
    means = []
    for low, high in _WINDOWS:
        left, right = begin + low * (end - begin), begin + high * (end - begin)
        inside = (x >= left) & (x <= right)
        middle = (left + right) / 2
        means.append(y[inside].mean() if inside.any() else np.interp(middle, x, y))
    return np.array(means)


def bands_of(ours: np.ndarray, jitter: float) -> Bands:
    """Return the bands around the levels of the reference's runs, a row for each run."""
    low, high = ours.min(axis=0), ours.max(axis=0)
    deviation = ours.std(axis=0, ddof=1) if len(ours) > 1 else np.zeros(ours.shape[1])
    deviation = np.maximum(deviation, np.median(deviation))
    middle = ours.mean(axis=0)
    width = np.max(
        [
            _DEVIATIONS * deviation,
            _SHARE_OF_VALUE * np.abs(middle),
            _SHARE_OF_WAY * (middle.max() - middle.min()),
            np.full_like(middle, _JITTER * jitter),
        ],
        axis=0,
    )
    return Bands(low - width, high + width, low, high)


def _jitter(curve: Curve) -> float:
    """How much neighbouring points in the last part of a curve differ by chance."""
    steps = np.diff(curve.y[len(curve.y) // 2 :])
    if len(steps) < 4:
        return 0.0
    return float(np.std(steps) / np.sqrt(2 * max(1, len(curve.y) // 5)))
