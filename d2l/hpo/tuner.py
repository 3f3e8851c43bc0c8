"""Schedulers and the tuner: run trials, stop bad ones early, record the best configuration."""

import inspect
import math
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch

from d2l.base.axes import Float, Tensor
from d2l.base.batches import count_examples
from d2l.base.devices import num_gpus
from d2l.core.board import ProgressBoard, finish_board
from d2l.core.hyperparameters import HyperParameters
from d2l.core.module import batch_parts
from d2l.core.trainer import Trainer
from d2l.engine.running_metrics import WeightedMeans
from d2l.errors import ConfigurationError, DataError, NotFiniteError
from d2l.hpo.search import Configuration, HPOSearcher
from d2l.plot.curves import as_value

Result = tuple[Configuration, float]  # a configuration and its error


class HPOScheduler(HyperParameters):
    """Base class of schedulers; subclasses implement `suggest` and `update`.

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
        """Return the configuration to try next. Must be overridden."""
        raise NotImplementedError(f"{type(self).__name__} must define suggest(self)")

    def update(
        self, config: Configuration, error: float, info: dict[str, Any] | None = None
    ) -> None:
        """Record the error of a configuration. Must be overridden."""
        raise NotImplementedError(
            f"{type(self).__name__} must define update(self, config, error, info)"
        )


class BasicScheduler(HPOScheduler):
    """Tries the configurations of its searcher one after the other.

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
        """Return the searcher's next configuration."""
        return self.searcher.sample_configuration()

    def update(
        self, config: Configuration, error: float, info: dict[str, Any] | None = None
    ) -> None:
        """Pass the error on to the searcher."""
        self.searcher.update(config, error, additional_info=info)


class HPOTrainer(Trainer):
    """A `Trainer` that computes the validation error after `fit`.

    >>> class Halves(d2l.DataModule):
    ...     def get_dataloader(self, train):
    ...         X = torch.randn(64, 2)
    ...         self.batch_size = 16
    ...         return self.get_tensorloader((X, (X[:, 0] > 0).long()), train)
    >>> trainer = d2l.HPOTrainer(max_epochs=5)
    >>> trainer.fit(d2l.SoftmaxRegression(num_outputs=2, lr=1), Halves())
    epoch 1/5: train_loss ..., val_loss ..., val_acc ... (... s)
    >>> bool(trainer.validation_error() < 0.1)
    True

    Book: 19.1 What is hyperparameter optimization?
    """

    def validation_error(self) -> Float[Tensor, ""]:
        """Return 1 minus the accuracy on the validation data; each example counts equally.

        The result is a scalar on the CPU; the model is left in evaluation mode.

        Book: 19.1 What is hyperparameter optimization?
        """
        if getattr(self, "val_dataloader", None) is None:
            raise DataError(
                "validation_error requires a trained model and validation data. Call "
                "trainer.fit(model, data) first, with a data.val_dataloader() that returns a loader"
            )
        means = WeightedMeans()
        self.model.eval()
        with torch.no_grad():
            for batch in self.val_dataloader:
                *inputs, y = batch_parts(self.model, self.prepare_batch(batch))
                means.add("acc", self.model.accuracy(self.model(*inputs), y), count_examples(batch))
        return 1 - torch.as_tensor(means.pop()["acc"], dtype=torch.float32, device="cpu")


def hpo_objective_lenet(learning_rate: float, batch_size: int, max_epochs: int = 10) -> Any:
    """Return the validation error of a LeNet trained on Fashion-MNIST, on a GPU if available.

    >>> error = d2l.hpo_objective_lenet(0.1, 256, max_epochs=10)  # doctest: +SKIP

    Book: 19.2 Hyperparameter optimization API
    """
    from d2l.data.fashion_mnist import FashionMNIST
    from d2l.models.cnn import LeNet, init_cnn

    model = LeNet(lr=learning_rate, num_classes=10)
    trainer = HPOTrainer(max_epochs=max_epochs, num_gpus=min(1, num_gpus()))
    data = FashionMNIST(batch_size=batch_size)
    model.apply_init([next(iter(data.get_dataloader(True)))[0]], init_cnn)
    trainer.fit(model=model, data=data)
    return trainer.validation_error()


