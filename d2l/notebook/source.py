"""Read a notebook from the forms it is written in: .ipynb, percent script .py, MyST .md.

Knows nothing of kernels or pages.
"""

import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from d2l.errors import D2LError

SUFFIXES = (".ipynb", ".py", ".md")
MAX_BYTES = 50 * 2**20  # with its pictures, a notebook of a course has a few million


class UnreadableNotebookError(D2LError, ValueError):
    """A file that is no notebook."""


def read_notebook(path: Path) -> NotebookNode:
    """Return the notebook in the file `path`, valid and set to run in a Python kernel.

    Raises `UnreadableNotebookError` when the file is missing, damaged, of another kind, in another
    language than Python, or larger than 50 MB.
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
    return _language(_reading(path, _load))


def _reading(path: Path, read: Callable[[Path], NotebookNode]) -> NotebookNode:
    if path.suffix not in SUFFIXES:
        raise UnreadableNotebookError(f"{path} is no notebook: asked for {', '.join(SUFFIXES)}")
    try:
        _require_small(path)
        return read(path)
    except UnreadableNotebookError:
        raise
    except Exception as error:  # the parsers raise anything on bytes that they do not expect
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise UnreadableNotebookError(f"{path} cannot be read as a notebook: {reason}") from error


def _require_small(path: Path) -> None:
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise UnreadableNotebookError(
            f"{path} has {size:,} bytes, and a notebook may have {MAX_BYTES:,}: "
            "clear its outputs, or keep its data in files of their own"
        )


def _load(path: Path) -> NotebookNode:
    is_notebook = path.suffix == ".ipynb"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what nbformat mends: cells without names
        notebook = nbformat.read(path, as_version=4) if is_notebook else jupytext.read(path)
    json.dumps(notebook, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    return notebook


def _parse(path: Path) -> NotebookNode:
    notebook = _load(path)
    language = _language(notebook)
    if not language.lower().startswith(("python", "ipython")):
        raise UnreadableNotebookError(
            f"{path} is a notebook in {language}: asked for one in Python"
        )
    notebook.metadata.pop("jupytext", None)
    notebook.metadata["kernelspec"] = NotebookNode(
        name="python3", display_name="Python 3", language="python"
    )
    notebook.metadata["language_info"] = NotebookNode(name="python")
    nbformat.validate(notebook)
    return notebook


def _language(notebook: NotebookNode) -> str:
    metadata = notebook.metadata
    kernel = metadata.get("kernelspec", {})
    said = (
        metadata.get("language_info", {}).get("name"),
        kernel.get("language"),
        metadata.get("jupytext", {}).get("default_lexer"),
        "R" if kernel.get("name") == "ir" else None,  # its kernel does not always say more
    )
    return next((str(name) for name in said if name), "python")
