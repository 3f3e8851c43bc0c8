"""Compare random numbers with random numbers at a given rate of false alarms.

If the places of an array have different means, like learned weights, they are compared place by
place; if all are alike, as in `torch.randn(3, 4)`, all values of all runs are one sample.
Deviations are pooled over places and runs; the fewer numbers, the wider the band (Student's t,
Snedecor's F). Rows of `ours` (reference) and `theirs` (submission) are runs.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from d2l.grader.compare.differences import Difference, alike, plain
from d2l.grader.compare.effective_sizes import design_effect, effective_number, prior_freedom
from d2l.grader.compare.tolerance import (
    ADDRESS,
    ALONE,
    FEW_CATEGORIES,
    FEW_CHANCES,
    FEW_VALUES,
    LEAST_DEVIATION,
    SHARES,
    SIGNIFICANT_PLACE,
    UNSTEADY,
)


class Numbers(NamedTuple):
    """Properties of random numbers besides their values."""

    unit: float  # unit of the last printed digit
    alpha: float  # the rate of false alarms
    shape: tuple[int, ...] = ()
    names: Sequence[str] = ()  # of the places
    least: float = LEAST_DEVIATION  # minimum standard deviation, relative to the value
    known: float | np.ndarray = 0.0  # known additional variance
    most_places: float = np.inf  # maximum number of independent places


def values_difference(ours: np.ndarray, theirs: np.ndarray, numbers: Numbers) -> Difference | None:
    """Return how the distribution of a submission's values differs from the reference's."""
    is_number = np.isfinite(ours).all(axis=0)
    if not is_number.all():
        ours, theirs = ours[:, is_number], theirs[:, is_number]
        numbers = numbers._replace(shape=())
    if ours.shape[1] == 0 or (np.abs(ours).min() > ADDRESS and numbers.unit >= 1):
        return None
    if not np.isfinite(theirs).all():
        return Difference("nan or infinite, where the reference has finite numbers", "not finite")
    if is_rerun(ours, theirs):
        return None
    if numbers.unit > 0:  # one may show more digits than the other
        ours, theirs = (np.round(x / numbers.unit) * numbers.unit for x in (ours, theirs))
    fixed = _always_the_same(ours, theirs, numbers.unit) or _invariant(ours, theirs, numbers)
    if fixed is not None:
        return fixed
    if ours.shape[1] < FEW_VALUES or _has_levels(ours):
        return level_difference(ours, theirs, numbers)
    return next(filter(None, _Pools.of(ours, theirs, numbers).differences()), None)


def is_rerun(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether each run of the submission is identical to a different run of the reference."""
    kept = {row.tobytes() for row in ours}
    drawn = [row.tobytes() for row in theirs]
    return len(set(drawn)) == len(drawn) and set(drawn) <= kept


def _always_the_same(ours: np.ndarray, theirs: np.ndarray, unit: float) -> Difference | None:
    if len(theirs) < 2 or not (theirs == theirs[0]).all():
        return None
    num_different = len({row.tobytes() for row in ours})
    # For one number, the spread of the nearest half of the runs, since others may be outliers; for
    # several, half of the places, since one may determine another, like heads and tails. Zeros may
    # repeat by chance.
    spread = np.ptp(ours, axis=0) * (theirs[0] != 0)
    if ours.shape[1] == 1:
        spread = np.minimum(spread, _spread_of_half(ours[:, 0]))
    logs = np.log10(1 + spread / (unit or 1e-7)).sum() / (2 if ours.shape[1] > 1 else 1)
    chances = 10 ** min(logs, 100)
    if num_different < len(ours) or chances ** (len(theirs) - 1) < FEW_CHANCES:
        return None
    return alike("identical for every seed, but should be random")


def _spread_of_half(values: np.ndarray) -> float:
    """Return about 1.5 standard deviations of a normal, from the shortest half of the values."""
    half = len(values) // 2
    in_order = np.sort(values)
    return float((in_order[half:] - in_order[:-half]).min()) * (3.0 if len(values) < 4 else 1.3)


def _has_levels(ours: np.ndarray) -> bool:
    """Whether the means of places differ by more than the runs of a place do."""
    runs, n = ours.shape
    if runs < 2 or n < 2:
        return True
    within = ours.var(axis=0, ddof=1).mean()
    between = runs * ours.mean(axis=0).var(ddof=1)
    limit = special.fdtri(n - 1, n * (runs - 1), 1 - SIGNIFICANT_PLACE)
    return bool(between > limit * within)


