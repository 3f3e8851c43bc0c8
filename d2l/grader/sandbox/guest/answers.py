"""The supervisor's answers: cells, outputs and fetched values in the sandbox's protocol."""

import ast
import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from d2l.grader.sandbox.protocol import (
    Answer,
    ArrayFound,
    CellDone,
    CellError,
    CellOutput,
    DisplayData,
    ExecuteResult,
    Stream,
    ValueFound,
    ValueProblem,
)
from d2l.notebook.execute import CellRun
from d2l.notebook.outputs import JSON_KIND, MAX_DEPTH, MAX_MESSAGE, clean, is_deeper

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def first_assignments(
    names: Iterable[str], cells: Sequence[tuple[int, str]]
) -> dict[str, int | None]:
    """Return the index of the first cell that assigns each name, None if none does."""
    names = list(names)
    assigned = [(index, _assigned(source)) for index, source in cells] if names else []
    return {
        name: next((index for index, found in assigned if name in found), None) for name in names
    }


def _assigned(source: str) -> set[str]:
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        tree = ast.parse(TransformerManager().transform_cell(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()  # the cell will fail and assign nothing
    nodes = _outside_of_functions(tree)
    stored = (node for node in nodes if isinstance(node, ast.Name))
    return {node.id for node in stored if isinstance(node.ctx, ast.Store)}


def _outside_of_functions(tree: ast.AST) -> Iterator[ast.AST]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        children = ast.iter_child_nodes(node)
        waiting += [child for child in children if not isinstance(child, _SCOPES)]


def value_answer(name: str, found: dict[str, Any], limit: int) -> Answer:
    """Return the answer for a fetched value; a problem if it is too large or malformed."""
    size = len(str(found.get("npy") or found.get("plain") or ""))  # at least the encoded size
    if size > limit:
        found = {"problem": f"the value is larger than the remaining {limit:,} bytes"}
    try:
        if "npy" in found:
            return ArrayFound(name, base64.b64decode(found["npy"], validate=True))
        if "plain" in found:
            text = clean(found["plain"])
            if is_deeper(json.loads(text), MAX_DEPTH - 2):
                raise ValueError("the value is nested too deeply")
            return ValueFound(name, text)
    except (TypeError, ValueError, RecursionError, AttributeError):
        found = {"problem": "the kernel returned a malformed value"}
    return ValueProblem(name, clean(str(found.get("problem")))[:MAX_MESSAGE])


def cell_answer(run: CellRun, outputs: list[CellOutput]) -> CellDone:
    return CellDone(
        index=run.index,
        status=run.status,
        seconds=run.seconds,
        peak_memory=run.peak_memory,
        error=run.message,
        execution_count=run.execution_count,
        outputs=outputs,
    )


def wire_output(output: Mapping[str, Any]) -> CellOutput:
    """Return an output in nbformat's form as a message of the protocol."""
    if output["output_type"] == "stream":
        return Stream(output["name"], output["text"])
    if output["output_type"] == "error":
        return CellError(output["ename"], output["evalue"], list(output["traceback"]))
    data = {
        kind: json.dumps(value) if JSON_KIND.fullmatch(kind) else value
        for kind, value in output["data"].items()
    }
    metadata = json.dumps(output["metadata"])
    if output["output_type"] == "display_data":
        return DisplayData(data, metadata)
    count = output["execution_count"]
    return ExecuteResult(data, metadata, count if isinstance(count, int) else None)
