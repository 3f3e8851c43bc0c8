"""The worlds of the reinforcement learning chapter: gymnasium's, in the words of the book.

Gymnasium is loaded with the first world.
"""

from typing import Any

from d2l.errors import ConfigurationError


def make_env(name: str = "", seed: int = 0) -> dict[str, Any]:
    """A world and everything that planning in it needs; `name` must be "FrozenLake-v1".

    See `frozen_lake` for what is in the answer.

    >>> world = d2l.make_env("FrozenLake-v1", seed=0)  # doctest: +SKIP
    >>> world["num_states"], world["env"].reset()  # doctest: +SKIP
    (16, 0)

    Book: 17.2 Value iteration
    """
    if name != "FrozenLake-v1":
        raise ConfigurationError(
            f"make_env knows the world FrozenLake-v1; found {name!r}. Others come from gymnasium "
            "itself: gymnasium.make(name)"
        )
    return frozen_lake(seed)


def frozen_lake(seed: int) -> dict[str, Any]:
    """The frozen lake, 4 by 4, where each step leads where it should.

    `"desc"` is the map, an array (4, 4) of b"S", b"F", b"H", b"G". `"mdp"` lists for each
    `(state, action)` what may happen: tuples in which `"trans_prob_idx"`, `"nextstate_idx"`,
    `"reward_idx"` and `"done_idx"` say where probability, next state, reward and end are. There
    are `"num_states"` (16), `"num_actions"` (4: left, down, right, up) and `"env"`, a `World`.

    >>> world = d2l.frozen_lake(seed=0)  # doctest: +SKIP
    >>> world["num_actions"], world["mdp"][(0, 2)]  # to the right  # doctest: +SKIP
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
        "env": World(env, seed),
    }


class World:
    """A gymnasium environment, seeded, as the book's loops read it; all else is gymnasium's."""

    def __init__(self, env: Any, seed: int) -> None:
        self.env = env
        env.reset(seed=seed)
        env.action_space.seed(seed)

    def reset(self, **options: Any) -> Any:
        """Begin anew; the first state."""
        state, _ = self.env.reset(**options)
        return state

    def step(self, action: Any) -> tuple[Any, float, bool, dict[str, Any]]:
        """Act: the next state, the reward, whether this is the end or time is up, and the rest."""
        state, reward, is_end, is_time_up, info = self.env.step(action)
        return state, reward, is_end or is_time_up, info

    def __getattr__(self, name: str) -> Any:
        if name == "env":  # not there yet, while a copy is being made
            raise AttributeError(name)
        return getattr(self.env, name)


def _gymnasium() -> Any:
    try:
        import gymnasium
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the worlds of the book's chapter 17 are gymnasium's, and it is not installed: "
            "pip install gymnasium",
            name=error.name,
        ) from error
    return gymnasium
