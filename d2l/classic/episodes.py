"""What a policy earns in an environment, averaged over episodes."""

import inspect
from collections.abc import Callable
from typing import Any

from d2l.errors import ConfigurationError


def evaluate(
    env: Any,
    policy: Any,
    num_episodes: int,
    gamma: float = 1.0,
    rng: Any = None,
) -> float:
    """The mean over episodes of the sum of rewards, each discounted by `gamma` a step.

    `env` is an environment of gymnasium or of `make_env`. `policy(state)` is the action, or
    `policy(state, rng)` if it needs both arguments; a policy may also be the actions by number of
    the state, such as an array. `rng`, a generator of NumPy's, seeds each episode.

    >>> class Corridor:  # three steps to the right, and a reward of 8 at the end
    ...     def reset(self, seed=None):
    ...         self.state = 0
    ...         return self.state, {}
    ...     def step(self, action):
    ...         self.state += action
    ...         return self.state, 8.0 * (self.state == 3), self.state == 3, False, {}
    >>> d2l.evaluate(Corridor(), lambda state: 1, num_episodes=2, gamma=0.5)
    2.0

    Book: 17 Reinforcement learning (2026)
    """
    if num_episodes < 1:
        raise ConfigurationError(f"num_episodes must be at least 1; found {num_episodes}")
    act = _as_function(policy, rng)
    total = 0.0
    for _ in range(num_episodes):
        total += _return_of_episode(env, act, gamma, rng)
    return total / num_episodes


def _return_of_episode(env: Any, act: Callable[[Any], Any], gamma: float, rng: Any) -> float:
    begin = env.reset() if rng is None else env.reset(seed=int(rng.integers(2**31)))
    is_pair = isinstance(begin, tuple) and len(begin) == 2 and isinstance(begin[1], dict)
    state = begin[0] if is_pair else begin  # gymnasium's come with a dictionary
    earned, discount, is_over = 0.0, 1.0, False
    while not is_over:
        state, reward, *ends, _ = env.step(act(state))
        earned += discount * float(reward)
        discount *= gamma
        is_over = any(ends)
    return earned


def _as_function(policy: Any, rng: Any) -> Callable[[Any], Any]:
    if not callable(policy):
        return lambda state: _plain(policy[state])
    try:
        inspect.signature(policy).bind(None)
    except TypeError:
        return lambda state: _plain(policy(state, rng))
    except ValueError:  # a function of C does not say
        pass
    return lambda state: _plain(policy(state))


def _plain(action: Any) -> Any:
    """A tensor or an array of one number as that number, which environments expect."""
    return action.item() if getattr(action, "ndim", None) == 0 else action
