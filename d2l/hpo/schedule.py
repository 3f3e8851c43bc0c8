"""When which configuration is tried, and for how long."""

from typing import Any

from d2l.core.hyperparameters import HyperParameters
from d2l.hpo.search import Configuration, HPOSearcher


class HPOScheduler(HyperParameters):
    """The base of schedulers: `suggest` and `update` are theirs to write.

    >>> class Halving(d2l.HPOScheduler):
    ...     lr = 1.0
    ...
    ...     def suggest(self):
    ...         return {"lr": self.lr}
    ...
    ...     def update(self, config, error, info=None):
    ...         self.lr /= 2
    >>> scheduler = Halving()
    >>> scheduler.update(scheduler.suggest(), error=0.3)
    >>> scheduler.suggest()
    {'lr': 0.5}

    Book: 19.2 Hyperparameter optimization API
    """

    def suggest(self) -> Configuration:
        """The configuration to try now. To be overridden."""
        raise NotImplementedError(f"{type(self).__name__} does not say how: define suggest(self)")

    def update(
        self, config: Configuration, error: float, info: dict[str, Any] | None = None
    ) -> None:
        """Learn the error of a configuration that was tried. To be overridden."""
        raise NotImplementedError(
            f"{type(self).__name__} does not say how: define update(self, config, error, info)"
        )


class BasicScheduler(HPOScheduler):
    """Tries what its searcher comes up with, one after the other.

    >>> class OneLess(d2l.HPOSearcher):
    ...     depth = 4
    ...
    ...     def sample_configuration(self):
    ...         self.depth -= 1
    ...         return {"depth": self.depth}
    >>> scheduler = d2l.BasicScheduler(OneLess())
    >>> scheduler.suggest(), scheduler.suggest()
    ({'depth': 3}, {'depth': 2})

    Book: 19.2 Hyperparameter optimization API
    """

    searcher: HPOSearcher

    def __init__(self, searcher: HPOSearcher) -> None:
        self.save_hyperparameters()

    def suggest(self) -> Configuration:
        """What the searcher samples."""
        return self.searcher.sample_configuration()

    def update(
        self, config: Configuration, error: float, info: dict[str, Any] | None = None
    ) -> None:
        """Tell the searcher."""
        self.searcher.update(config, error, additional_info=info)
