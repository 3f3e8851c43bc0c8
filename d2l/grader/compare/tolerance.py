"""All constants that decide points, and the comparison of printed numbers.

Rates are false alarms: correct programs that are rejected. `python -m bench.calibration` measures
them.
"""

from typing import Literal, NamedTuple

import numpy as np

# --- Random values -----------------------------------------------------------------------------
# The share of correct notebooks that may lose points by chance. It is divided among the random
# outputs of a notebook, and among the tests of each output. Target of the formulas; measured rates:
# docs/explanation/comparison.md.
FALSE_ALARMS = 0.001
# How the rate of one output is divided among its tests; the sum is 1.
SHARES = {
    "location": 0.30, "scale": 0.20, "shape": 0.10, "extremes": 0.15, "support": 0.10,
    "repetition": 0.15,
}  # fmt: skip
# The share of an output's rate for the test whether runs deviate more than the reference's.
UNSTEADY = 0.03
# And for the band from the reference's runs alone, which detects large differences. Three runs that
# are close by chance, as fractions of few examples may be, would make the band too narrow.
ALONE = 0.02
# Two effects that are estimated from few numbers are used only if significant at these levels.
SIGNIFICANT_MARGIN = 0.05  # rows or columns of an array are correlated
SIGNIFICANT_RUN = 0.02  # all values of a run are correlated
# The estimated number of independent places, from few runs, is shrunk by this factor.
SURE_OF_NUMBER = 0.4
SIGNIFICANT_PLACE = 1e-3  # the places of an array have different means
# Minimum standard deviations relative to the value: rounding of float32, amplified by training.
# They are known, so they cost no degrees of freedom.
LEAST_DEVIATION = 2e-4
LEAST_CURVE_DEVIATION = 5e-3
FEW_VALUES = 8  # with fewer numbers, neither scale nor shape is compared
FEW_CATEGORIES = 10  # distinct values of a categorical variable, such as 0 and 2 after dropout
FEW_CHANCES = 1_000  # with fewer possible values, two runs may agree by chance
ADDRESS = 2.0**40  # larger integers that change with each run are taken for `id(...)`
# Three runs may print the same rounded value by chance (0.95 of 100 examples: 1 in 40). If the
# submission's runs differ, or other numbers of the line do, a difference of this many last digits
# is allowed; with `FEW_RUNS` or more runs, none is.
ROUNDED_ALIKE = 6
MOST_EXAMPLES = 2_000  # maximum number of examples assumed for an accuracy there
FEW_RUNS = 5
FEW_COUNTS = 4  # size of an array that may be the same in three runs by chance
# `seeds = "auto"`: if an output has fewer random values than `ENOUGH_VALUES`, the reference is run
# `MOST_REFERENCE_RUNS` times. Three runs cannot distinguish a loss of 0.5 from 0.8.
FIRST_REFERENCE_RUNS = 3
MOST_REFERENCE_RUNS = 10
ENOUGH_VALUES = 64
# `runs = "auto"`: a third run follows if the result of two may be due to chance: both show the same
# random value (with four digits 1 in 90), or one is an outlier (with heavy tails 1 in 1000). Of
# three runs, one may be an outlier.
SUBMISSION_RUNS = 2
# The windows in which a curve is compared, as fractions of its range of x.
WINDOWS = ((0.0, 0.0), (0.05, 0.15), (0.15, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.85), (0.8, 1.0))
NEXT_TO_NOTHING = 0.1  # of the median height; ratios of smaller heights are not meaningful
WINDOW_NAMES = ("first", "early", "early", "middle", "middle", "late", "final")
LONG_LOG = 4  # lines that make a curve
LOG_FACTOR = 4.0  # maximum ratio of the numbers of lines; beyond it, the log differs
LONG_TEXT = 20  # characters; longer random texts are not the same by chance

# --- Values that are the same in each run --------------------------------------------------------
FLOAT32_NOISE = 1e-4  # relative; a few thousand float32 numbers summed in a different order
CANCELLATION = 1e-6  # of the largest number of an array, at most 1: the residue of sums that cancel
MOST_ROUNDING = 0.1  # of a value: maximum rounding if fewer digits are printed than expected
NOISE_STEPS = (2.0**-24, 2.0**-53)  # rounding errors of zero are small multiples of these
MOST_NOISE_STEPS = 64
SAME = 1e-6  # relative difference of deterministic values in two runs
SMALLEST_PICTURE = 0.2  # minimum width or height relative to the reference's
PERCENT_WORDS = ("acc", "accuracy", "percent", "percentage", "pct", "genauigkeit", "정확도")

