"""Successive halving: how many configurations are trained for how long, and which go on."""

from collections import Counter

import pytest

from d2l import torch as d2l
from d2l.errors import ConfigurationError


class Counting(d2l.HPOSearcher):
    """Gives x = 0, 1, 2, …: the smaller, the better."""

    def __init__(self):
        self.given = []

    def sample_configuration(self):
        self.given.append({"x": len(self.given)})
        return self.given[-1]


def do_trials(scheduler, count):
    """Errors are x; the configurations in the order in which they were tried."""
    tried = []
    for _ in range(count):
        tried.append(scheduler.suggest())
        scheduler.update(tried[-1], float(tried[-1]["x"]))
    return tried


@pytest.mark.parametrize(
    "eta, r_min, r_max, rungs",
    [
        (2, 2, 10, [2, 4, 8, 10]),
        (3, 1, 9, [1, 3, 9]),
        (3, 1, 243, [1, 3, 9, 27, 81, 243]),  # log(243) / log(3) is a little less than 5
        (2, 4, 4, [4]),
        (10, 1, 1000, [1, 10, 100, 1000]),
    ],
)
def test_rungs_go_up_by_eta_and_end_at_r_max(eta, r_min, r_max, rungs):
    scheduler = d2l.SuccessiveHalvingScheduler(Counting(), eta, r_min, r_max)
    assert scheduler.rung_levels == rungs
    assert len(rungs) - 1 == scheduler.K


def test_one_round_trains_many_for_a_short_time_and_the_best_on_and_on():
    scheduler = d2l.SuccessiveHalvingScheduler(Counting(), eta=2, r_min=2, r_max=10)
    tried = do_trials(scheduler, 15)
    assert Counter(config["max_epochs"] for config in tried) == {2: 8, 4: 4, 8: 2, 10: 1}
    by_rung = {r: {c["x"] for c in tried if c["max_epochs"] == r} for r in (2, 4, 8, 10)}
    assert by_rung == {2: set(range(8)), 4: {0, 1, 2, 3}, 8: {0, 1}, 10: {0}}
    assert {c["x"] for c in do_trials(scheduler, 8)} == set(range(8, 16))  # a new round


def test_prefact_multiplies_the_configurations_of_a_round():
    scheduler = d2l.SuccessiveHalvingScheduler(Counting(), eta=3, r_min=1, r_max=3, prefact=2)
    tried = do_trials(scheduler, 8)
    assert Counter(config["max_epochs"] for config in tried) == {1: 6, 3: 2}


def test_every_result_stays_on_record_by_rung():
    scheduler = d2l.SuccessiveHalvingScheduler(Counting(), eta=2, r_min=1, r_max=2)
    do_trials(scheduler, 6)
    errors = {r: [e for _, e in seen] for r, seen in scheduler.all_observed_error_at_rungs.items()}
    assert errors == {1: [1.0, 0.0, 3.0, 2.0], 2: [0.0, 2.0]}
    assert not scheduler.observed_error_at_rungs[1]  # of the round at hand


def test_the_searchers_configurations_are_left_as_they_are():
    searcher = Counting()
    do_trials(d2l.SuccessiveHalvingScheduler(searcher, eta=2, r_min=1, r_max=4), 7)
    assert searcher.given == [{"x": 0}, {"x": 1}, {"x": 2}, {"x": 3}]


def test_the_best_of_a_rung_are_known_while_it_fills():
    scheduler = d2l.SuccessiveHalvingScheduler(Counting(), eta=4, r_min=1, r_max=4)
    do_trials(scheduler, 3)  # the last in come first: x = 3, 2, 1
    best = scheduler.get_top_n_configurations(rung_level=1, n=2)
    assert [config["x"] for config in best] == [1, 2]
    assert scheduler.get_top_n_configurations(rung_level=4, n=2) == []


@pytest.mark.parametrize("eta, r_min, r_max", [(1, 1, 4), (2, 0, 4), (2, 5, 4)])
def test_rungs_that_lead_nowhere_are_refused(eta, r_min, r_max):
    with pytest.raises(ConfigurationError, match=f"found eta={eta}, r_min={r_min}, r_max={r_max}"):
        d2l.SuccessiveHalvingScheduler(Counting(), eta, r_min, r_max)


def test_a_prefact_that_leaves_nothing_is_refused():
    with pytest.raises(ConfigurationError, match=r"at least 1 / eta\*\*K = 0\.25"):
        d2l.SuccessiveHalvingScheduler(Counting(), 2, 1, 4, prefact=0.1)


def test_a_configuration_of_someone_elses_is_refused():
    scheduler = d2l.SuccessiveHalvingScheduler(Counting(), 2, 1, 4)
    with pytest.raises(ConfigurationError, match=r"one of \[1, 2, 4\]; found 3"):
        scheduler.update({"x": 0, "max_epochs": 3}, 0.5)
