"""Successive halving: many configurations for a short time, few of them for long."""

from collections import defaultdict
from typing import Any

from d2l.errors import ConfigurationError
from d2l.hpo.schedule import HPOScheduler
from d2l.hpo.search import Configuration, HPOSearcher

Result = tuple[Configuration, float]  # a configuration and its error


class SuccessiveHalvingScheduler(HPOScheduler):
    """Trains `prefact * eta**K` configurations `r_min` epochs each, the best of them on and on.

    The rungs are `r_min * eta**k` epochs and at last `r_max`, K + 1 in all; of each rung the best,
    an `eta`-th or so, are promoted to the next. Configurations carry their epochs as `max_epochs`,
    and those of the searcher are copied. `rung_levels` holds the rungs, and
    `all_observed_error_at_rungs` every `(configuration, error)` by rung.

    >>> d2l.SuccessiveHalvingScheduler(d2l.HPOSearcher(), eta=2, r_min=2, r_max=10).rung_levels
    [2, 4, 8, 10]

    Book: 19.4 Multi-fidelity hyperparameter optimization
    """

    searcher: HPOSearcher
    eta: int
    r_min: int
    r_max: int
    prefact: float

    def __init__(
        self, searcher: HPOSearcher, eta: int, r_min: int, r_max: int, prefact: float = 1
    ) -> None:
        self.save_hyperparameters()
        self.rung_levels = _rungs(eta, r_min, r_max)
        self.K = len(self.rung_levels) - 1
        self.observed_error_at_rungs: dict[int, list[Result]] = defaultdict(list)
        self.all_observed_error_at_rungs: dict[int, list[Result]] = defaultdict(list)
        self.queue: list[Configuration] = []
        if self._size(0) < 1:
            raise ConfigurationError(
                f"prefact={prefact} leaves no configuration for the first rung; it must be at "
                f"least 1 / eta**K = {eta**-self.K:g}. E.g. prefact=1"
            )

    def suggest(self) -> Configuration:
        """The next of the queue; if that is empty, of a new round at `r_min` epochs.

        Book: 19.4 Multi-fidelity hyperparameter optimization
        """
        if not self.queue:
            self.queue = [
                {**self.searcher.sample_configuration(), "max_epochs": self.r_min}
                for _ in range(self._size(0))
            ]
        return self.queue.pop()

    def update(
        self, config: Configuration, error: float, info: dict[str, Any] | None = None
    ) -> None:
        """Note an error, tell the searcher, and promote the best once their rung is full.

        Book: 19.4 Multi-fidelity hyperparameter optimization
        """
        level = self._level(config)
        self.searcher.update(config, error, additional_info=info)
        self.all_observed_error_at_rungs[level].append((config, error))
        if level == self.r_max:
            return
        self.observed_error_at_rungs[level].append((config, error))
        k = self.rung_levels.index(level)
        if len(self.observed_error_at_rungs[level]) >= self._size(k):
            best = self.get_top_n_configurations(level, self._size(k + 1))
            following = self.rung_levels[k + 1]
            self.queue = [{**each, "max_epochs": following} for each in best] + self.queue
            self.observed_error_at_rungs[level] = []

    def get_top_n_configurations(self, rung_level: int, n: int) -> list[Configuration]:
        """The `n` configurations of the round at hand with the smallest errors, best first.

        Book: 19.4 Multi-fidelity hyperparameter optimization
        """
        ranked = sorted(self.observed_error_at_rungs[rung_level], key=lambda result: result[1])
        return [config for config, _ in ranked[:n]]

    def _size(self, k: int) -> int:
        """How many configurations rung `k` takes."""
        return int(self.prefact * self.eta ** (self.K - k))

    def _level(self, config: Configuration) -> int:
        level = config.get("max_epochs")
        if level not in self.rung_levels:
            raise ConfigurationError(
                f"update takes a configuration that suggest() gave, its max_epochs one of "
                f"{self.rung_levels}; found {level!r}"
            )
        return level


def _rungs(eta: int, r_min: int, r_max: int) -> list[int]:
    if not (eta > 1 and 0 < r_min <= r_max):
        raise ConfigurationError(
            f"successive halving needs eta > 1 and 0 < r_min <= r_max; found eta={eta}, "
            f"r_min={r_min}, r_max={r_max}. E.g. eta=2, r_min=2, r_max=10"
        )
    rungs = []
    while r_min < r_max:
        rungs.append(r_min)
        r_min *= eta
    return [*rungs, r_max]
