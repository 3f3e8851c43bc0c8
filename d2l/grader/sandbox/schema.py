"""What messages out of a sandbox look like, and what outputs: anything else is a `FrameError`."""

from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode, from_dict

from d2l.grader.sandbox.frames import FrameError
from d2l.notebook.outputs import JSON_KIND

LARGEST = 2**53
_OUTPUTS: dict[str, dict[str, type]] = {
    "stream": {"name": str, "text": str},
    "display_data": {"data": dict, "metadata": dict},
    "execute_result": {"data": dict, "metadata": dict, "execution_count": object},
    "error": {"ename": str, "evalue": str, "traceback": list},
}


def checked(message: object, fields: Mapping[str, type]) -> dict[str, Any]:
    """Return `message` if it is an object with exactly these fields of these types.

    A float may be written as an int; numbers are finite, not negative and not beyond 2**53.
    """
    if not isinstance(message, dict) or message.keys() != fields.keys():
        raise FrameError(f"a message has other fields than {', '.join(fields)}")
    for name, kind in fields.items():
        if not _is_a(message[name], kind):
            raise FrameError(f"the field {name} of a message is no {kind.__name__}")
    return message


def checked_count(value: object) -> int | None:
    """Return an execution count, which a cell may lack."""
    if value is not None and not _is_a(value, int):
        raise FrameError("an execution count is neither a number nor null")
    return value  # type: ignore[return-value]


def checked_outputs(outputs: list[Any]) -> list[NotebookNode]:
    """Return the outputs of a cell as nbformat has them."""
    return [_checked_output(output) for output in outputs]


def _checked_output(output: object) -> NotebookNode:
    kind = output.get("output_type") if isinstance(output, dict) else None
    if not isinstance(kind, str) or kind not in _OUTPUTS:
        raise FrameError("a cell's output is of no known type")
    fields = checked(output, {"output_type": str, **_OUTPUTS[kind]})
    if kind == "stream" and fields["name"] not in ("stdout", "stderr"):
        raise FrameError("a stream is neither stdout nor stderr")
    if kind == "execute_result":
        checked_count(fields["execution_count"])
    if kind == "error" and not all(isinstance(line, str) for line in fields["traceback"]):
        raise FrameError("a traceback is no list of lines")
    if "data" in fields and not all(_is_form(*form) for form in fields["data"].items()):
        raise FrameError("a display is neither text nor JSON of a type that says so")
    return from_dict(fields)


def _is_form(kind: str, value: object) -> bool:
    return isinstance(value, str) or JSON_KIND.fullmatch(kind) is not None


def _is_a(value: object, kind: type) -> bool:
    if kind in (int, float):
        allowed = (int,) if kind is int else (int, float)
        is_number = isinstance(value, allowed) and not isinstance(value, bool)
        return is_number and 0 <= value <= LARGEST  # type: ignore[operator]
    return isinstance(value, kind)
