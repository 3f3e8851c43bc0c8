"""Stopwatches. They measure wall time on the host and know nothing of devices."""

import itertools
import time


class Timer:
    """A stopwatch that keeps every lap, in seconds; it runs from the moment it is made.

    `tik` is when the lap began, in the seconds of `time.time()`; laps are measured by a clock that
    is never set.

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
        """End the lap, keep its seconds and return them."""
        seconds = time.perf_counter() - self._started
        if self.tik != self._tik:  # a reader set the start
            seconds = time.time() - self.tik
        self.times.append(seconds)
        return seconds

    def avg(self) -> float:
        """Mean seconds of the laps; 0 where there is none yet."""
        return self.sum() / len(self.times) if self.times else 0.0

    def sum(self) -> float:
        """Seconds of all laps together."""
        return sum(self.times)

    def cumsum(self) -> list[float]:
        """Running sum of the laps, in seconds."""
        return list(itertools.accumulate(self.times))


class Benchmark:
    """Print the wall seconds that a `with` block took.

    >>> with d2l.Benchmark("a small sum"):
    ...     total = torch.arange(1000).sum()
    a small sum: ... sec

    Book: 13.2 Asynchronous computation
    """

    def __init__(self, description: str = "Done") -> None:
        self.description = description

    def __enter__(self) -> "Benchmark":
        self.timer = Timer()
        return self

    def __exit__(self, *args: object) -> None:
        print(f"{self.description}: {self.timer.stop():.4f} sec")
