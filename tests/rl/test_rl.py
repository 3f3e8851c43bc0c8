"""The frozen lake: what is known of it, and walking on it as the book's loops do."""

import sys

import numpy as np
import pytest

from d2l import torch as d2l
from d2l.errors import ConfigurationError

MAP = ["SFFF", "FHFH", "FFFH", "HFFG"]


@pytest.fixture
def lake():
    pytest.importorskip("gymnasium", reason="gymnasium is not installed: pip install gymnasium")
    return d2l.make_env("FrozenLake-v1", seed=0)


def moved(row, col, action):
    """Where a step leads that does not slip: 0 left, 1 down, 2 right, 3 up."""
    down, right = ((0, -1), (1, 0), (0, 1), (-1, 0))[action]
    return min(max(row + down, 0), 3) * 4 + min(max(col + right, 0), 3)


def test_the_map_and_what_each_step_leads_to(lake):
    assert ["".join(letter.decode() for letter in row) for row in lake["desc"]] == MAP
    assert (lake["num_states"], lake["num_actions"], len(lake["mdp"])) == (16, 4, 64)
    where = [lake[f"{name}_idx"] for name in ("trans_prob", "nextstate", "reward", "done")]
    for (state, action), results in lake["mdp"].items():
        row, col = divmod(state, 4)
        if MAP[row][col] in "FS":
            (result,) = results
            probability, to, reward, done = (result[i] for i in where)
            there = "".join(MAP)[to]
            assert (probability, to) == (1.0, moved(row, col, action))
            assert (reward, done) == (float(there == "G"), there in "HG")


def test_a_walk_gives_states_rewards_and_the_end_as_the_book_reads_them(lake):
    env = lake["env"]
    for _ in range(2):  # and again after reset
        assert env.reset() == 0
        steps = [env.step(action) for action in (1, 1, 2, 1, 2, 2)]
        assert [state for state, *_ in steps] == [4, 8, 9, 13, 14, 15]
        assert [reward for _, reward, *_ in steps] == [0, 0, 0, 0, 0, 1]
        assert [done for *_, done, _ in steps] == [False] * 5 + [True]
        assert all(isinstance(info, dict) for *_, info in steps)


def test_a_walk_without_end_is_over_when_time_is_up(lake):
    env = lake["env"]
    env.reset()
    steps = 1
    while not env.step(0)[2]:
        steps += 1
    assert steps == env.spec.max_episode_steps == 100


def test_the_same_seed_samples_the_same_actions(lake):
    again, other = d2l.frozen_lake(0), d2l.frozen_lake(1)
    first, second, third = (
        [world["env"].action_space.sample() for _ in range(30)] for world in (lake, again, other)
    )
    assert first == second != third


def test_value_iteration_on_it_finds_the_shortest_way(lake):
    V = np.zeros(16)
    for _ in range(10):
        Q = np.zeros((16, 4))
        for (s, a), results in lake["mdp"].items():
            Q[s, a] = sum(p * (r + 0.95 * (not done) * V[t]) for p, t, r, done in results)
        V = Q.max(1)
    assert V[0] == pytest.approx(0.95**5)  # six steps to the goal


def test_other_worlds_are_refused_in_words():
    for name in ("", "CartPole-v1"):
        with pytest.raises(ConfigurationError, match=f"FrozenLake-v1; found '{name}'"):
            d2l.make_env(name)


def test_without_gymnasium_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)  # Python's own way to say: not installed
    with pytest.raises(ModuleNotFoundError, match="pip install gymnasium"):
        d2l.make_env("FrozenLake-v1")
