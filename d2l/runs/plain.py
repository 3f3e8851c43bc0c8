"""Plain types: what a checkpoint may hold, so that reading one can run nobody's code."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np
import torch

from d2l.errors import CheckpointError

SCALARS = (bool, int, float, str, type(None))


def plain(value: Any, where: str) -> Any:
    """`value` in numbers, texts, tensors, lists, tuples and dicts alone; no copies of tensors.

    Raises `CheckpointError` that names the place (`where`) of anything else.
    """
    if type(value) in SCALARS:
        return value
    if isinstance(value, torch.Tensor):
        is_piece = hasattr(value, "full_tensor")  # of a sharded tensor: it is put together later
        return value.detach() if is_piece else value.detach().as_subclass(torch.Tensor)
    if isinstance(value, Mapping):
        return {_key(k, where): plain(v, f"{where}[{k!r}]") for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (str, PurePath, torch.dtype, torch.device)):
        return str(value)
    raise CheckpointError(
        f"{where} is a {type(value).__name__}, which a checkpoint cannot hold: numbers, texts, "
        "tensors, lists, tuples and dicts alone. Give its owner state_dict() and "
        "load_state_dict() that speak in these"
    )


def _key(key: Any, where: str) -> Any:
    """A key that finds its value again in another program, which a tensor does not."""
    if isinstance(key, torch.Tensor):
        raise CheckpointError(
            f"{where} has tensors as keys, which a checkpoint cannot hold: use their names, or "
            "their numbers in a list"
        )
    return plain(key, where)


def is_plain(value: Any) -> bool:
    """Whether a checkpoint may hold this value."""
    try:
        plain(value, "")
    except CheckpointError:
        return False
    return True


def described(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are plain as they are, and of the others what they print."""
    return {
        str(name): plain(value, str(name)) if is_plain(value) else repr(value)[:200]
        for name, value in values.items()
    }