def level_difference(ours: np.ndarray, theirs: np.ndarray, numbers: Numbers) -> Difference | None:
    """Compare place by place: the means of the runs, and the deviations between runs.

    Positive values are compared by differences and by ratios, and differ only if both do.
    """
    at = _place_apart(ours, theirs, numbers)
    if at is not None and min(ours.min(), theirs.min()) > 0:
        size = np.minimum(ours.min(axis=0), theirs.min(axis=0))
        logs = numbers._replace(unit=0.0, known=(numbers.unit / size) ** 2 / 12)
        at = None if _place_apart(np.log(ours), np.log(theirs), logs) is None else at
    if at is not None:
        return _apart(ours, theirs, at, numbers)
    return _unsteady(ours, theirs, numbers)


def _place_apart(ours: np.ndarray, theirs: np.ndarray, numbers: Numbers) -> int | None:
    """Return the place that differs most if any place, or all together, differ significantly.

    Tested with the deviations of all runs, and with those of the reference only, so that a large
    deviation between the submission's runs does not hide a wrong mean.
    """
    own = ours - ours.mean(axis=0)
    both = np.concatenate([own, theirs - theirs.mean(axis=0)])
    ways = [(both, len(both) - 2, 1.0)] if len(theirs) > 1 else []
    ways += [(own, len(own) - 1, ALONE if ways else 1.0)] if len(ours) > 1 else []
    ways = ways or [(both, 1, 1.0)]  # one run on each side: only the known variance is allowed
    distance = (theirs.mean(axis=0) - ours.mean(axis=0)) ** 2 / (1 / len(ours) + 1 / len(theirs))
    known = _known(ours, numbers)
    for residuals, freedom, share in ways:
        part = numbers._replace(alpha=share * numbers.alpha)
        at = _beyond(distance, residuals, freedom, known, part)
        if at is not None:
            return at
    return None


def _beyond(
    distance: np.ndarray, residuals: np.ndarray, freedom: int, known: np.ndarray, numbers: Numbers
) -> int | None:
    """Return the place whose distance exceeds the residuals' deviations most, None if none does."""
    effective = min(effective_number(residuals, freedom), numbers.most_places)
    variance = (residuals**2).sum(axis=0) / freedom
    pooled = np.maximum(variance, variance.mean())
    free = min(freedom * effective, freedom + prior_freedom(variance, freedom))
    free = free * ((pooled + known) / np.maximum(pooled, 1e-300)) ** 2
    limit = special.stdtrit(np.minimum(free, 1e6), 1 - numbers.alpha * 0.2 / effective)
    apart = np.sqrt(distance / (pooled + known)) / limit
    whole = distance.mean() / (variance + known).mean()
    all_limit = special.fdtri(effective, freedom * effective, 1 - numbers.alpha * 0.4)
    return int(np.argmax(apart)) if (apart > 1).any() or whole > all_limit else None


def _known(ours: np.ndarray, numbers: Numbers) -> np.ndarray:
    """Return the known variance, which does not depend on the deviations of the runs."""
    return (numbers.least * ours.mean(axis=0)) ** 2 + numbers.unit**2 / 12 + numbers.known


def _apart(ours: np.ndarray, theirs: np.ndarray, at: int, numbers: Numbers) -> Difference:
    name = numbers.names[at] + ": " if numbers.names else ""
    name = name or ("" if ours.shape[1] == 1 else f"number {at + 1}: ")
    here = plain(float(theirs[:, at].mean()))
    return Difference(
        f"{name}{expected_text(ours[:, at])}, found {here}", f"{name}{here} is not as expected"
    )


def expected_text(values: np.ndarray) -> str:
    """Return the mean of the reference's runs, such as `expected 0.86 ± 0.01 (3 runs)`."""
    deviation = f" ± {float(values.std(ddof=1)):.1g}" if len(values) > 1 else ""
    return f"expected {float(values.mean()):.4g}{deviation} ({len(values)} runs)"


