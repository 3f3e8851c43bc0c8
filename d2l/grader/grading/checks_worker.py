"""The process that loads the instructor's checks, calls them, and returns their results.

It communicates with `hidden_checks` over its standard streams, and is killed from there if it
hangs. A message is plain data as JSON and arrays as npz, without pickle; no end of the connection
runs a student's code.
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
_LENGTH = 8  # bytes of the length that precedes a message


def write_message(file: IO[bytes], plain: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a message to `file`, and flush it."""
    head = np.frombuffer(json.dumps({"plain": plain, "arrays": list(arrays)}).encode(), np.uint8)
    saved = io.BytesIO()
    np.savez(saved, head, *arrays.values())
    file.write(len(saved.getvalue()).to_bytes(_LENGTH, "big") + saved.getvalue())
    file.flush()


def read_message(file: IO[bytes]) -> tuple[Any, dict[str, np.ndarray]]:
    """Return the next message's plain data and arrays; raise `EOFError` if there is none."""
    length = int.from_bytes(file.read(_LENGTH), "big")
    saved = file.read(length)
    if not length or len(saved) < length:
        raise EOFError
    with np.load(io.BytesIO(saved), allow_pickle=False) as parts:
        head = json.loads(parts["arr_0"].tobytes())
        arrays = {name: parts[f"arr_{i}"] for i, name in enumerate(head["arrays"], start=1)}
    return head["plain"], arrays


def main() -> None:
    """Read one task from standard input, answer it, and return."""
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
    """Reserve the pipe for answers, and redirect what checks print to standard error."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return pipe


def _load(file: str) -> ModuleType:
    # The file's folder is not on the path: a student's numpy.py in it must never be imported.
    spec = importlib.util.spec_from_file_location("checks", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["checks"] = module
    spec.loader.exec_module(module)
    return module


def _examine(checks: ModuleType, seed: int, seed_offsets: list[int], answers: IO[bytes]) -> None:
    """Send the parameters of all functions, then the hidden inputs of each seed offset."""
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
    """Return whether each parameter is required; `**` stands for any other name."""
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
        raise TypeError(f"inputs(rng) must return a dict of arrays, found {type(drawn).__name__}")
    for name, array in drawn.items():
        if not (isinstance(name, str) and name.isidentifier()):
            raise ValueError(f"inputs(rng) must use names of variables, found {name!r}")
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biufc":
            raise TypeError(f"inputs(rng)[{name!r}] is not a NumPy array of numbers")
    return drawn


def _judge(
    checks: ModuleType, task: dict[str, Any], arrays: Mapping[str, np.ndarray], answers: IO[bytes]
) -> None:
    """Send the score and message of each call."""
    for call in task["calls"]:
        values = {name: arrays[key] for name, key in call["arrays"].items()} | call["plain"]
        function = getattr(checks, call["function"])
        takes = _parameters(function)
        chosen = {name: v for name, v in values.items() if name in takes or "**" in takes}
        write_message(answers, _called(function, chosen), {})


def _called(function: Callable[..., object], values: Mapping[str, object]) -> dict[str, Any]:
    # Seeded so that a check that draws random numbers returns the same result each time.
    random.seed(0)
    np.random.seed(0)
    try:
        returned = function(**values)
    except AssertionError as error:
        return _score_message(0, str(error))
    except Exception as error:
        # The reference passed this check, so the cause is the submission's values.
        kinds = ", ".join(f"{name}: {_kind(value)}" for name, value in values.items())
        problem = f"the check raised on the fetched values ({kinds})"
        return _score_message(0, f"{problem}: {_error_text(error)}")
    except BaseException as error:
        return _score_message(0, f"the check raised {_error_text(error)}", broken=True)
    score = _score(returned)
    if score is None:
        problem = f"the check returned {returned!r:.80}, expected None, True, False or a number "
        problem += "from 0 to 1"
        return _score_message(0, problem, broken=True)
    return _score_message(score)


def _score(returned: object) -> float | None:
    if returned is None:
        return 1.0
    if isinstance(returned, (bool, int, float, np.bool_, np.number)) and np.isrealobj(returned):
        score = float(returned)
        return score if math.isfinite(score) and 0 <= score <= 1 else None
    return None


def _score_message(score: float, message: str = "", broken: bool = False) -> dict[str, Any]:
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
