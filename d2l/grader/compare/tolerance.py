"""Every constant that decides points, with its meaning, and when two printed numbers are the same.

Rates are of a right program that is called wrong; `python -m bench.calibration` measures them.
"""

from typing import Literal, NamedTuple

import numpy as np

# --- Random values -----------------------------------------------------------------------------
# The share of right notebooks that may lose anything at all by chance; it is divided among the
# random outputs of a notebook, and among the tests that one output has to pass.
# Aimed at by the formulas; measured, with all kinds: docs/explanation/comparison.md.
FALSE_ALARMS = 0.001
# How the part of one output is divided among its tests. Their sum is 1.
SHARES = {
    "location": 0.30, "scale": 0.20, "shape": 0.10, "extremes": 0.15, "support": 0.10,
    "repetition": 0.15,
}  # fmt: skip
# Of the part of one output, what goes to whether runs deviate more than the reference's do.
UNSTEADY = 0.03
# And to the band by the reference's runs alone, which is for what is far off. Three of them that
# are
# close by chance, as shares of few examples are, would make it narrow.
ALONE = 0.02
# Two effects that are estimated from few numbers count only where they are more than chance.
SIGNIFICANT_MARGIN = 0.05  # that rows or columns of an array move together
SIGNIFICANT_RUN = 0.02  # that all values of a run move together
# How much of the number of independent places, which is estimated from few runs, is believed.
SURE_OF_NUMBER = 0.4
SIGNIFICANT_PLACE = 1e-3  # that each place of an array has a level of its own
# Deviations that are there however alike the runs are, as shares of the value: rounding of float32
# that training amplifies. Known, so that they cost no degrees of freedom.
LEAST_DEVIATION = 2e-4
LEAST_CURVE_DEVIATION = 5e-3
FEW_VALUES = 8  # of fewer numbers in all runs, neither scale nor shape is compared
FEW_CATEGORIES = 10  # values of which a random number is one, such as 0 and 2 after dropout
FEW_CHANCES = 1_000  # possible values; of fewer, two runs may well give the same
ADDRESS = 2.0**40  # whole numbers from here on that change with each run are `id(...)`
# Three runs may print the same rounded value by chance (0.95 of 100 examples: 1 in 40). Where the
# submission's runs differ from each other, or other numbers of the line do, so many last digits
# are allowed; with more runs than `FEW_RUNS` none are.
ROUNDED_ALIKE = 6
MOST_EXAMPLES = 2_000  # of which an accuracy is taken to be a share there
FEW_RUNS = 5
FEW_COUNTS = 4  # numbers of an array that can be alike in three runs by chance
# `seeds = "auto"`: sections that show random values in fewer numbers than `ENOUGH_VALUES` get
# `MOST_REFERENCE_RUNS` runs of the reference. Three runs cannot tell a loss of 0.5 from 0.8.
FIRST_REFERENCE_RUNS = 3
MOST_REFERENCE_RUNS = 10
ENOUGH_VALUES = 64
# And another where these may match or differ by chance: both show the same random value, which of
# four digits happens 1 time in 90, or one alone is far out, as 1 in 1000 of a heavy tail is. Of
# three runs, one may be.
SUBMISSION_RUNS = 2
# Where a curve is looked at, as parts of its way along x.
WINDOWS = ((0.0, 0.0), (0.05, 0.15), (0.15, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.85), (0.8, 1.0))
NEXT_TO_NOTHING = 0.1  # of the middle height: below it, ratios of heights say nothing
WINDOW_NAMES = ("first", "early", "early", "middle", "middle", "late", "final")
LONG_LOG = 4  # lines that make a curve
LOG_FACTOR = 4.0  # times more or fewer lines than the reference's: other things are counted
LONG_TEXT = 20  # characters that two runs do not have in common by chance

# --- Values that are the same in each run --------------------------------------------------------
FLOAT32_NOISE = 1e-4  # relative; sums of a few thousand float32 numbers in another order
CANCELLATION = (
    1e-6  # of the largest number of an array, at most 1: what is left of sums that cancel
)
MOST_ROUNDING = 0.1  # of a value: what fewer digits than the reference's may hide
NOISE_STEPS = (2.0**-24, 2.0**-53)  # differences that should be 0 are small multiples of these
MOST_NOISE_STEPS = 64
SAME = 1e-6  # relative; values of two runs that are not random, merely computed
SMALLEST_PICTURE = 0.2  # of the reference's width or height; a larger one is as good
PERCENT_WORDS = ("acc", "accuracy", "percent", "percentage", "pct", "genauigkeit", "정확도")

# --- Which item stands for which -----------------------------------------------------------------
LIKE = 0.25  # items less alike than this are nothing to each other
IN_PLACE = 0.1  # what the right place counts, which decides between equals
# Numbers beyond those that the reference shows: exploration prints a few. Where there are more,
# one that fits was not an answer.
SURPLUS_FACTOR = 2
SURPLUS = 10

# --- Which cell and heading stands for which -----------------------------------------------------
SAME_SECTION = 0.2
SAME_PLACE = 0.05
LIKE_CELL = 0.3  # the score of two cells that are taken for the same
WITHIN = 0.5  # the part of a cell that another one must have to be taken for a piece of it
LIKE_HEADING = 0.62  # two headings that share less than this have nothing to do with each other

# --- How much is looked at -----------------------------------------------------------------------
MOST_CELLS = 1_000  # of one notebook
MOST_HEADINGS = 600
MOST_OUTPUTS = 2_000  # of one cell
MOST_ITEMS = 200  # of one cell
MOST_LINES = 5_000  # of numbers, in one text
MOST_CHARACTERS = 100_000  # of one text
MOST_NOTEBOOK_CHARACTERS = 1_000_000  # of all outputs of a run
MOST_COMPARED_CELLS = 20_000  # cells of tables
MOST_POINTS = 20_000  # of one curve
MOST_CURVES = 50

Mode = Literal["auto", "exact", "order-free", "numbers", "shape", "ignore"]
MODES: tuple[Mode, ...] = ("auto", "exact", "order-free", "numbers", "shape", "ignore")


class Rule(NamedTuple):
    """How outputs are compared: what an instructor may set for a section or an output.

    `exact`: each run must show what the reference's run of the same place shows. `order-free`: the
    order of values says nothing. `numbers`: words, shapes and dtypes say nothing. `shape`: values
    say nothing. `tolerance`: the relative difference that is allowed, in place of all others.
    """

    compare: Mode = "auto"
    tolerance: float | None = None


AUTO = Rule()


class SectionRules(NamedTuple):
    """How the outputs of a section are compared; an output by a part of its description."""

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
    """Return where `b` is what `a` should be, given what the last digit of each is worth.

    `is_exact`: whole numbers, which no rounding excuses. nan is the same as nan.
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
    """Whether two runs gave the same values: not merely close ones, as random numbers may be."""
    if a.shape != b.shape:
        return False
    is_same = np.abs(a - b) <= SAME * np.maximum(np.abs(a), np.abs(b))
    is_whole = (a == np.round(a)) & (b == np.round(b))
    return bool(np.all((is_same & ~is_whole) | (a == b) | (np.isnan(a) & np.isnan(b))))


def _largest(values: np.ndarray) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else 0.0


def _is_noise(values: np.ndarray) -> np.ndarray:
    """Where values are 0, or so small a multiple of a float's last bit that they should be."""
    noise = values == 0
    for step in NOISE_STEPS:
        steps = np.abs(values) / step
        nearest = np.round(steps)
        noise |= (np.abs(steps - nearest) < 0.01) & (nearest >= 1) & (nearest <= MOST_NOISE_STEPS)
    return noise
