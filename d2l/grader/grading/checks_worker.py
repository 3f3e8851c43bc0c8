"""The process that holds the instructor's checks: loads their file, calls them, answers.

Talks to `hidden_checks` alone, over its standard streams, and is ended from there if it hangs. A
message is plain data as JSON and arrays as npz, without a pickle; both ends are ours.
"""

import importlib.util
import inspect
import io
import json
import math
import os
import random
import sys
import traceback
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import IO, Any

import numpy as np

_LONGEST = 1_000  # characters of a message
_LENGTH = 8  # bytes that say how long a message is


def write_message(file: IO[bytes], plain: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a message to `file`, and flush it."""
    head = np.frombuffer(json.dumps({"plain": plain, "arrays": list(arrays)}).encode(), np.uint8)
    saved = io.BytesIO()
    np.savez(saved, head, *arrays.values())
    file.write(len(saved.getvalue()).to_bytes(_LENGTH, "big") + saved.getvalue())
    file.flush()


def read_message(file: IO[bytes]) -> tuple[Any, dict[str, np.ndarray]]:
    """Return the next message's plain data and arrays; raise `EOFError` where there is none."""
    length = int.from_bytes(file.read(_LENGTH), "big")
    saved = file.read(length)
    if not length or len(saved) < length:
        raise EOFError
    with np.load(io.BytesIO(saved), allow_pickle=False) as parts:
        head = json.loads(parts["arr_0"].tobytes())
        arrays = {name: parts[f"arr_{i}"] for i, name in enumerate(head["arrays"], start=1)}
    return head["plain"], arrays


def main() -> None:
    """Do the one task that comes in, and end."""
    answers = _keep_stdout()
    task, arrays = read_message(sys.stdin.buffer)
    try:
        checks = _load(task["file"])
    except BaseException as error:  # an instructor's file may even call sys.exit
        write_message(answers, {"problem": f"cannot be loaded: {_error_text(error)}"}, {})
        return
    write_message(answers, {"problem": ""}, {})
    if task["task"] == "examine":
        _examine(checks, task["seed"], task["seed_offsets"], answers)
    else:
        _judge(checks, task, arrays, answers)


def _keep_stdout() -> IO[bytes]:
    """Keep the pipe for answers; what a check prints goes where errors go."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return pipe


def _load(file: str) -> ModuleType:
    # Its folder is not on the path: a student's numpy.py in it must never be imported.
    spec = importlib.util.spec_from_file_location("checks", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["checks"] = module
    spec.loader.exec_module(module)
    return module


def _examine(checks: ModuleType, seed: int, seed_offsets: list[int], answers: IO[bytes]) -> None:
    """Answer with the parameters of all functions, then with the hidden inputs of each offset."""
    functions = {
        name: _parameters(function)
        for name, function in vars(checks).items()
        if inspect.isfunction(function) and not name.startswith("_")
    }
    functions.pop("inputs", None)
    write_message(answers, functions, {})
    for seed_offset in seed_offsets:
        try:
            write_message(answers, {"problem": ""}, _inputs(checks, seed, seed_offset))
        except Exception as error:
            write_message(answers, {"problem": _error_text(error)}, {})


def _parameters(function: Callable[..., object]) -> dict[str, bool]:
    """Whether each parameter must be filled; `**` stands for any other."""
    kinds = inspect.Parameter
    return {
        "**" if parameter.kind is kinds.VAR_KEYWORD else name: parameter.default is kinds.empty
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is not kinds.VAR_POSITIONAL
    }


def _inputs(checks: ModuleType, seed: int, seed_offset: int) -> dict[str, np.ndarray]:
    if not hasattr(checks, "inputs"):
        return {}
    drawn = checks.inputs(np.random.default_rng([seed, seed_offset]))
    if not isinstance(drawn, dict):
        raise TypeError(f"inputs(rng) returned {type(drawn).__name__}: a dict of arrays")
    for name, array in drawn.items():
        if not (isinstance(name, str) and name.isidentifier()):
            raise ValueError(f"inputs(rng) has the name {name!r}: a name of a variable")
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biufc":
            raise TypeError(f"inputs(rng)[{name!r}] is no numpy array of numbers")
    return drawn


def _judge(
    checks: ModuleType, task: dict[str, Any], arrays: Mapping[str, np.ndarray], answers: IO[bytes]
) -> None:
    """Answer each call with its score and message."""
    for call in task["calls"]:
        values = {name: arrays[key] for name, key in call["arrays"].items()} | call["plain"]
        function = getattr(checks, call["function"])
        takes = _parameters(function)
        chosen = {name: v for name, v in values.items() if name in takes or "**" in takes}
        write_message(answers, _called(function, chosen), {})


def _called(function: Callable[..., object], values: Mapping[str, object]) -> dict[str, Any]:
    # A check that draws random numbers itself gives the same result each time.
    random.seed(0)
    np.random.seed(0)
    try:
        returned = function(**values)
    except AssertionError as error:
        return _said(0, str(error))
    except Exception as error:
        # The reference's values pass it, so these are what it cannot work with.
        kinds = ", ".join(f"{name}: {_kind(value)}" for name, value in values.items())
        problem = f"the check cannot work with what came back ({kinds})"
        return _said(0, f"{problem}: {_error_text(error)}")
    except BaseException as error:
        return _said(0, f"it raised {_error_text(error)}", broken=True)
    score = _score(returned)
    if score is None:
        problem = f"it returned {returned!r:.80}: None, True, False or a number from 0 to 1"
        return _said(0, problem, broken=True)
    return _said(score)


def _score(returned: object) -> float | None:
    if returned is None:
        return 1.0
    if isinstance(returned, (bool, int, float, np.bool_, np.number)) and np.isrealobj(returned):
        score = float(returned)
        return score if math.isfinite(score) and 0 <= score <= 1 else None
    return None


def _said(score: float, message: str = "", broken: bool = False) -> dict[str, Any]:
    return {"score": score, "message": message[:_LONGEST], "broken": broken}


def _kind(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} array of shape {value.shape}"
    return type(value).__name__


def _error_text(error: BaseException) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__)
             if frame.filename == getattr(sys.modules.get("checks"), "__file__", None)]  # fmt: skip
    where = f", line {lines[-1]}" if lines else ""
    return f"{type(error).__name__}: {error}{where}"[:_LONGEST]
