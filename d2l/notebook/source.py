"""Read a notebook from the forms it is written in: .ipynb, percent script .py, MyST .md.

Knows nothing of kernels or pages.
"""

import re
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
    if path.suffix not in SUFFIXES:
        raise UnreadableNotebookError(f"{path} is no notebook: asked for {', '.join(SUFFIXES)}")
    try:
        return _parse(path)
    except Exception as error:  # the parsers raise anything on bytes that they do not expect
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise UnreadableNotebookError(f"{path} cannot be read as a notebook: {reason}") from error


def notebook_title(notebook: NotebookNode, default: str) -> str:
    """Return the notebook's first heading of level one, or `default` when it has none."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            heading = re.search(r"^# +(.+?)[ #]*$", cell.source, re.MULTILINE)
            if heading:
                return heading[1]
    return default


def _parse(path: Path) -> NotebookNode:
    is_notebook = path.suffix == ".ipynb"
    notebook = nbformat.read(path, as_version=4) if is_notebook else jupytext.read(path)
    notebook.metadata.pop("jupytext", None)
    notebook.metadata["kernelspec"] = NotebookNode(
        name="python3", display_name="Python 3", language="python"
    )
    notebook.metadata["language_info"] = NotebookNode(name="python")
    nbformat.validate(notebook)
    return notebook
