"""Python's random numbers in bulk: the same values, the same state afterwards."""

import random

import pytest

from d2l.text.draws import Chances, integers, uniform


def one_by_one(draw, count):
    """What `count` calls give, and the state they leave; Python's generator is put back."""
    before = random.getstate()
    numbers = [draw() for _ in range(count)]
    after = random.getstate()
    random.setstate(before)
    return numbers, after


@pytest.mark.parametrize("count", [0, 1, 5, 700])
def test_uniform_numbers_are_those_of_random(count):
    random.seed(count)
    random.random()
    expected, after = one_by_one(random.random, count)
    assert uniform(count).tolist() == expected
    assert random.getstate() == after


@pytest.mark.parametrize("low, high", [(1, 5), (1, 1), (0, 1), (1, 8), (3, 9), (0, 2**31)])
@pytest.mark.parametrize("count", [0, 1, 1000])
def test_integers_are_those_of_randint(low, high, count):
    random.seed(count + high)
    expected, after = one_by_one(lambda: random.randint(low, high), count)
    assert integers(low, high, count).tolist() == expected
    assert random.getstate() == after


@pytest.mark.parametrize("size", [1, 2, 37, 1000])
def test_weighted_numbers_are_those_of_choices(size):
    random.seed(size)
    weights = [random.choice((0, 0.5, 2, 100)) + (i == 0) for i in range(size)]
    expected, after = one_by_one(lambda: random.choices(range(size), weights)[0], 3000)
    assert Chances(weights).draw(3000).tolist() == expected
    assert random.getstate() == after


@pytest.mark.parametrize("weights", [[], [0, 0], [-1, 2], [float("inf")]])
def test_weights_that_give_no_chances_are_refused(weights):
    with pytest.raises(ValueError, match="weights are at least 0 and not all 0; found"):
        Chances(weights)
