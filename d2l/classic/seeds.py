"""The same training from several seeds, for curves with a spread."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from d2l.base.seed import generator_states, seed_all, set_generator_states
from d2l.errors import ConfigurationError, ShapeError
from d2l.plot.figure import to_array


def run_seeds(train: Callable[..., Any], num_seeds: int, **kwargs: Any) -> Any:
    """Call `train` once for each seed 0, 1, …, and stack what it returns: (num_seeds, …).

    Before each call Python's, NumPy's and PyTorch's generators are seeded. `train` is called as
    `train(seed=seed, **kwargs)`; without the seed if it has no such argument, or with it as the
    first argument if it needs one that `kwargs` does not have. What it returns, a number, a list,
    an array or a tensor, must have the same shape for all seeds. Afterwards the generators are
    where they were.

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
    """How `train` takes the seed: by name, as its first argument, or not at all."""
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
