"""Fetches values out of a kernel, one by one, and passes them on within what may be said."""

import base64
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from d2l.grader.sandbox.guest.framing import VALUE_TYPE
from d2l.grader.sandbox.guest.message_writer import RESERVED, MessageWriter
from d2l.notebook.kernel import Kernel, KernelDiedError, KernelTimeoutError
from d2l.notebook.outputs import MAX_DEPTH, MAX_MESSAGE, clean, clean_data, is_deeper

START = "d2l.grader.sandbox.guest.kernel_hooks"
FETCH_SECONDS = 60  # for one value


class Values:
    """The values wanted of a kernel; it is handed the hidden inputs when the first is fetched."""

    def __init__(
        self, kernel: Kernel, fetches: Sequence[tuple[str, list[str]]], inputs: Mapping[str, bytes]
    ) -> None:
        self._kernel = kernel
        self._fetches = fetches
        self._inputs = inputs

    async def fetch_all(self, speaker: MessageWriter, limit: int) -> None:
        """Say each value, or why it is none; all of them together have at most `limit` bytes."""
        left = limit - RESERVED
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            paths = self._write_inputs(Path(folder)) if self._fetches else {}
            for name, expressions in self._fetches:
                found = await self._fetch(expressions, paths, left)
                left -= _say(speaker, name, found, left)

    def _write_inputs(self, folder: Path) -> dict[str, str]:
        paths = {}
        for number, (name, npy) in enumerate(self._inputs.items()):
            path = folder / f"{number}.npy"
            path.write_bytes(npy)
            paths[name] = str(path)
        return paths

    async def _fetch(
        self, expressions: list[str], paths: dict[str, str], limit: int
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def keep(kind: str, content: Mapping[str, Any]) -> None:
            data = content.get("data") if kind == "display_data" else None
            value = data.get(VALUE_TYPE) if isinstance(data, dict) else None
            if isinstance(value, dict):
                found.update(value)

        arguments = (expressions, paths, limit)
        code = f"__import__('sys').modules[{START!r}].fetch(*{arguments!r})"
        try:
            reply = await self._kernel.execute(code, keep, FETCH_SECONDS, silent=True)
        except (KernelDiedError, KernelTimeoutError) as error:
            return {"problem": str(error)}
        if not found:
            return {"problem": f"not fetched: {reply.get('ename')}: {reply.get('evalue')}"}
        return found


def _say(speaker: MessageWriter, name: str, found: dict[str, Any], limit: int) -> int:
    """Say what was found in the form that it has, and return how many bytes it took."""
    size = len(str(found.get("npy") or found.get("plain") or ""))  # of the text, never too small
    if size > limit:
        found = {"problem": f"it is larger than the {limit:,} bytes that are left"}
    try:
        if "npy" in found:
            speaker.say_array(name, base64.b64decode(found["npy"], validate=True))
            return size
        if "plain" in found:
            speaker.say_value(name, _parsed(found["plain"]))
            return size
    except (TypeError, ValueError, RecursionError):
        found = {"problem": "what arrived is no value"}
    problem = clean(str(found.get("problem")))[:MAX_MESSAGE]
    speaker.say_problem(name, problem)
    return len(problem)


def _parsed(text: str) -> Any:
    value = clean_data(json.loads(text))
    if is_deeper(value, MAX_DEPTH - 2):
        raise ValueError("a value with too many lists or objects within each other")
    return value
