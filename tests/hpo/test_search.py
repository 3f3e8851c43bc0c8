"""Searchers and the basic scheduler: where configurations come from."""

import numpy as np
import pytest
from scipy import stats

from d2l import torch as d2l
from d2l.errors import ConfigurationError

SPACE = {"learning_rate": stats.loguniform(1e-2, 1), "batch_size": stats.randint(32, 256)}


def test_each_hyperparameter_is_drawn_from_its_distribution_in_turn():
    np.random.seed(0)
    found = [d2l.RandomSearcher(SPACE).sample_configuration() for _ in range(3)]
    np.random.seed(0)
    expected = [{name: domain.rvs() for name, domain in SPACE.items()} for _ in range(3)]
    assert found == expected
    assert {type(config["learning_rate"]) for config in found} == {float}
    assert {type(config["batch_size"]) for config in found} == {int}


def test_the_initial_configuration_comes_first_once_and_stays_the_callers():
    initial = {"learning_rate": 0.1, "batch_size": 128}
    searcher = d2l.RandomSearcher(SPACE, initial_config=initial)
    first, second = searcher.sample_configuration(), searcher.sample_configuration()
    assert first == initial != second
    first["learning_rate"] = 7
    assert initial["learning_rate"] == 0.1


def test_anything_with_rvs_is_a_distribution():
    class Coin:
        def rvs(self):
            return "heads"

    assert d2l.RandomSearcher({"coin": Coin()}).sample_configuration() == {"coin": "heads"}


def test_a_name_unknown_to_the_space_is_refused_in_words():
    with pytest.raises(ConfigurationError, match=r"sets lr, unknown.*has learning_rate, batch"):
        d2l.RandomSearcher(SPACE, initial_config={"lr": 0.1, "batch_size": 128})


def test_a_number_where_a_distribution_should_be_is_refused_in_words():
    with pytest.raises(ConfigurationError, match=r"found \{'depth': 3\}.*scipy\.stats"):
        d2l.RandomSearcher({**SPACE, "depth": 3})


def test_the_bases_say_what_to_write():
    with pytest.raises(NotImplementedError, match=r"HPOSearcher.*sample_configuration\(self\)"):
        d2l.HPOSearcher().sample_configuration()
    with pytest.raises(NotImplementedError, match=r"HPOScheduler.*suggest\(self\)"):
        d2l.HPOScheduler().suggest()
    with pytest.raises(NotImplementedError, match=r"HPOScheduler.*update"):
        d2l.HPOScheduler().update({}, 0.5)
    assert d2l.HPOSearcher().update({}, 0.5) is None


def test_the_basic_scheduler_passes_on_what_it_hears():
    class Listening(d2l.HPOSearcher):
        heard = ()

        def sample_configuration(self):
            return {"x": 1}

        def update(self, config, error, additional_info=None):
            self.heard = (config, error, additional_info)

    scheduler = d2l.BasicScheduler(Listening())
    config = scheduler.suggest()
    scheduler.update(config, 0.25, info={"seconds": 3})
    assert scheduler.searcher.heard == ({"x": 1}, 0.25, {"seconds": 3})
