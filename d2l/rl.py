"""Environments of the reinforcement learning chapter: wrappers of gymnasium with the book's API.

Gymnasium is imported with the first environment.
"""

from typing import Any

from d2l.errors import ConfigurationError


def make_env(name: str = "", seed: int = 0) -> dict[str, Any]:
    """Return an environment and its model for planning; `name` must be "FrozenLake-v1".

    See `frozen_lake` for the keys of the result.

    >>> env_info = d2l.make_env("FrozenLake-v1", seed=0)  # doctest: +SKIP
    >>> env_info["num_states"], env_info["env"].reset()  # doctest: +SKIP
    (16, 0)

    Book: 17.2 Value iteration
    """
    if name != "FrozenLake-v1":
        raise ConfigurationError(
            f"make_env supports only FrozenLake-v1; found {name!r}. Create other environments with "
            "gymnasium.make(name)"
        )
    return frozen_lake(seed)


def frozen_lake(seed: int) -> dict[str, Any]:
    """Return the deterministic 4 by 4 frozen lake.

    `"desc"` is the map, an array (4, 4) of b"S", b"F", b"H", b"G". `"mdp"` lists for each
    `(state, action)` the possible outcomes: tuples whose positions of probability, next state,
    reward and end are `"trans_prob_idx"`, `"nextstate_idx"`, `"reward_idx"` and `"done_idx"`. The
    other keys are `"num_states"` (16), `"num_actions"` (4: left, down, right, up) and `"env"`, an
    `Environment`.

    >>> env_info = d2l.frozen_lake(seed=0)  # doctest: +SKIP
    >>> env_info["num_actions"], env_info["mdp"][(0, 2)]  # to the right  # doctest: +SKIP
    (4, [(1.0, 1, 0, False)])

    Book: 17.2 Value iteration
    """
    env = _gymnasium().make("FrozenLake-v1", is_slippery=False)
    inner = env.unwrapped
    return {
        "desc": inner.desc,
        "num_states": int(env.observation_space.n),
        "num_actions": int(env.action_space.n),
        "trans_prob_idx": 0,
        "nextstate_idx": 1,
        "reward_idx": 2,
        "done_idx": 3,
        "mdp": {(s, a): next_ for s, row in inner.P.items() for a, next_ in row.items()},
        "env": Environment(env, seed),
    }


class Environment:
    """A seeded gymnasium environment with the book's `reset` and `step`."""

    def __init__(self, env: Any, seed: int) -> None:
        self.env = env
        env.reset(seed=seed)
        env.action_space.seed(seed)

    def reset(self, **options: Any) -> Any:
        """Reset the environment and return the first state."""
        state, _ = self.env.reset(**options)
        return state

    def step(self, action: Any) -> tuple[Any, float, bool, dict[str, Any]]:
        """Take a step; return next state, reward, whether the episode has ended, and info."""
        state, reward, is_end, is_time_up, info = self.env.step(action)
        return state, reward, is_end or is_time_up, info

    def __getattr__(self, name: str) -> Any:
        if name == "env":  # not set yet while a copy is created
            raise AttributeError(name)
        return getattr(self.env, name)


def _gymnasium() -> Any:
    try:
        import gymnasium
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the environments of chapter 17 require gymnasium, which is not installed: "
            "pip install gymnasium",
            name=error.name,
        ) from error
    return gymnasium
