"""The metadata of a run: what is recorded of model, data, environment, as plain JSON."""

import json
import math
import platform
import re
import reprlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import torch

from d2l import __version__
from d2l.errors import CheckpointError, DataError
from d2l.files.atomic_write import atomic_write

SCALARS = (bool, int, float, str, type(None))


def to_serializable(value: Any, where: str) -> Any:
    """`value` as numbers, strings, tensors, lists, tuples and dicts; tensors are not copied.

    Raises `CheckpointError` for anything else; `where` is its place in the state.
    """
    if type(value) in SCALARS:
        return value
    if isinstance(value, torch.Tensor):
        is_dtensor = hasattr(value, "full_tensor")  # assembled or written in shards later
        return value.detach() if is_dtensor else value.detach().as_subclass(torch.Tensor)
    if isinstance(value, Mapping):
        if any(isinstance(key, torch.Tensor) for key in value):  # would not be found after loading
            raise CheckpointError(
                f"{where} has tensors as keys, which a checkpoint cannot hold. Use the names of "
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
        f"{where} is a {type(value).__name__}, which a checkpoint cannot hold: only numbers, "
        "strings, tensors, lists, tuples and dicts. Implement state_dict()/load_state_dict() on "
        "its owner using only these types"
    )


def is_serializable(value: Any) -> bool:
    """Whether a checkpoint may contain this value."""
    try:
        to_serializable(value, "")
    except CheckpointError:
        return False
    return True


def describe_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with those that are not serializable replaced by their `repr`."""
    return {
        str(k): to_serializable(v, str(k)) if is_serializable(v) else repr(v)[:200]
        for k, v in values.items()
    }


HPARAMS, RESULT = "hparams.json", "result.json"
SEPARATE_FIELDS = ("model", "device")  # given with the hyperparameters, but not among them

_MAX_ITEMS, _MAX_DEPTH = 100, 5
_short = reprlib.Repr()
_short.maxother = _short.maxstring = _short.maxlong = 500


def write_hparams(folder: Path, hparams: Mapping[str, Any], resumed: bool) -> None:
    """Write `hparams.json`; a resumed run keeps its first start time and adds one to `resumed`."""
    import torch

    try:
        earlier = read_json(folder / HPARAMS) if resumed else {}
    except OSError:  # missing or corrupt: only its history is lost
        earlier = {}
    content = {
        **{name: str(hparams.get(name, "")) for name in SEPARATE_FIELDS},
        "begun": earlier.get("begun", now()),
        "resumed": [*earlier.get("resumed", []), now()] if resumed else [],
        "versions": {
            "d2l": __version__,
            "torch": str(torch.__version__),
            "python": platform.python_version(),
        },
        "hparams": {str(k): as_json(v) for k, v in hparams.items() if k not in SEPARATE_FIELDS},
    }
    write_json(folder / HPARAMS, content)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file atomically."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    data = text.encode("utf-8", "backslashreplace")  # a lone surrogate becomes its JSON escape
    atomic_write(path, lambda file: file.write(data + b"\n"))


def read_json(path: Path) -> dict[str, Any]:
    """The content of a JSON file; raises `DataError` if it is not an object."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} contains a {type(content).__name__}, not names and values")
    return content


def as_json(value: Any, depth: int = 0) -> Any:
    """The value in JSON types; long or deep containers and other types as their short `repr`."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if (
        depth < _MAX_DEPTH
        and isinstance(value, (list, tuple, Mapping))
        and len(value) <= _MAX_ITEMS
    ):
        if isinstance(value, Mapping):
            return {str(key): as_json(item, depth + 1) for key, item in value.items()}
        return [as_json(item, depth + 1) for item in value]
    return re.sub(r" at 0x[0-9a-fA-F]+", "", _short.repr(value))  # addresses differ in every run


def now() -> str:
    """The time in UTC: `2025-01-31T12:00:00.000Z`."""
    return f"{datetime.now(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
