"""Curves of several seeds, and what a policy earns."""

import random

import numpy as np
import pytest
import torch

from d2l import torch as d2l
from d2l.errors import ConfigurationError, ShapeError


def draws():
    return [torch.rand(1).item(), float(np.random.rand()), random.random()]


def seeded_by_hand(seed):
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
    return draws()


@pytest.mark.parametrize(
    "train", [lambda seed, n: draws(), lambda n: draws(), lambda s, *, n: draws(),
              lambda **kwargs: draws()],
)  # fmt: skip
def test_all_generators_are_seeded_before_each_call(train):
    expected = np.stack([seeded_by_hand(seed) for seed in range(3)])
    assert np.array_equal(d2l.run_seeds(train, 3, n=1), expected)


def test_the_seed_is_given_by_name_or_first_if_it_is_needed_and_not_otherwise():
    assert d2l.run_seeds(lambda x, seed: 10 * seed + x, 3, x=4).tolist() == [4, 14, 24]
    assert d2l.run_seeds(lambda s: s, 3).tolist() == [0, 1, 2]
    assert d2l.run_seeds(lambda lr=0.5: lr, 2).tolist() == [0.5, 0.5]
    with pytest.raises(TypeError, match="unexpected keyword argument 'lr'"):
        d2l.run_seeds(lambda s: s, 2, lr=1)


def test_afterwards_the_generators_are_where_they_were():
    expected = seeded_by_hand(7)
    seeded_by_hand(7)
    torch.manual_seed(7)
    np.random.seed(7)
    random.seed(7)
    d2l.run_seeds(lambda: draws(), 3)
    assert draws() == expected


def test_results_are_stacked_or_the_error_says_which_shapes_there_were():
    curves = d2l.run_seeds(lambda seed: torch.full((2, 3), seed), 4)
    assert curves.shape == (4, 2, 3)
    with pytest.raises(ShapeError, match=r"same shape for all 2 seeds; found \(1,\), \(2,\)"):
        d2l.run_seeds(lambda seed: [0] * (seed + 1), 2)
    with pytest.raises(ShapeError, match="of object"):
        d2l.run_seeds(lambda seed: None, 2)
    with pytest.raises(ConfigurationError, match="num_seeds must be at least 1; found 0"):
        d2l.run_seeds(draws, 0)


class Corridor:
    """States 0 to 3; a step to the right costs 1, and 3 is the end, with a reward of 10."""

    def __init__(self, as_of_old=False):
        self.as_of_old, self.seeds, self.num_steps = as_of_old, [], 0

    def reset(self, seed=None):
        self.seeds.append(seed)
        self.state = 0
        return self.state if self.as_of_old else (self.state, {"seed": seed})

    def step(self, action):
        self.num_steps += 1
        self.state = max(0, self.state + action)
        is_end = self.state == 3
        ends = (is_end,) if self.as_of_old else (is_end, self.num_steps > 50)
        return self.state, 10.0 if is_end else -1.0, *ends, {}


@pytest.mark.parametrize("as_of_old", [False, True])
@pytest.mark.parametrize(
    "policy", [lambda state: 1, np.ones(4, dtype=int), lambda state: torch.tensor(1)]
)
def test_rewards_are_summed_and_discounted_by_step(policy, as_of_old):
    env = Corridor(as_of_old)
    expected = -1 + 0.9 * -1 + 0.81 * 10
    assert d2l.evaluate(env, policy, 3, gamma=0.9) == pytest.approx(expected)
    assert len(env.seeds) == 3


def test_an_episode_ends_when_its_time_is_up():
    assert d2l.evaluate(Corridor(), lambda state: -1, 1) == -51


def test_a_generator_seeds_the_episodes_and_draws_for_the_policy():
    def policy(state, rng):
        return rng.integers(0, 2)

    def value():
        env = Corridor()
        return d2l.evaluate(env, policy, 5, rng=np.random.default_rng(3)), env.seeds

    assert value() == value()
    assert len(set(value()[1])) == 5


def test_no_episode_is_an_error():
    with pytest.raises(ConfigurationError, match="num_episodes must be at least 1; found 0"):
        d2l.evaluate(Corridor(), lambda state: 1, 0)
