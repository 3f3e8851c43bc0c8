"""`hparams.json` and `result.json`: how a run was made, and how it ended, in plain JSON.

hparams.json   model, device, begun, resumed, versions, hparams
result.json    status, seconds, finished; not there while the run goes on, or if it was killed
"""

import json
import math
import platform
import re
import reprlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from d2l import __version__
from d2l.errors import DataError
from d2l.runs.files import write_whole

HPARAMS, RESULT = "hparams.json", "result.json"
OWN_PLACES = ("model", "device")  # not hyperparameters, though they come with them

_LONGEST, _DEEPEST = 100, 5
_short = reprlib.Repr()
_short.maxother = _short.maxstring = _short.maxlong = 500


def write_hparams(folder: Path, hparams: Mapping[str, Any], resumed: bool) -> None:
    """Write `hparams.json`; a resumed run keeps when it first began, and notes when it went on."""
    earlier = _earlier(folder) if resumed else {}
    again = [*earlier.get("resumed", []), now()] if resumed else []
    write_json(
        folder / HPARAMS,
        {
            **{name: str(hparams.get(name, "")) for name in OWN_PLACES},
            "begun": earlier.get("begun", now()),
            "resumed": again,
            "versions": versions(),
            "hparams": {str(k): as_json(v) for k, v in hparams.items() if k not in OWN_PLACES},
        },
    )


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file of JSON, whole or not at all."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    data = text.encode("utf-8", "backslashreplace")  # half a letter becomes its JSON escape
    write_whole(path, lambda file: file.write(data + b"\n"))


def read_json(path: Path) -> dict[str, Any]:
    """The content of a file of JSON; raises `DataError` if it is none."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} holds a {type(content).__name__}, not names and values")
    return content


def as_json(value: Any, depth: int = 0) -> Any:
    """The value in plain types; what is long, deep or anything else by what it prints."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    is_short = isinstance(value, (list, tuple, Mapping)) and len(value) <= _LONGEST
    if is_short and depth < _DEEPEST:
        if isinstance(value, Mapping):
            return {str(key): as_json(item, depth + 1) for key, item in value.items()}
        return [as_json(item, depth + 1) for item in value]
    return re.sub(r" at 0x[0-9a-fA-F]+", "", _short.repr(value))  # else no two runs look alike


def versions() -> dict[str, str]:
    """What the run runs on."""
    import torch

    return {
        "d2l": __version__,
        "torch": str(torch.__version__),
        "python": platform.python_version(),
    }


def now() -> str:
    """The time in UTC: `2025-01-31T12:00:00.000Z`."""
    return f"{datetime.now(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _earlier(folder: Path) -> dict[str, Any]:
    try:
        return read_json(folder / HPARAMS)
    except OSError:  # not there, or damaged: the run goes on without what it said
        return {}
