"""Python's random numbers by the million: the values, and the state that they leave behind, are
those of as many calls of `random.random()` or `random.randint()`, drawn at once by NumPy.

Both are the Mersenne Twister, so a program that seeds `random` gets the numbers it always got.
"""

import random
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS_PER_WEIGHT = 4


def uniform(count: int) -> "NDArray[np.float64]":
    """What `count` calls of `random.random()` would return."""
    with _twister() as twister:
        return twister.random_sample(count)


def integers(low: int, high: int, count: int) -> "NDArray[np.int64]":
    """What `count` calls of `random.randint(low, high)` would return; less than 2**32 values."""
    size = high - low + 1
    if count == 0:
        return np.empty(0, dtype=np.int64)
    with _twister() as twister:
        before = twister.get_state()
        accepted, drawn = np.empty(0, dtype=np.int64), 2 * count + 64
        while len(accepted) < count:
            twister.set_state(before)
            numbers = _words(twister, drawn) >> np.uint32(32 - size.bit_length())
            accepted = np.flatnonzero(numbers < size)[:count]
            drawn *= 2
        twister.set_state(before)
        _words(twister, int(accepted[-1]) + 1)
    return low + numbers[accepted].astype(np.int64)


class Chances:
    """Draws 0, 1, …, len(weights) - 1 as `random.choices(range(len(weights)), weights)` does.

    Where a number lies among the running sums of the weights is looked up in a table of equal
    steps, which leaves a few sums to compare with instead of a search among all.
    """

    def __init__(self, weights: Collection[float]) -> None:
        shares = np.array(list(weights), dtype=np.float64)
        sums = np.cumsum(shares)
        if not len(sums) or shares.min() < 0 or not 0 < sums[-1] < np.inf:
            raise ValueError(f"weights are at least 0 and not all 0; found {list(weights)}")
        self._total = sums[-1]
        self._sums = np.concatenate((sums[:-1], [np.inf]))
        num_steps = STEPS_PER_WEIGHT * len(sums)
        self._scale = num_steps / self._total
        steps = np.maximum(np.arange(num_steps + 2) - 1, 0)  # one early, for rounding
        self._first = np.searchsorted(self._sums, steps / self._scale, side="right")

    def draw(self, count: int) -> "NDArray[np.int64]":
        """The next `count` numbers."""
        at = uniform(count) * self._total
        chosen = self._first[(at * self._scale).astype(np.int64)]
        while (behind := self._sums[chosen] <= at).any():
            chosen += behind
        return chosen


@contextmanager
def _twister() -> "Iterator[np.random.RandomState]":
    """NumPy's generator where Python's is, and Python's where NumPy's was left."""
    version, words, gauss = random.getstate()
    twister = np.random.RandomState(0)
    twister.set_state(("MT19937", np.array(words[:-1], dtype=np.uint32), words[-1], 0, 0.0))
    yield twister
    state: Any = twister.get_state(legacy=True)
    random.setstate((version, (*state[1].tolist(), int(state[2])), gauss))


def _words(twister: "np.random.RandomState", count: int) -> "NDArray[np.uint32]":
    return np.frombuffer(twister.bytes(4 * count), dtype="<u4")
