"""Trial after trial: asks a scheduler, tries, keeps the books, shows how far it is."""

import inspect
import math
import time
from collections.abc import Callable
from typing import Any

from d2l.core.board import ProgressBoard, finish_board
from d2l.core.hyperparameters import HyperParameters
from d2l.errors import ConfigurationError, NotFiniteError
from d2l.hpo.schedule import HPOScheduler
from d2l.hpo.search import Configuration
from d2l.plot.curves import as_value


class HPOTuner(HyperParameters):
    """Minimises `objective(**config)`, a number, over the configurations of a scheduler.

    `incumbent` is the best configuration so far and `incumbent_error` its error; a list each, with
    an entry a trial: `records`, `incumbent_trajectory`, and `cumulative_runtime` in seconds. Each
    trial is printed; the errors over the seconds are on `board`, live in a notebook. A trial whose
    loss stops being finite has the error inf, and the others go on.

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
        """Do so many more trials.

        Book: 19.2 Hyperparameter optimization API
        """
        for i in range(number_of_trials):
            begun = time.perf_counter()
            config = self.scheduler.suggest()
            print(f"Trial {i}: config = {config}")
            error = self._try(config)
            self.scheduler.update(config, error)
            runtime = time.perf_counter() - begun
            self.bookkeeping(config, error, runtime)
            print(f"    error = {error}, runtime = {runtime}")
        finish_board(self.board)

    def bookkeeping(self, config: Configuration, error: float, runtime: float) -> None:
        """Enter a trial, of so many seconds, into the books.

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
            f"{error}. Name the hyperparameters in the space as the objective does"
        ) from None
