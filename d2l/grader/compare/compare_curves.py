"""Compare training curves: their lengths, and their mean heights in seven windows.

Heights are compared like other random values, with `level_difference`.
"""

from collections.abc import Sequence

import numpy as np

from d2l.grader.compare.differences import Difference, alike, joined, plain
from d2l.grader.compare.distributions import Numbers, expected_text, is_rerun, level_difference
from d2l.grader.compare.tolerance import (
    LEAST_CURVE_DEVIATION,
    NEXT_TO_NOTHING,
    WINDOW_NAMES,
    WINDOWS,
)
from d2l.grader.outputs.output_values import Curve, Curves


def curves_difference(
    expected: Sequence[Curves], found: Sequence[Curves], alpha: float
) -> Difference | None:
    """Return how the curves of a submission's runs differ from those of the reference's runs."""
    names = [curve.label for curve in expected[0].curves]
    problems = []
    for place, name in enumerate(names):
        ours = [_named(run, name, place, len(names)) for run in expected]
        theirs = [_named(run, name, place, len(names)) for run in found]
        whole = [curve for curve in theirs if curve is not None]
        if len(whole) < len(theirs):
            problems.append(alike(f"no curve {name}"))
            continue
        known = [curve for curve in ours if curve is not None]
        problem = curve_difference(name, known, whole, alpha / len(names))
        if problem is not None:
            problems.append(problem)
    return joined(problems)


def curve_difference(
    name: str, expected: Sequence[Curve], found: Sequence[Curve], alpha: float
) -> Difference | None:
    """Return how one curve in a submission's runs differs from the reference's."""
    begin, end = float(expected[0].x.min()), float(expected[0].x.max())
    here = float(found[0].x.max())
    if abs(here - end) > max(0.5, 0.01 * abs(end)):
        text = f"{name} ends at {plain(here)}"
        return Difference(
            f"{text}, the reference's at {plain(end)}", f"{text}, which is the wrong length"
        )
    if not all(np.isfinite(curve.y).all() for curve in expected):
        return None
    if not all(np.isfinite(curve.y).all() for curve in found):
        text = f"{name} becomes nan or infinite"
        return Difference(f"{text}, the reference's does not", text)
    if len(found) > 1 and _num_different(expected) == len(expected) and _num_different(found) == 1:
        return alike(f"{name} is identical for every seed, so it is not the result of a run")
    grid = min((curve.x for curve in (expected[0], found[0])), key=len)
    ours, theirs = (
        np.array([window_means(_on(curve, grid), begin, end) for curve in curves])
        for curves in (expected, found)
    )
    return None if is_rerun(ours, theirs) else _height_difference(name, ours, theirs, alpha)


def window_means(curve: Curve, begin: float, end: float) -> np.ndarray:
    """Return the mean height of a curve in each window between `begin` and `end`."""
    order = np.argsort(curve.x, kind="stable")
    x, y = curve.x[order], curve.y[order]
    means = []
    for low, high in WINDOWS:
        left, right = begin + low * (end - begin), begin + high * (end - begin)
        inside = (x >= left) & (x <= right)
        means.append(y[inside].mean() if inside.any() else np.interp((left + right) / 2, x, y))
    return np.array(means)


def _on(curve: Curve, grid: np.ndarray) -> Curve:
    """Return the curve interpolated at the points of a curve with fewer points."""
    if len(curve.x) == len(grid):
        return curve
    order = np.argsort(curve.x, kind="stable")
    return Curve(curve.label, grid, np.interp(grid, curve.x[order], curve.y[order]))


def _named(run: Curves, name: str, place: int, count: int) -> Curve | None:
    by_name = {curve.label: curve for curve in run.curves}
    if name in by_name:
        return by_name[name]
    return run.curves[place] if len(run.curves) == count else None


def _num_different(curves: Sequence[Curve]) -> int:
    return len({curve.y.tobytes() for curve in curves})


def _height_difference(
    name: str, ours: np.ndarray, theirs: np.ndarray, alpha: float
) -> Difference | None:
    size = np.maximum(np.abs(ours.mean(axis=0)), np.ptp(ours) / 10)
    known = LEAST_CURVE_DEVIATION * size
    a, b, known = ours, theirs, LEAST_CURVE_DEVIATION * size
    if min(ours.min(), theirs.min()) > 0:  # by ratios, except for heights close to zero
        least = NEXT_TO_NOTHING * float(np.median(ours))
        a, b, known = np.log(ours + least), np.log(theirs + least), known / (size + least)
    problem = None
    # The first point is not a mean, and deviates more than the windows after it.
    for part, share in ((slice(1, None), 0.8), (slice(0, 1), 0.2)):
        numbers = Numbers(0.0, share * alpha, least=0.0, known=known[part] ** 2, most_places=2.0)
        problem = problem or level_difference(a[:, part], b[:, part], numbers)
    if problem is None:
        return None
    apart = np.abs(theirs.mean(axis=0) - ours.mean(axis=0))
    spread = ours.std(axis=0) + theirs.std(axis=0) + LEAST_CURVE_DEVIATION * size
    far = (at for at in (-1, 0) if apart[at] > 4 * spread[at])
    at = next(far, int(np.argmax(apart / spread)))
    here = f"{WINDOW_NAMES[at]} {name} {plain(float(theirs[:, at].mean()))}"
    wrong = f"{here} is not as expected"
    if "deviate" in problem.message:
        return Difference(f"{name}: {problem.message}", f"{name}: {problem.hint}")
    text = f"{WINDOW_NAMES[at]} {name}: {expected_text(ours[:, at])}, found "
    note = _trend_note(ours, theirs.mean(axis=0))
    return Difference(f"{text}{plain(float(theirs[:, at].mean()))}{note}", f"{wrong}{note}")


def _trend_note(ours: np.ndarray, theirs: np.ndarray) -> str:
    if (ours[:, -1] < 0.9 * ours[:, 0]).all() and theirs[-1] >= theirs[0]:
        return "; it does not decrease"
    if (ours[:, -1] > 1.1 * ours[:, 0]).all() and theirs[-1] <= theirs[0]:
        return "; it does not increase"
    return ""
