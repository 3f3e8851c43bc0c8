"""Stopwatches. Before one is read the GPU, if it is in use, has done all that it was given."""

import time
from collections.abc import Callable
from statistics import median

import torch

from bench.size import Size


def now() -> float:
    """Seconds since some moment; waits for the GPU."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    return time.perf_counter()


def seconds_of(action: Callable[[], object], at_least_seconds: float) -> float:
    """The median of the seconds of repeated calls, which take so many seconds in all."""
    laps: list[float] = []
    while not laps or sum(laps) < at_least_seconds:
        begun = now()
        action()
        laps.append(now() - begun)
    return median(laps)


def median_epoch(fit: Callable[[], list[float]], size: Size) -> float:
    """The median of the seconds of the epochs of repeated fits, the warm ones left out.

    `fit()` trains a new model and returns the seconds of each epoch, validation included.
    """
    laps: list[float] = []
    while not laps or sum(laps) < size.at_least_seconds:
        laps += fit()[size.warm_epochs :]
    return median(laps)
