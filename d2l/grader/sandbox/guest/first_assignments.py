"""Where a name is first assigned at the top level of a notebook's cells."""

import ast
from collections.abc import Iterable, Iterator, Sequence

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def first_assignments(
    names: Iterable[str], cells: Sequence[tuple[int, str]]
) -> dict[str, int | None]:
    """Return the index of the first cell that assigns each name; None where none does."""
    wanted = list(names)
    assigned = [(index, _assigned(source)) for index, source in cells] if wanted else []
    return {
        name: next((index for index, found in assigned if name in found), None) for name in wanted
    }


def _assigned(source: str) -> set[str]:
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        tree = ast.parse(TransformerManager().transform_cell(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()  # it will fail when it runs, and assign nothing
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
