"""Make a script converted from a notebook import and report errors like the notebook.

Such a script first calls `install_cell_traceback`. This file imports only the standard library,
because every process loads it.
"""

import sys
import traceback
from pathlib import Path
from types import TracebackType


def install_cell_traceback(script: str, notebook: str) -> None:
    """Import from the notebook's folder, and add the cells to the traceback of uncaught errors."""
    sys.path[0] = str(Path(notebook).parent)

    def show_with_cells(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        lines = [line for name, line in _frames(trace) if name == script]
        if lines:
            error.add_note(f"In {Path(notebook).name}: {'; '.join(cells_at(script, lines))}.")
        # In one call: otherwise the lines of several failing processes would mix.
        sys.stderr.write("".join(traceback.format_exception(kind, error, trace)))

    sys.excepthook = show_with_cells


def cells_at(script: str, lines: list[int]) -> list[str]:
    """Return the cells and lines of these lines of the script, except those of its head."""
    cell_at = [0]
    for line in Path(script).read_text(encoding="utf-8").split("\n"):
        cell_at.append(cell_at[-1] + (line == f"# cell {cell_at[-1] + 1}"))
    first = {cell: cell_at.index(cell) for cell in set(cell_at)}
    places = [(cell_at[line], line - first[cell_at[line]]) for line in lines]
    return [f"cell {cell}, line {line}" for cell, line in places if cell]


def _frames(trace: TracebackType | None) -> list[tuple[str, int]]:
    return [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(trace)]
