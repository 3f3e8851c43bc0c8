"""Convert values of a run to serializable types, and describe those that are not."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np
import torch

from d2l.errors import CheckpointError

SCALARS = (bool, int, float, str, type(None))


def to_serializable(value: Any, where: str) -> Any:
    """Convert `value` to numbers, strings, tensors, lists, tuples and dicts, without copies.

    Raises `CheckpointError` for other types; `where` is the path of the value in the state.
    """
    if type(value) in SCALARS:
        return value
    if isinstance(value, torch.Tensor):
        is_dtensor = hasattr(value, "full_tensor")  # assembled or written in shards later
        return value.detach() if is_dtensor else value.detach().as_subclass(torch.Tensor)
    if isinstance(value, Mapping):
        if any(isinstance(key, torch.Tensor) for key in value):  # would not be found after loading
            raise CheckpointError(
                f"{where} has tensors as keys, which a checkpoint cannot contain. Use names of "
                "the tensors as keys, or their positions in a list"
            )
        return {
            to_serializable(k, where): to_serializable(v, f"{where}[{k!r}]")
            for k, v in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [to_serializable(item, f"{where}[{i}]") for i, item in enumerate(value)]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (str, PurePath, torch.dtype, torch.device)):
        return str(value)
    raise CheckpointError(
        f"{where} is a {type(value).__name__}, which a checkpoint cannot contain; allowed are "
        "numbers, strings, tensors, lists, tuples and dicts. Implement "
        "state_dict()/load_state_dict() on its owner using only these types"
    )


def is_serializable(value: Any) -> bool:
    """Whether a checkpoint may contain this value."""
    try:
        to_serializable(value, "")
    except CheckpointError:
        return False
    return True


def describe_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values, with those that are not serializable replaced by their `repr`."""
    return {
        str(k): to_serializable(v, str(k)) if is_serializable(v) else repr(v)[:200]
        for k, v in values.items()
    }
