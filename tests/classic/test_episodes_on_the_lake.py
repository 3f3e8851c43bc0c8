"""What policies earn on the frozen lake, as the book has it and as gymnasium has it."""

import numpy as np
import pytest

from d2l import torch as d2l

pytest.importorskip("gymnasium", reason="gymnasium is not installed: pip install gymnasium")


def test_the_frozen_lake_of_the_book_is_an_environment_too():
    world = d2l.make_env("FrozenLake-v1", seed=0)
    way = {0: 1, 4: 1, 8: 2, 9: 1, 13: 2, 14: 2}  # down, down, right, down, right, right
    policy = [way.get(state, 0) for state in range(16)]
    assert d2l.evaluate(world["env"], policy, 2, gamma=0.5) == 0.5**5
    assert d2l.evaluate(world["env"].env, policy, 2, 0.5, np.random.default_rng(0)) == 0.5**5