def _unsteady(ours: np.ndarray, theirs: np.ndarray, numbers: Numbers) -> Difference | None:
    if len(theirs) < 2 or len(ours) < 2:
        return None
    known = _known(ours, numbers)
    residuals = [x - x.mean(axis=0) for x in (ours, theirs)]
    effective = min(
        numbers.most_places,
        effective_number(residuals[0], len(ours) - 1),
        effective_number(np.concatenate(residuals), len(ours) + len(theirs) - 2),
    )
    here, there = ((x.var(axis=0, ddof=1) + known).mean() for x in (theirs, ours))
    free = (len(theirs) - 1) * effective, (len(ours) - 1) * effective
    if here <= there * special.fdtri(*free, 1 - numbers.alpha * UNSTEADY):
        return None
    return Difference(
        f"runs deviate by {plain(here**0.5)}, those of the reference by {plain(there**0.5)}",
        f"runs deviate by {plain(here**0.5)}, which is more than expected",
    )


def _invariant(ours: np.ndarray, theirs: np.ndarray, numbers: Numbers) -> Difference | None:
    """Compare invariants of random values: the values of a permutation, the sums of rows."""
    alpha, n = numbers.alpha * SHARES["repetition"] / 3, ours.shape[1]
    kept = np.sort(ours, axis=1)
    if n > 1 and len(ours) > 1 and (kept == kept[0]).all():
        counts = np.unique(kept[0], return_counts=True)[1]
        chance = special.gammaln(n + 1) - special.gammaln(counts + 1).sum()
        chance += (counts * np.log(counts / n)).sum()
        is_sure = (len(ours) - 1) * chance < np.log(alpha)
        if is_sure and not np.allclose(np.sort(theirs, axis=1), kept[0], atol=numbers.unit):
            return alike("not a permutation of the expected values")
    shape = numbers.shape if len(numbers.shape) > 1 else (n,)
    sums = [x.reshape(-1, shape[-1]).sum(axis=1) for x in (ours, theirs)]
    room = max(numbers.unit * shape[-1] / 2, 1e-5 * np.abs(sums[0]).max(), 1e-9)
    usual = 2.5 * (ours.var(axis=0, ddof=1).mean() * shape[-1]) ** 0.5
    chance = min(1.0, 2 * room / max(usual, 1e-300)) ** (sums[0].size - 1)
    if len(ours) < 2 or shape[-1] < 2 or np.ptp(sums[0]) > 2 * room or chance > alpha:
        return None
    if np.abs(sums[1] - sums[0].mean()).max() <= 3 * room:
        return None
    here, there = plain(float(sums[1][0])), plain(float(sums[0].mean()))
    return Difference(f"sums to {here}, but always to {there} in the reference", f"sums to {here}")