class HPOTuner(HyperParameters):
    """Minimizes `objective(**config)`, a number, over the configurations of a scheduler.

    `incumbent` is the best configuration so far and `incumbent_error` its error. The lists
    `records`, `incumbent_trajectory` and `cumulative_runtime` (seconds) have one entry per trial.
    Each trial is printed; errors over time are plotted on `board`, live in a notebook. A trial
    whose loss is not finite has the error inf, and the search continues.

    >>> from scipy import stats
    >>> searcher = d2l.RandomSearcher({"x": stats.randint(0, 9)}, initial_config={"x": 3})
    >>> tuner = d2l.HPOTuner(d2l.BasicScheduler(searcher), objective=lambda x: (x - 5) ** 2)
    >>> tuner.run(1)
    Trial 0: config = {'x': 3}
        error = 4.0, runtime = ...

    Book: 19.2 Hyperparameter optimization API
    """

    scheduler: HPOScheduler
    objective: Callable[..., Any]

    def __init__(self, scheduler: HPOScheduler, objective: Callable[..., Any]) -> None:
        self.save_hyperparameters()
        self.incumbent: Configuration | None = None
        self.incumbent_error: float | None = None
        self.incumbent_trajectory: list[float] = []
        self.cumulative_runtime: list[float] = []
        self.current_runtime: float = 0
        self.records: list[dict[str, Any]] = []
        self.board = ProgressBoard(xlabel="seconds", ylabel="error", ls=("--", "-"))

    def run(self, number_of_trials: int) -> None:
        """Run `number_of_trials` more trials.

        Book: 19.2 Hyperparameter optimization API
        """
        for i in range(number_of_trials):
            start = time.perf_counter()
            config = self.scheduler.suggest()
            print(f"Trial {i}: config = {config}")
            error = self._try(config)
            self.scheduler.update(config, error)
            runtime = time.perf_counter() - start
            self.bookkeeping(config, error, runtime)
            print(f"    error = {error}, runtime = {runtime}")
        finish_board(self.board)

    def bookkeeping(self, config: Configuration, error: float, runtime: float) -> None:
        """Record a trial that took `runtime` seconds.

        Book: 19.2 Hyperparameter optimization API
        """
        self.records.append({"config": config, "error": error, "runtime": runtime})
        if self.incumbent_error is None or error < self.incumbent_error:
            self.incumbent, self.incumbent_error = config, error
        self.incumbent_trajectory.append(self.incumbent_error)
        self.current_runtime += runtime
        self.cumulative_runtime.append(self.current_runtime)
        for label, value in (("trial", error), ("best so far", self.incumbent_error)):
            if math.isfinite(value):
                self.board.draw(self.current_runtime, value, label)

    def _try(self, config: Configuration) -> float:
        _check_fits(self.objective, config)
        try:
            error = float(as_value(self.objective(**config)))
        except NotFiniteError as reason:
            print(f"    {reason}")
            return math.inf
        return math.inf if math.isnan(error) else error


def _check_fits(objective: Callable[..., Any], config: Configuration) -> None:
    signature = inspect.signature(objective)
    try:
        signature.bind(**config)
    except TypeError as error:
        name = getattr(objective, "__name__", type(objective).__name__)
        raise ConfigurationError(
            f"the objective {name}{signature} cannot be called with the configuration {config}: "
            f"{error}. Use the objective's argument names in config_space"
        ) from None


class SuccessiveHalvingScheduler(HPOScheduler):
    """Successive halving: starts `prefact * eta**K` configurations, and promotes the best ones.

    The rungs are `r_min * eta**k` epochs and finally `r_max`, K + 1 in total; about 1 / `eta` of
    the configurations of each rung, the best ones, are promoted to the next. Configurations contain
    their number of epochs as `max_epochs`; those of the searcher are copied. `rung_levels` lists
    the rungs, and `all_observed_error_at_rungs` all `(configuration, error)` by rung.

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
                f"prefact must be at least 1 / eta**K = {eta**-self.K:g} to have a configuration "
                f"in the first rung; found prefact={prefact}. Example: prefact=1"
            )

    def suggest(self) -> Configuration:
        """Return the next configuration of the queue; if it is empty, start a new round.

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
        """Record an error, update the searcher, and promote the best once their rung is full.

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
            next_level = self.rung_levels[k + 1]
            self.queue = [{**each, "max_epochs": next_level} for each in best] + self.queue
            self.observed_error_at_rungs[level] = []

    def get_top_n_configurations(self, rung_level: int, n: int) -> list[Configuration]:
        """Return the `n` configurations of the current round with the smallest errors.

        Book: 19.4 Multi-fidelity hyperparameter optimization
        """
        ranked = sorted(self.observed_error_at_rungs[rung_level], key=lambda result: result[1])
        return [config for config, _ in ranked[:n]]

    def _size(self, k: int) -> int:
        """Number of configurations in rung `k`."""
        return int(self.prefact * self.eta ** (self.K - k))

    def _level(self, config: Configuration) -> int:
        level = config.get("max_epochs")
        if level not in self.rung_levels:
            raise ConfigurationError(
                f"update expects a configuration returned by suggest(), with max_epochs one of "
                f"{self.rung_levels}; found {level!r}"
            )
        return level


def _rungs(eta: int, r_min: int, r_max: int) -> list[int]:
    if not (eta > 1 and 0 < r_min <= r_max):
        raise ConfigurationError(
            f"successive halving requires eta > 1 and 0 < r_min <= r_max; found eta={eta}, "
            f"r_min={r_min}, r_max={r_max}. Example: eta=2, r_min=2, r_max=10"
        )
    rungs = []
    while r_min < r_max:
        rungs.append(r_min)
        r_min *= eta
    return [*rungs, r_max]