# --- Pairing of items ----------------------------------------------------------------------------
LIKE = 0.25  # minimum similarity of two items that are paired
IN_PLACE = 0.1  # weight of the position, which decides between equally similar items
# Numbers in excess of those of the reference: exploration prints a few. If there are more, a number
# that matches does not count as an answer.
SURPLUS_FACTOR = 2
SURPLUS = 10

# --- Matching of cells and headings --------------------------------------------------------------
SAME_SECTION = 0.2
SAME_PLACE = 0.05
LIKE_CELL = 0.3  # minimum score of two cells that are matched
WITHIN = 0.5  # minimum fraction of a cell that is contained in another one to count as a part
LIKE_HEADING = 0.62  # minimum similarity of two headings that are matched

# --- Limits on the amount of data; those on what is read of one cell are in `output_values` -------
MOST_CELLS = 1_000  # of one notebook
MOST_HEADINGS = 600
MOST_NOTEBOOK_CHARACTERS = 1_000_000  # of all outputs of a run

Mode = Literal["auto", "exact", "order-free", "numbers", "shape", "ignore"]
MODES: tuple[Mode, ...] = ("auto", "exact", "order-free", "numbers", "shape", "ignore")


class Rule(NamedTuple):
    """How outputs are compared; an instructor may set it for a section or an output.

    `exact`: each run must match the corresponding run of the reference. `order-free`: the order of
    values is ignored. `numbers`: words, shapes and dtypes are ignored. `shape`: values are ignored.
    `tolerance`: the allowed relative difference, which replaces all others.
    """

    compare: Mode = "auto"
    tolerance: float | None = None


AUTO = Rule()


class SectionRules(NamedTuple):
    """The rules of a section: a default, and rules for outputs by a part of their description."""

    default: Rule = AUTO
    outputs: tuple[tuple[str, Rule], ...] = ()

    def of(self, description: str) -> Rule:
        """Return the rule for an output such as `number loss`."""
        named = (rule for part, rule in self.outputs if part.lower() in description.lower())
        return next(named, self.default)


ALL_AUTO = SectionRules()


def close(
    a: np.ndarray,
    b: np.ndarray,
    a_unit: float,
    b_unit: float,
    is_exact: bool = False,
    tolerance: float | None = None,
) -> np.ndarray:
    """Return where `b` matches the expected `a`, given the units of their last printed digits.

    With `is_exact`, for integers, rounding is not allowed. nan matches nan.
    """
    difference, size = np.abs(a - b), np.abs(a)
    equal = (a == b) | (np.isnan(a) & np.isnan(b))
    is_number = np.isfinite(a) & np.isfinite(b)
    if tolerance is not None:
        return equal | (is_number & (difference <= tolerance * size))
    if is_exact:
        return equal
    hidden = b_unit if b_unit <= a_unit else np.minimum(b_unit, 2 * MOST_ROUNDING * size)
    rounding = (min(a_unit, 1e300) + hidden) / 2 * (1 + 1e-6)
    allowed = rounding + FLOAT32_NOISE * np.maximum(size, np.abs(b))
    if a.size > 1:
        allowed = allowed + CANCELLATION * min(_largest(a), 1.0)
    is_noise = _is_noise(a) & _is_noise(b)
    return equal | is_noise | (is_number & (difference <= allowed))


def is_deterministic(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two runs gave the same values, up to float rounding."""
    if a.shape != b.shape:
        return False
    is_same = np.abs(a - b) <= SAME * np.maximum(np.abs(a), np.abs(b))
    is_whole = (a == np.round(a)) & (b == np.round(b))
    return bool(np.all((is_same & ~is_whole) | (a == b) | (np.isnan(a) & np.isnan(b))))


def _largest(values: np.ndarray) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else 0.0


def _is_noise(values: np.ndarray) -> np.ndarray:
    """Return where values are 0 or a small multiple of the rounding error of floats."""
    noise = values == 0
    for step in NOISE_STEPS:
        steps = np.abs(values) / step
        nearest = np.round(steps)
        noise |= (np.abs(steps - nearest) < 0.01) & (nearest >= 1) & (nearest <= MOST_NOISE_STEPS)
    return noise
