"""Searchers, which propose hyperparameter configurations; random search."""

from collections.abc import Mapping
from typing import Any

from d2l.core.hyperparameters import HyperParameters
from d2l.errors import ConfigurationError

Configuration = dict[str, Any]


class HPOSearcher(HyperParameters):
    """Base class of searchers; subclasses implement `sample_configuration`.

    >>> class OneLess(d2l.HPOSearcher):
    ...     depth = 4
    ...
    ...     def sample_configuration(self):
    ...         self.depth -= 1
    ...         return {"depth": self.depth}
    >>> OneLess().sample_configuration()
    {'depth': 3}

    Book: 19.2 Hyperparameter optimization API
    """

    def sample_configuration(self) -> Configuration:
        """Return the next configuration to try. Must be overridden."""
        raise NotImplementedError(f"{type(self).__name__} must define sample_configuration(self)")

    def update(
        self, config: Configuration, error: float, additional_info: dict[str, Any] | None = None
    ) -> None:
        """Record the error of a configuration; does nothing unless overridden."""


class RandomSearcher(HPOSearcher):
    """Random search: samples each hyperparameter independently from `config_space`.

    A distribution is any object with `rvs()`, such as those of `scipy.stats`, which use NumPy's
    global generator. `initial_config` is the first configuration; it is copied.

    >>> from scipy import stats
    >>> space = {"lr": stats.loguniform(1e-3, 1), "width": stats.randint(16, 64)}
    >>> searcher = d2l.RandomSearcher(space, initial_config={"lr": 0.3, "width": 32})
    >>> searcher.sample_configuration()
    {'lr': 0.3, 'width': 32}
    >>> sorted(searcher.sample_configuration())
    ['lr', 'width']

    Book: 19.2 Hyperparameter optimization API
    """

    config_space: Mapping[str, Any]
    initial_config: Configuration | None

    def __init__(
        self, config_space: Mapping[str, Any], initial_config: Configuration | None = None
    ) -> None:
        _check_space(config_space)
        if initial_config is not None:
            _check_initial(initial_config, config_space)
        self.save_hyperparameters()

    def sample_configuration(self) -> Configuration:
        """Return a new configuration of plain Python numbers.

        Book: 19.2 Hyperparameter optimization API
        """
        if self.initial_config is not None:
            first, self.initial_config = dict(self.initial_config), None
            return first
        return {name: _plain(domain.rvs()) for name, domain in self.config_space.items()}


def _check_space(config_space: Mapping[str, Any]) -> None:
    bad = {name: domain for name, domain in config_space.items() if not hasattr(domain, "rvs")}
    if bad:
        raise ConfigurationError(
            f"config_space must map names to distributions with rvs(); found {bad}. "
            "Example: {'learning_rate': scipy.stats.loguniform(1e-2, 1)}"
        )


def _check_initial(initial_config: Configuration, config_space: Mapping[str, Any]) -> None:
    unknown = sorted(set(initial_config) - set(config_space))
    if unknown:
        raise ConfigurationError(
            f"initial_config sets {', '.join(unknown)}, unknown in config_space, which has "
            f"{', '.join(config_space)}. Use the same names in both"
        )


def _plain(value: Any) -> Any:
    return value.item() if getattr(value, "size", 0) == 1 else value
