"""`hparams.json` and `result.json`: how a run was configured, and how it ended.

hparams.json   model, device, begun, resumed, versions, hparams
result.json    status, seconds, finished; missing while the run continues or if it was killed
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
from d2l.files.atomic_write import atomic_write

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
    """Return the content of a JSON file; raise `DataError` if it is not an object."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} must contain a JSON object; found a {type(content).__name__}")
    return content


def as_json(value: Any, depth: int = 0) -> Any:
    """Return the value in JSON types; long or deep containers and other types as short `repr`."""
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
    """Return the current time in UTC: `2025-01-31T12:00:00.000Z`."""
    return f"{datetime.now(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
