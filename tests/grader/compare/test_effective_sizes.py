"""How many independent values correlated ones are worth."""

import numpy as np
import pytest

from d2l.grader.compare.effective_sizes import design_effect, effective_number, prior_freedom


def residuals(values):
    return values - values.mean(axis=0)


def test_places_that_move_together_count_as_one_and_independent_ones_as_more():
    chance = np.random.RandomState(0)
    together = residuals(chance.normal(size=(20, 1)) * np.ones(10))
    apart = residuals(chance.normal(size=(20, 10)))
    assert effective_number(together, 19) == pytest.approx(1, abs=0.1)
    assert 4 < effective_number(apart, 19) <= 5  # 1 + 0.4 * 9 is the most
    assert effective_number(residuals(chance.normal(size=(20, 1))), 19) == 1
    assert effective_number(np.zeros((3, 4)), 2) == 1


def test_variances_that_are_alike_have_a_prior_of_many_degrees_of_freedom():
    alike = prior_freedom(np.full(8, 2.0), 2)
    different = prior_freedom(10.0 ** np.arange(8), 2)
    assert alike == np.inf
    assert 0 < different < 1
    assert prior_freedom(np.array([0.0, 1.0]), 2) == 0  # one variance alone says nothing


def test_rows_that_move_together_and_runs_that_do_have_a_design_effect():
    chance = np.random.RandomState(0)
    rows = chance.normal(size=(5, 6, 1)) + 0.1 * chance.normal(size=(5, 6, 8))
    ours, theirs = np.split(rows.reshape(5, 48), [3])
    assert 5 < design_effect(ours, theirs, (6, 8))[0] < 12  # about 8
    runs = chance.normal(size=(5, 1)) + 0.1 * chance.normal(size=(5, 48))
    effect, freedom = design_effect(*np.split(runs, [3]), (48,))
    assert effect > 40
    assert freedom == 3
    independent = chance.normal(size=(5, 48))
    effect, freedom = design_effect(*np.split(independent, [3]), (6, 8))
    assert 1 <= effect < 1.5
    assert freedom == pytest.approx(5 * 48 / effect - 2)


def test_values_that_never_change_have_no_effect():
    assert design_effect(np.ones((3, 4)), np.ones((2, 4)), (4,)) == (1.0, 18)
