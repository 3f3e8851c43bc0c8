"""The forms in which one value of a call can be given, generated from its type."""

import collections
import fractions
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

Form = tuple[str, Callable[[Any], Any]]


def forms(value: Any) -> Iterator[Form]:
    """Titles, and functions that give the value in another form."""
    if isinstance(value, torch.Tensor):
        yield from _TENSORS
    elif isinstance(value, np.ndarray):
        yield from _ARRAYS
    elif isinstance(value, bool):
        yield from (("int", int), ("other", lambda v: not v), ("numpy", np.bool_))
    elif isinstance(value, int):
        yield from _INTEGERS
    elif isinstance(value, float):
        yield from _FLOATS
    elif isinstance(value, str):
        yield from _STRINGS
    elif isinstance(value, dict):
        yield from _DICTS
    elif isinstance(value, list | tuple):
        yield from _sequences(value)
    elif isinstance(value, nn.Module):
        yield from _MODULES
    elif callable(value):
        yield from _FUNCTIONS


def joint_forms() -> Iterator[Form]:
    """Forms that all tensors of a call take at once; others stay as they are."""
    wanted = (
        "list", "numpy", "float64", "unbatched", "leading axis", "batch of 1", "empty batch",
        "requires_grad", "strided", "float16",
    )  # fmt: skip
    for title, change in _TENSORS:
        if title in wanted:
            yield title, _for_tensors(change)