class _Pools(NamedTuple):
    """All values of the reference's runs, and of the submission's, as two samples."""

    ours: np.ndarray
    theirs: np.ndarray
    effect: float  # number of correlated values that count as one
    freedom: float
    numbers: Numbers

    @classmethod
    def of(cls, ours: np.ndarray, theirs: np.ndarray, numbers: Numbers) -> "_Pools":
        effect, freedom = design_effect(ours, theirs, numbers.shape)
        return cls(ours, theirs, effect, freedom, numbers)

    @property
    def sizes(self) -> tuple[float, float]:
        """The effective numbers of independent values of the two samples."""
        return self.ours.size / self.effect, self.theirs.size / self.effect

    def differences(self) -> Iterator[Difference | None]:
        alpha = self.numbers.alpha
        yield self._location(alpha * SHARES["location"])
        yield self._scale(alpha * SHARES["scale"])
        yield self._shape(alpha * SHARES["shape"])
        yield self._extremes(alpha * SHARES["extremes"])
        yield self._support(alpha * SHARES["support"])
        yield self._repetition(alpha * SHARES["repetition"] / 3)

    def _location(self, alpha: float) -> Difference | None:
        if not self._differ(self.ours, self.theirs, alpha):
            return None
        here, there = float(self.theirs.mean()), float(self.ours.mean())
        error = self.ours.std() * (1 / self.sizes[0] + 1 / self.sizes[1]) ** 0.5
        return Difference(
            f"expected a mean of {there:.4g} ± {error:.1g} ({len(self.ours)} runs), found "
            f"{plain(here)}",
            f"values around {plain(here)} are not as expected",
        )

    def _scale(self, alpha: float) -> Difference | None:
        middle = np.median(self.ours)
        a, b = np.abs(self.ours - middle), np.abs(self.theirs - middle)
        small = 0.1 * a.mean() + 1e-300
        logs = np.log(a + small), np.log(b + small)
        pools = _Pools.of(a, b, self.numbers)  # runs may differ in scale
        if not pools._differ(a, b, alpha / 2) and not pools._differ(*logs, alpha / 2):
            return None
        here, there = float(self.theirs.std()), float(self.ours.std())
        return Difference(
            f"expected a standard deviation of {there:.4g} ({len(self.ours)} runs), found "
            f"{plain(here)}",
            f"values with a standard deviation of {plain(here)} are not as expected",
        )

    def _differ(self, a: np.ndarray, b: np.ndarray, alpha: float) -> bool:
        """Whether the means of two samples differ (pooled t-test)."""
        squares = ((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum()
        variance = squares / max(a.size + b.size - 2, 1)
        error = (variance * (1 / self.sizes[0] + 1 / self.sizes[1])) ** 0.5
        limit = special.stdtrit(self.freedom, 1 - alpha / 2)
        rounding = 1e-9 * float(np.abs(a).max()) + 1e-3 * self.numbers.unit
        return bool(abs(a.mean() - b.mean()) > limit * error + rounding)

    def _shape(self, alpha: float) -> Difference | None:
        """Compare the distributions (Kolmogorov-Smirnov test)."""
        ours, theirs = np.sort(self.ours.ravel()), np.sort(self.theirs.ravel())
        at = np.concatenate([ours, theirs])
        parts = [np.searchsorted(x, at, side="right") / x.size for x in (ours, theirs)]
        distance = float(np.abs(parts[0] - parts[1]).max())
        size = self.sizes[0] * self.sizes[1] / sum(self.sizes)
        if special.kolmogorov(distance * size**0.5) >= alpha:
            return None
        return alike(f"different distribution: {distance:.0%} of the values are shifted")

    def _extremes(self, alpha: float) -> Difference | None:
        """Compare the ranges, by the values of one sample beyond all of the other (Rosenbaum)."""
        ours, theirs, middle = self.ours.ravel(), self.theirs.ravel(), np.median(self.ours)
        seen = f"values between {plain(theirs.min())} and {plain(theirs.max())}"
        expected = f"those of the reference between {plain(ours.min())} and {plain(ours.max())}"
        share = self.sizes[0] / sum(self.sizes)
        for a, b in ((ours, theirs), (-ours, -theirs), (abs(ours - middle), abs(theirs - middle))):
            for beyond, part in (((a > b.max()).sum(), share), ((b > a.max()).sum(), 1 - share)):
                if part ** (beyond / self.effect) < alpha / 6:
                    return Difference(
                        f"{seen}, {expected}", f"{seen} are not in the expected range"
                    )
        return None

    def _support(self, alpha: float) -> Difference | None:
        """Check for values that never occur in the reference, if it has few distinct values."""
        values, counts = np.unique(self.ours, return_counts=True)
        if len(values) > min(FEW_CATEGORIES, self.ours.size / 8):
            return None
        new = ~np.isin(self.theirs, values)
        rate = ((counts == 1).sum() + 1) * self.theirs.size / self.ours.size
        count = new.sum() / self.effect
        if count < 1 or special.pdtrc(count - 1, rate) >= alpha:
            return None
        return alike(f"{plain(float(self.theirs[new][0]))} is not one of the possible values")

    def _repetition(self, alpha: float) -> Difference | None:
        """Check for repeated values in a run: drawn with or without replacement."""
        n, pairs = self.ours.shape[1], self.ours.shape[1] * (self.ours.shape[1] - 1) / 2
        ours, theirs = ([_repeated(row) for row in x] for x in (self.ours, self.theirs))
        if not any(ours) and any(theirs):
            counts = np.unique(self.ours, return_counts=True)[1]
            k = len(self.ours)
            across = (counts * (counts - 1)).sum() / (k * (k - 1) * n**2) if k > 1 else 0.0
            if k * pairs * across > -np.log(alpha):
                return alike("a value occurs twice in one run: drawn with replacement?")
        if all(ours) and not any(theirs) and len(theirs) * np.mean(ours) > -np.log(alpha):
            return alike("no value occurs twice: drawn without replacement?")
        return None


def _repeated(row: np.ndarray) -> float:
    """Return the number of pairs of equal values."""
    counts = np.unique(row, return_counts=True)[1]
    return float((counts * (counts - 1) / 2).sum())
