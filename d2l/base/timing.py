"""Timers of wall time on the host; `Benchmark` of a function synchronizes with the GPU."""

import itertools
import time
from collections.abc import Callable

import torch

from d2l.errors import ConfigurationError


class Timer:
    """Records the times of laps, in seconds; the first lap starts when it is created.

    `tik` is the start of the lap, in seconds of `time.time()`; laps are measured with a monotonic
    clock.

    >>> timer = d2l.Timer()
    >>> seconds = timer.stop()
    >>> timer.start()
    >>> seconds += timer.stop()
    >>> len(timer.times), timer.sum() == seconds
    (2, True)

    Book: 12.5 Minibatch stochastic gradient descent
    """

    def __init__(self) -> None:
        self.times: list[float] = []
        self.start()

    def start(self) -> None:
        """Start a lap."""
        self.tik = self._tik = time.time()
        self._started = time.perf_counter()

    def stop(self) -> float:
        """End the lap, record its time and return it."""
        seconds = time.perf_counter() - self._started
        if self.tik != self._tik:  # the user set the start
            seconds = time.time() - self.tik
        self.times.append(seconds)
        return seconds

    def avg(self) -> float:
        """Return the mean time of the laps; 0 if there is none yet."""
        return self.sum() / len(self.times) if self.times else 0.0

    def sum(self) -> float:
        """Return the total time of the laps."""
        return sum(self.times)

    def cumsum(self) -> list[float]:
        """Return the cumulative times of the laps."""
        return list(itertools.accumulate(self.times))


class Benchmark:
    """Print the wall time of a `with` block, or measure calls of a function.

    `Benchmark(f, warmup=3, repeats=10)` calls `f()` `warmup` times without and `repeats` times with
    measurement: `times` are the seconds of each call, until the GPU is done if one is in use; the
    printed form shows their median. `desc` is an alias of `description`.

    >>> with d2l.Benchmark("a small sum"):
    ...     total = torch.arange(1000).sum()
    a small sum: ... sec
    >>> d2l.Benchmark(lambda: torch.arange(1000).sum(), repeats=5, desc="a small sum")
    a small sum: ... sec (median of 5)

    Book: 13.2 Asynchronous computation
    """

    def __init__(
        self,
        description: str | Callable[[], object] = "Done",
        warmup: int = 3,
        repeats: int = 10,
        desc: str | None = None,
        *,
        f: Callable[[], object] | None = None,
    ) -> None:
        function = description if callable(description) else f
        self.times: list[float] = []
        if function is None:
            self.description = desc or str(description)
            return
        self.description = desc or "time"
        if repeats < 1:
            raise ConfigurationError(f"repeats must be at least 1; found {repeats}")
        for _ in range(warmup):
            function()
        for _ in range(repeats):
            _wait_for_gpu()
            timer = Timer()
            function()
            _wait_for_gpu()
            self.times.append(timer.stop())

    def __enter__(self) -> "Benchmark":
        self.timer = Timer()
        return self

    def __exit__(self, *args: object) -> None:
        print(f"{self.description}: {self.timer.stop():.4f} sec")

    def __repr__(self) -> str:
        if not self.times:
            return f"Benchmark({self.description!r})"
        ordered, middle = sorted(self.times), len(self.times) // 2
        seconds = (ordered[middle] + ordered[~middle]) / 2
        return f"{self.description}: {seconds:.4g} sec (median of {len(self.times)})"


def _wait_for_gpu() -> None:
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.synchronize()
    elif torch.backends.mps.is_available():
        torch.mps.synchronize()