def _for_tensors(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def changed(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return change(value)
        if isinstance(value, tuple | list) and any(isinstance(v, torch.Tensor) for v in value):
            return type(value)(changed(v) for v in value)
        return value

    return changed


def _strided(tensor: torch.Tensor) -> torch.Tensor:
    """The same numbers, every other one of a larger tensor."""
    wide = torch.zeros(*tensor.shape, 2, dtype=tensor.dtype)
    wide[..., 0] = tensor.detach()
    return wide[..., 0]


def _with_gradient(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().clone().requires_grad_(tensor.is_floating_point())


class OwnTensor(torch.Tensor):
    """A subclass that adds nothing."""


class OwnList(list):
    """A subclass that adds nothing."""


class OwnString(str):
    """A subclass that adds nothing."""


_TENSORS: list[Form] = [
    ("list", lambda v: v.tolist()),
    ("numpy", lambda v: v.detach().numpy()),
    ("float64", lambda v: v.double()),
    ("float16", lambda v: v.half()),
    ("int64", lambda v: v.long()),
    ("scalar", lambda v: v.flatten()[0].item()),
    ("0-d", lambda v: v.flatten()[0]),
    ("one number", lambda v: v.flatten()[:1]),
    ("flat", lambda v: v.flatten()),
    ("unbatched", lambda v: v[0]),
    ("leading axis", lambda v: v[None]),
    ("batch of 1", lambda v: v[:1]),
    ("empty batch", lambda v: v[:0]),
    ("strided", _strided),
    ("requires_grad", _with_gradient),
    ("own tensor", lambda v: v.as_subclass(OwnTensor)),
    ("None", lambda v: None),
    ("nan", lambda v: v * float("nan")),
]
_ARRAYS: list[Form] = [
    ("list", lambda v: v.tolist()), ("tensor", torch.as_tensor),
    ("leading axis", lambda v: v[None]), ("first", lambda v: v[:1]),
    ("int", lambda v: v.astype(int)),
    ("float32", lambda v: v.astype(np.float32)), ("iterator", iter),
]  # fmt: skip
_INTEGERS: list[Form] = [
    ("float", float), ("numpy", np.int64), ("0-d", torch.tensor), ("0", lambda v: 0),
    ("1", lambda v: 1), ("negative", lambda v: -v), ("bool", bool), ("None", lambda v: None),
    ("string", str),
]  # fmt: skip
_FLOATS: list[Form] = [
    ("int", int), ("numpy", np.float64), ("float32", np.float32), ("0-d", torch.tensor),
    ("0", lambda v: 0), ("negative", lambda v: -v), ("None", lambda v: None),
    ("fraction", fractions.Fraction), ("nan", lambda v: float("nan")),
]  # fmt: skip
_STRINGS: list[Form] = [
    ("own string", OwnString), ("empty", lambda v: ""), ("characters", list), ("words", str.split),
    ("upper", str.upper), ("path", Path), ("numpy", np.str_), ("None", lambda v: None),
    ("tuple", tuple), ("bytes", str.encode),
]  # fmt: skip
_DICTS: list[Form] = [
    ("ordered", collections.OrderedDict), ("proxy", MappingProxyType), ("empty", lambda v: {}),
    ("default", lambda v: collections.defaultdict(int, v)), ("None", lambda v: None),
    ("items", lambda v: list(v.items())),
]  # fmt: skip
_FUNCTIONS: list[Form] = [
    ("partial", functools.partial), ("lambda", lambda v: lambda *a, **k: v(*a, **k)),
    ("None", lambda v: None),
]  # fmt: skip
_MODULES: list[Form] = [
    ("function", lambda v: lambda *a, **k: v(*a, **k)), ("sequential", lambda v: nn.Sequential(v)),
    ("eval", lambda v: v.eval()), ("double", lambda v: v.double()),
    ("frozen", lambda v: v.requires_grad_(False)), ("bound method", lambda v: v.forward),

]  # fmt: skip
_SEQUENCES: list[Form] = [
    ("tuple", tuple), ("list", list), ("generator", lambda v: (item for item in v)),
    ("iterator", iter), ("map", lambda v: (item for item in v)),
    ("dict values", lambda v: dict(enumerate(v)).values()), ("deque", collections.deque),
    ("own list", OwnList), ("empty", lambda v: type(v)()), ("first", lambda v: v[:1]),
    ("nested", lambda v: [v]), ("twice", lambda v: v + v), ("None", lambda v: None),
    ("reversed", lambda v: v[::-1]), ("object array", lambda v: _object_array(v)),
]  # fmt: skip
_NUMBERS: list[Form] = [
    ("numpy", np.array), ("tensor", torch.tensor), ("series", pd.Series),
    ("float tensor", lambda v: torch.tensor(v, dtype=torch.float32)),
    ("numpy items", lambda v: list(np.array(v))), ("tensor items", lambda v: list(torch.tensor(v))),
]  # fmt: skip
_HASHABLES: list[Form] = [
    ("counter", collections.Counter), ("dict", lambda v: dict.fromkeys(v, 1)),
    ("dict keys", lambda v: dict.fromkeys(v).keys()), ("series", pd.Series), ("index", pd.Index),
]  # fmt: skip


def _sequences(value: Any) -> Iterator[Form]:
    yield from _SEQUENCES
    flat = list(value)
    while flat and isinstance(flat[0], list | tuple):
        flat = [item for line in flat if isinstance(line, list | tuple) for item in line]
        if flat and not isinstance(flat[0], list | tuple | torch.Tensor):
            yield "inner tuples", lambda v: type(v)(tuple(line) for line in v)
            yield "inner iterators", lambda v: type(v)(iter(line) for line in v)
            yield "inner arrays", lambda v: type(v)(np.array(line) for line in v)
    if flat and all(isinstance(item, int | float) for item in flat):
        yield from _NUMBERS
        if all(isinstance(item, int) for item in value):
            yield "range", lambda v: range(len(v))
    if value and all(isinstance(item, str) for item in value):
        yield from _HASHABLES
        yield "one string", lambda v: v[0]
        yield "numpy", np.array
    if value and all(isinstance(item, torch.Tensor) for item in value):
        yield "stacked", lambda v: torch.stack(list(v))
        yield "arrays", lambda v: [item.detach().numpy() for item in v]
        yield "lists", lambda v: [item.tolist() for item in v]


def _object_array(values: Any) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = list(values)
    return array
