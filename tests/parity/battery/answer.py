"""Outcomes as plain data: small enough to be stored, and compared within a tolerance.

A tensor of up to eight numbers is kept; of a larger one four numbers that any change moves.
"""

import collections
import re
import types
from typing import Any

import numpy as np
import torch
from torch import nn

SHOWN, DEPTH, MANY = 8, 7, 40
RELATIVE, ABSOLUTE = 1e-4, 1e-5  # of the largest number of a tensor; float32 sums differ by 1e-6
IGNORED_NAMES = {  # attributes: what was measured in seconds, and documented differences
    "cumulative_runtime", "current_runtime", "records", "times",
    "num_workers",  # `DataModule(num_workers=4)`
    "ls", "colors",  # mutable defaults
}  # fmt: skip
PLAIN_ERRORS = (
    "AssertionError", "AttributeError", "IndexError", "NotImplementedError", "OSError",
    "RuntimeError", "StopIteration", "TypeError", "ValueError", "ZeroDivisionError",
)  # fmt: skip

CAUGHT = ("AssertionError", "IndexError", "NotImplementedError", "RuntimeError", "ValueError")


def plain(value: Any, depth: int = 0) -> Any:
    """The value as JSON: numbers with their shapes and types, text, and nested lists of them."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float | complex | np.generic):
        return _number(value.item() if isinstance(value, np.generic) else value)
    if depth > DEPTH:
        return "..."
    if isinstance(value, torch.Tensor):
        return _tensor(value)
    if isinstance(value, np.ndarray):
        return _array(value, depth)
    if isinstance(value, nn.Module):
        state = {name: _tensor(t) for name, t in value.state_dict(keep_vars=True).items()}
        return {"module": type(value).__name__, "state": state}
    if hasattr(value, "dataset") and hasattr(value, "__iter__"):
        batches = [list(b) if isinstance(b, tuple) else b for b in _first(value, 2)]
        return {"loader": len(value), "batches": [plain(b, depth + 1) for b in batches]}
    return _container(value, depth)


def _container(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        items = [[plain(k, depth + 1), plain(v, depth + 1)] for k, v in _first(value.items(), MANY)]
        return {"dict": items}
    if isinstance(value, list | tuple | collections.deque):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [plain(v, depth + 1) for v in _first(value, MANY)], "len": len(value)}
    if isinstance(value, set | frozenset):
        return {"set": sorted(map(str, value))}
    if isinstance(value, types.GeneratorType | map | zip | filter):
        return {"iterator": [plain(v, depth + 1) for v in _first(value, 5)]}
    if isinstance(value, torch.device | torch.dtype | torch.Size | slice | range):
        return str(value)
    if isinstance(value, type | types.FunctionType | types.MethodType | types.ModuleType):
        return {"callable": True}
    return {"object": type(value).__name__}


def raised(error: BaseException) -> dict[str, Any]:
    """An exception as the built-in classes that a program can catch it by."""
    names = [kind.__name__ for kind in type(error).__mro__]
    kept = {"raised": [name for name in names if name in PLAIN_ERRORS]}
    return kept | {"deliberate": True} if "D2LError" in names else kept


def figure(fig: Any) -> Any:
    """What is drawn: the axes with their lines, pictures, bars, words."""
    return [_axes(ax) for ax in fig.axes]


def difference(found: Any, expected: Any, at: str = "") -> str | None:
    """Where an outcome parts from the stored one, or None. What 1.0.3 refuses may work here."""
    if isinstance(expected, dict) and "raised" in expected:
        return _error_difference(found, expected, at)
    if isinstance(found, dict) and "raised" in found:
        return f"{at}: raises {found['raised']} {found.get('words', '')}, where 1.0.3 answers"
    if isinstance(expected, dict) and "names" in expected:  # attributes: ours may have more
        wanted = expected["names"].keys() - IGNORED_NAMES
        expected = {"names": {name: expected["names"][name] for name in wanted}}
        found = {"names": {k: v for k, v in found["names"].items() if k in wanted}}
    if isinstance(expected, dict) and isinstance(found, dict) and expected.keys() == found.keys():
        pairs = [(f"{at}.{key}", found[key], expected[key]) for key in expected]
    elif _are_lists(found, expected) and len(found) == len(expected):
        pairs = [(f"{at}[{i}]", *pair) for i, pair in enumerate(zip(found, expected, strict=True))]
        if expected and all(isinstance(v, float | int) for v in [*found, *expected]):
            return None if _are_close(found, expected) else f"{at}: {found} where {expected}"
    elif isinstance(found, float) and isinstance(expected, float):
        return None if _are_close([found], [expected]) else f"{at}: {found} where {expected}"
    else:
        same = type(found) is type(expected) and found == expected
        return None if same else f"{at}: {_short(found)} where 1.0.3 has {_short(expected)}"
    return next((d for d in (difference(f, e, a) for a, f, e in pairs) if d), None)


def _error_difference(found: Any, expected: Any, at: str) -> str | None:
    """An error that we raise on purpose is caught by what catches that of 1.0.3."""
    if not (isinstance(found, dict) and "deliberate" in found):
        return None
    missing = [
        name for name in expected["raised"][:1] if name in CAUGHT and name not in found["raised"]
    ]
    return f"{at}: raises {found['raised']}, not {missing}" if missing else None


def _are_lists(*values: Any) -> bool:
    return all(isinstance(value, list) for value in values)


def _are_close(found: list[Any], expected: list[Any]) -> bool:
    a, b = np.asarray(found, float), np.asarray(expected, float)
    finite = np.abs(b[np.isfinite(b)])
    within = RELATIVE * finite.max(initial=0) * 0.1 + ABSOLUTE
    return bool(np.allclose(a, b, rtol=RELATIVE, atol=within, equal_nan=True))


def _short(value: Any) -> str:
    return repr(value)[:160]


def _first(values: Any, number: int) -> list[Any]:
    return [value for _, value in zip(range(number), values, strict=False)]


def _number(value: Any) -> Any:
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    return float(f"{value:.8g}") if isinstance(value, float) else value


def _tensor(tensor: torch.Tensor) -> dict[str, Any]:
    if isinstance(tensor, nn.parameter.UninitializedTensorMixin):
        return {"tensor": "uninitialized"}
    kept = {"tensor": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape)}
    kept["numbers"] = _numbers(tensor.detach())
    if tensor.requires_grad:
        kept["requires_grad"] = True
        if tensor.is_leaf and tensor.grad is not None:
            kept["grad"] = _numbers(tensor.grad)
    return kept


def _numbers(tensor: torch.Tensor) -> list[Any]:
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    if tensor.numel() <= SHOWN:
        return [_number(value) for value in tensor.flatten().tolist()]
    flat = tensor.flatten().to(torch.float64)
    weights = torch.cos(torch.arange(len(flat), dtype=torch.float64) * 0.7)
    found = [flat.abs().sum(), flat @ weights, flat @ weights.roll(1), flat.max()]
    return [_number(float(value)) for value in found]


def _array(array: np.ndarray, depth: int) -> Any:
    if array.dtype.kind in "biufc":
        kept = _tensor(torch.from_numpy(np.array(array)))
        return {"array": kept["tensor"], "shape": kept["shape"], "numbers": kept["numbers"]}
    return {"array": "object", "shape": list(array.shape),
            "items": [plain(v, depth + 1) for v in array.flatten()[:MANY]]}  # fmt: skip


def _axes(ax: Any) -> dict[str, Any]:
    lines = [plain([np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)])
             for line in ax.lines]  # fmt: skip
    legend = ax.get_legend()
    return {
        "lines": lines,
        "styles": [[line.get_linestyle(), line.get_color()] for line in ax.lines],
        "pictures": [plain(np.asarray(image.get_array(), float)) for image in ax.images],
        "bars": [plain([float(p.get_height()) for p in c.patches]) for c in ax.containers],
        "words": [ax.get_title(), ax.get_xlabel(), ax.get_ylabel(), ax.get_xscale()],
        "texts": [re.sub("0x[0-9a-f]+", "0x", text.get_text()) for text in ax.texts],
        "legend": [t.get_text() for t in legend.get_texts()] if legend else [],
        "limits": [round(float(x), 4) for x in (*ax.get_xlim(), *ax.get_ylim())],
        "patches": len(ax.patches),
    }
