"""In the kernel: evaluate expressions and publish their values as arrays or plain data.

Uses PyTorch only if the notebook has imported it. The published values are untrusted.
"""

import base64
import io
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from d2l.grader.sandbox.guest import VALUE_TYPE

MAX_PARTS = 10_000  # numbers and strings in a list or a dict
MAX_CHARACTERS = 100_000
MAX_BITS = 1024  # of an integer
MAX_DEPTH = 20
NUMBERS = "biuf"

Found = dict[str, Any]


class CannotFetchError(TypeError):
    """A value whose type or size cannot be fetched."""


def fetch(
    publish: Callable[..., None],
    names: Mapping[str, Any],
    expressions: list[str],
    inputs: Mapping[str, str],
    limit: int,
) -> None:
    """Publish the value of the first of `expressions` that can be evaluated, or the errors."""
    problems = []
    for expression in expressions:
        try:
            value = _evaluate(expression, {**names, **_given(inputs)})
            publish({VALUE_TYPE: _packed(value, limit)}, {})
            return
        except Exception as error:  # the notebook's objects may raise anything
            problems.append(f"{expression}: {type(error).__name__}: {error}"[:MAX_CHARACTERS])
    publish({VALUE_TYPE: {"problem": "; ".join(problems)}}, {})


def _given(inputs: Mapping[str, str]) -> dict[str, Any]:
    """Return the hidden inputs, as tensors if the notebook has imported PyTorch."""
    arrays = {name: np.load(path, allow_pickle=False) for name, path in inputs.items()}
    torch = sys.modules.get("torch")
    return arrays if torch is None else {n: torch.from_numpy(a) for n, a in arrays.items()}


def _evaluate(expression: str, names: dict[str, Any]) -> Any:
    torch = sys.modules.get("torch")
    if torch is None:
        return eval(expression, names)
    with (
        torch.enable_grad()
    ):  # expressions may compute gradients; the notebook may have disabled them
        return eval(expression, names)


def _packed(value: Any, limit: int) -> Found:
    array = _as_array(value)
    if array is None:
        # As JSON text, because Jupyter's messages cannot represent nan and infinity.
        return {"plain": json.dumps(_plain(value, [MAX_PARTS], MAX_DEPTH))}
    if array.nbytes > limit:
        raise CannotFetchError(
            f"an array of shape {array.shape} has {array.nbytes:,} bytes; the limit is {limit:,}"
        )
    written = io.BytesIO()
    np.lib.format.write_array(written, array, version=(1, 0), allow_pickle=False)
    return {"npy": base64.b64encode(written.getvalue()).decode("ascii")}


def _as_array(value: Any) -> np.ndarray | None:
    """Return a tensor or array as a little-endian array of numbers, None for other types."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        value = value.detach().cpu().resolve_conj().resolve_neg()
        if value.dtype == torch.bfloat16:
            value = value.float()
        value = value.numpy()
    if not isinstance(value, np.ndarray):
        return None
    if value.dtype.kind not in "biufc" or value.dtype.itemsize > 8 + 8 * (value.dtype.kind == "c"):
        raise CannotFetchError(f"expected an array of numbers, found dtype {value.dtype}")
    little = value.dtype.newbyteorder("<")
    return np.ascontiguousarray(np.asarray(value), dtype=little).reshape(value.shape)


def _plain(value: Any, left: list[int], depth: int) -> Any:
    """Return the value in JSON types; `left` is the number of parts that it may still have."""
    left[0] -= 1
    if left[0] < 0 or depth < 0:
        raise CannotFetchError(f"more than {MAX_PARTS:,} values, or nested over {MAX_DEPTH} levels")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float, str)):
        return _simple(value)
    if isinstance(value, dict):
        return {_key(key): _plain(part, left, depth - 1) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part, left, depth - 1) for part in value]
    numbers = value if isinstance(value, np.generic) else _as_array(value)
    if numbers is None or numbers.dtype.kind not in NUMBERS or numbers.size > left[0]:
        raise CannotFetchError(
            f"expected a tensor, an array, a number, a string, or a list or dict of these, "
            f"found {type(value).__name__}"
        )
    return _plain(numbers.tolist(), left, depth)


def _simple(value: int | float | str) -> int | float | str:
    if isinstance(value, str):
        if len(value) > MAX_CHARACTERS:
            raise CannotFetchError(f"a string of more than {MAX_CHARACTERS:,} characters")
        return str(value)
    if isinstance(value, float):
        return float(value)
    if value.bit_length() > MAX_BITS:
        raise CannotFetchError(f"an integer of more than {MAX_BITS:,} bits")
    return int(value)


def _key(key: Any) -> str:
    if not isinstance(key, (str, int, float, bool)):
        raise CannotFetchError(f"a dict with a key of type {type(key).__name__}")
    return str(_simple(key))
