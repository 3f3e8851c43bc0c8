"""Read a notebook from the forms it is written in: .ipynb, percent script .py, MyST .md.

Knows nothing of kernels or pages.
"""

import re
from collections.abc import Callable
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from d2l.errors import D2LError

SUFFIXES = (".ipynb", ".py", ".md")


class UnreadableNotebookError(D2LError, ValueError):
    """A file that is no notebook."""


def read_notebook(path: Path) -> NotebookNode:
    """Return the notebook in the file `path`, valid and set to run in a Python kernel.

    Raises `UnreadableNotebookError` when the file is missing, damaged or of another kind.
    """
    return _reading(path, _parse)


def notebook_title(notebook: NotebookNode, default: str) -> str:
    """Return the notebook's first heading of level one, or `default` when it has none."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            heading = re.search(r"^# +(.+?)[ #]*$", cell.source, re.MULTILINE)
            if heading:
                return heading[1]
    return default


def notebook_language(path: Path) -> str:
    """Return what language the notebook in the file `path` says it is in; Python if it does not.

    Raises as `read_notebook` does.
    """
    metadata = _reading(path, _load).metadata
    said = (
        metadata.get("language_info", {}).get("name"),
        metadata.get("kernelspec", {}).get("language"),
        metadata.get("jupytext", {}).get("default_lexer"),
    )
    return next((str(name) for name in said if name), "python")


def _reading(path: Path, read: Callable[[Path], NotebookNode]) -> NotebookNode:
    if path.suffix not in SUFFIXES:
        raise UnreadableNotebookError(f"{path} is no notebook: asked for {', '.join(SUFFIXES)}")
    try:
        return read(path)
    except Exception as error:  # the parsers raise anything on bytes that they do not expect
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise UnreadableNotebookError(f"{path} cannot be read as a notebook: {reason}") from error


def _load(path: Path) -> NotebookNode:
    is_notebook = path.suffix == ".ipynb"
    return nbformat.read(path, as_version=4) if is_notebook else jupytext.read(path)


def _parse(path: Path) -> NotebookNode:
    notebook = _load(path)
    notebook.metadata.pop("jupytext", None)
    notebook.metadata["kernelspec"] = NotebookNode(
        name="python3", display_name="Python 3", language="python"
    )
    notebook.metadata["language_info"] = NotebookNode(name="python")
    nbformat.validate(notebook)
    return notebook
