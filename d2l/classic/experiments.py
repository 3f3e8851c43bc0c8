"""Several seeds, the return of a policy, and checkpoints of a hand-written loop."""

import copy
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from d2l.base.seed import generator_states, seed_all, set_generator_states
from d2l.core.training.state_dicts import (
    check_states,
    check_weights,
    collect_states,
    load_states,
    load_weights,
    weights_of,
)
from d2l.core.unregistered import trainable_tensors
from d2l.errors import CheckpointError, ConfigurationError, ShapeError
from d2l.models.inference import device_of
from d2l.plot.figure import to_array
from d2l.runs.checkpoint_dir import read_checkpoint, write_checkpoint


def run_seeds(train: Callable[..., Any], num_seeds: int, **kwargs: Any) -> Any:
    """Call `train` once for each seed 0, 1, …, and stack the results: (num_seeds, …).

    Python's, NumPy's and PyTorch's generators are seeded before each call and restored at the end.
    `train` is called as `train(seed=seed, **kwargs)`. If it has no such argument, the seed is
    passed as the first argument if one is missing in `kwargs`, otherwise not at all. The result, a
    number, a list, an array or a tensor, must have the same shape for all seeds.

    >>> def train(seed, num_steps):
    ...     return [seed + step for step in range(num_steps)]
    >>> d2l.run_seeds(train, 2, num_steps=3)
    array([[0, 1, 2],
           [1, 2, 3]])

    Book: 17 Reinforcement learning (2026)
    """
    if num_seeds < 1:
        raise ConfigurationError(f"num_seeds must be at least 1; found {num_seeds}")
    before = generator_states()
    try:
        results = []
        for seed in range(num_seeds):
            seed_all(seed)
            args, options = _with_seed(train, seed, kwargs)
            results.append(np.asarray(to_array(train(*args, **options))))
    finally:
        set_generator_states(before)
    shapes = {result.shape for result in results}
    if len(shapes) > 1 or results[0].dtype == object:
        raise ShapeError(
            f"train must return numbers of the same shape for all {num_seeds} seeds; found "
            f"{', '.join(map(str, sorted(shapes)))} of {results[0].dtype}"
        )
    return np.stack(results)


def _with_seed(
    train: Callable[..., Any], seed: int, kwargs: dict[str, Any]
) -> tuple[tuple[int, ...], dict[str, Any]]:
    """Return the arguments with the seed by name, as the first argument, or not at all."""
    parameters = inspect.signature(train).parameters
    kinds = {parameter.kind for parameter in parameters.values()}
    if "seed" in parameters or inspect.Parameter.VAR_KEYWORD in kinds:
        return (), {"seed": seed, **kwargs}
    missing = [
        name
        for name, parameter in parameters.items()
        if name not in kwargs
        and parameter.default is inspect.Parameter.empty
        and parameter.kind is not inspect.Parameter.VAR_POSITIONAL
    ]
    return ((seed,) if missing else ()), kwargs


def evaluate(
    env: Any,
    policy: Any,
    num_episodes: int,
    gamma: float = 1.0,
    rng: Any = None,
) -> float:
    """Return the mean discounted return over episodes; `gamma` is the discount per step.

    `env` is an environment of gymnasium or of `make_env`. `policy(state)` returns the action, or
    `policy(state, rng)` if both arguments are required; a policy may also be an array of actions
    indexed by state. `rng`, a NumPy generator, seeds each episode.

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
    state = begin[0] if is_pair else begin  # gymnasium also returns a dictionary
    total, discount, is_over = 0.0, 1.0, False
    while not is_over:
        state, reward, *ends, _ = env.step(act(state))
        total += discount * float(reward)
        discount *= gamma
        is_over = any(ends)
    return total


def _as_function(policy: Any, rng: Any) -> Callable[[Any], Any]:
    if not callable(policy):
        return lambda state: _plain(policy[state])
    try:
        inspect.signature(policy).bind(None)
    except TypeError:
        return lambda state: _plain(policy(state, rng))
    except ValueError:  # C functions have no signature
        pass
    return lambda state: _plain(policy(state))


def _plain(action: Any) -> Any:
    """Convert a zero-dimensional tensor or array to a number, which environments expect."""
    return action.item() if getattr(action, "ndim", None) == 0 else action


def save_checkpoint(
    path: str | Path, model: nn.Module, optimizer: Any, step: int, cfg: Any = None
) -> None:
    """Atomically write weights, optimizer, random generators and `step` to one file.

    `optimizer` may be a list. `cfg` is stored as well: plain values, such as the arguments of the
    model's constructor. Read it with `torch.load(path, weights_only=True)["cfg"]`.

    >>> model = nn.Linear(2, 1)
    >>> optimizer = torch.optim.Adam(model.parameters())
    >>> d2l.save_checkpoint("run.pt", model, optimizer, step=100, cfg={"num_inputs": 2})
    >>> torch.load("run.pt", weights_only=True)["cfg"]
    {'num_inputs': 2}

    Book: 6.6 File I/O (2026)
    """
    state = {
        "step": step,
        "cfg": cfg,
        "model": weights_of(model),
        "optimizers": collect_states(optimizer, trainable_tensors(model)),
        "random": generator_states(),
    }
    write_checkpoint(Path(path), state)


def load_checkpoint(path: str | Path, model: nn.Module, optimizer: Any = None) -> int:
    """Load a checkpoint of `save_checkpoint` into a model, and return its step.

    With `optimizer`, its state and the random generators are restored too, so the loop resumes
    exactly. Raises `CheckpointError`, without changing anything, if the file is corrupt or belongs
    to another model or optimizer. No code in the file is executed.

    >>> model = nn.Linear(2, 1)
    >>> d2l.save_checkpoint("run.pt", model, torch.optim.Adam(model.parameters()), step=100)
    >>> other = nn.Linear(2, 1)
    >>> d2l.load_checkpoint("run.pt", other), bool((other.weight == model.weight).all())
    (100, True)

    Book: 6.6 File I/O (2026)
    """
    source = str(path)
    state = read_checkpoint(Path(path))
    if not {"step", "model", "optimizers", "random"} <= state.keys():
        raise CheckpointError(
            f"{source} was written by a Trainer, not by save_checkpoint. Resume it with "
            f"trainer.fit(model, data, resume={source!r})"
        )
    check_weights(model, state["model"], source)
    if optimizer is not None:
        check_states(optimizer, state["optimizers"], source)
    before = copy.deepcopy(weights_of(model))
    try:
        load_weights(model, state["model"])
        if optimizer is not None:
            load_states(optimizer, state["optimizers"], device_of(model))
            set_generator_states(state["random"])
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        load_weights(model, before)
        raise CheckpointError(f"{source} does not fit this model ({error})") from error
    return state["step"]
