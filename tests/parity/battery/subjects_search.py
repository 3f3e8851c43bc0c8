"""Chapter 19: the search for hyperparameters."""

import torch
from subject import method


class Objective:
    """The error is a parabola of the rate."""

    def __call__(self, learning_rate, batch_size=0, **more):
        return (learning_rate - 0.3) ** 2 + batch_size / 1000


class Uniform:
    """A distribution that draws in turn; has what scipy's have."""

    def __init__(self):
        self.drawn = 0

    def rvs(self):
        self.drawn += 1
        return self.drawn / 10


def space():
    return {"learning_rate": Uniform(), "batch_size": Uniform()}


INITIAL = {"learning_rate": 0.05, "batch_size": 4}
method(
    "RandomSearcher",
    lambda d2l, C: C(space(), dict(INITIAL)),
    "sample_configuration",
    lambda d2l: {},
)
method(
    "RandomSearcher",
    lambda d2l, C: C(space()),
    "sample_configuration",
    lambda d2l: {},
    "no initial",
)
method(
    "RandomSearcher",
    lambda d2l, C: C(space(), dict(INITIAL)),
    "update",
    lambda d2l: {"config": dict(INITIAL), "error": 0.5, "additional_info": None},
)
method(
    "BasicScheduler",
    lambda d2l, C: C(d2l.RandomSearcher(space(), dict(INITIAL))),
    "suggest",
    lambda d2l: {},
)
method(
    "BasicScheduler",
    lambda d2l, C: C(d2l.RandomSearcher(space(), dict(INITIAL))),
    "update",
    lambda d2l: {"config": dict(INITIAL), "error": 0.5, "info": {"a": 1}},
)
method(
    "HPOTuner",
    lambda d2l, C: C(
        d2l.BasicScheduler(d2l.RandomSearcher(space(), dict(INITIAL))),
        lambda **c: torch.tensor(Objective()(**c)),
    ),
    "run",
    lambda d2l: {"number_of_trials": 3},
)
method(
    "HPOTuner",
    lambda d2l, C: C(d2l.BasicScheduler(d2l.RandomSearcher(space(), dict(INITIAL))), Objective()),
    "bookkeeping",
    lambda d2l: {"config": dict(INITIAL), "error": torch.tensor(0.5), "runtime": 0.1},
)
HALVING = {"learning_rate": 0.1, "max_epochs": 2}


def halving(d2l, C):
    return C(
        d2l.RandomSearcher(
            {"learning_rate": Uniform(), "max_epochs": Uniform()},
            {"learning_rate": 0.1, "max_epochs": 2},
        ),
        2,
        1,
        4,
    )


method("SuccessiveHalvingScheduler", halving, "suggest", lambda d2l: {})
method(
    "SuccessiveHalvingScheduler",
    halving,
    "update",
    lambda d2l: {"config": dict(HALVING), "error": 0.5, "info": None},
)
method(
    "SuccessiveHalvingScheduler",
    halving,
    "get_top_n_configurations",
    lambda d2l: {"rung_level": 2, "n": 1},
    is_generated=False,
)
for name, called in (("HPOScheduler", "suggest"), ("HPOSearcher", "sample_configuration")):
    method(name, lambda d2l, C: C(), called, lambda d2l: {})
    method(name, lambda d2l, C: C(), "update", lambda d2l: {"config": {"a": 1}, "error": 0.5})
