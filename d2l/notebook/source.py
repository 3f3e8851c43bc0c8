"""Read notebooks from .ipynb files, percent scripts (.py) and MyST Markdown (.md).

The files are untrusted: reading never starts a program, and its cost is bounded.
"""

import re
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from d2l.errors import D2LError
from d2l.notebook.ipynb import parse_ipynb
from d2l.notebook.text_notebook import parse_text_notebook

SUFFIXES = (".ipynb", ".py", ".md")
MAX_BYTES = 50 * 2**20  # a typical notebook with pictures has a few million
MAX_TEXT_BYTES = 2**18  # a typical text notebook, without outputs, has about 20,000
MAX_CELLS = 2_000

OnNote = Callable[[str], None]


class UnreadableNotebookError(D2LError, ValueError):
    """A file that cannot be read as a notebook."""


def read_notebook(path: Path, on_note: OnNote = lambda note: None) -> NotebookNode:
    """Return the notebook in the file `path`, valid and with a Python kernel.

    Files that Jupyter opens are repaired if necessary; `on_note` is called with a line for each
    kind of repair. Raises `UnreadableNotebookError` if the file is missing, corrupt, not a
    notebook, not in Python, or too large.
    """
    notebook = _load(path, on_note)
    language = _language(notebook)
    if not language.lower().startswith(("python", "ipython")):
        raise UnreadableNotebookError(
            f"{path} is a notebook in {language[:40]}; only Python notebooks are supported."
        )
    notebook.metadata.pop("jupytext", None)
    notebook.metadata["kernelspec"] = NotebookNode(
        name="python3", display_name="Python 3", language="python"
    )
    notebook.metadata["language_info"] = NotebookNode(name="python")
    nbformat.validate(notebook)
    return notebook


def notebook_title(notebook: NotebookNode, default: str) -> str:
    """Return the notebook's first heading of level one, or `default`."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            heading = re.search(r"^# +(.+?)[ #]*$", cell.source, re.MULTILINE)
            if heading:
                return heading[1]
    return default


def notebook_language(path: Path) -> str:
    """Return the language in the metadata of the notebook `path`, by default Python.

    Raises the same errors as `read_notebook`.
    """
    return _language(_load(path, lambda note: None))


def _load(path: Path, on_note: OnNote) -> NotebookNode:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UnreadableNotebookError(
            f"{path} is not a notebook (expected {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]})."
        )
    try:
        content = _content(path, MAX_BYTES if suffix == ".ipynb" else MAX_TEXT_BYTES)
        if suffix == ".ipynb":
            return parse_ipynb(content, MAX_CELLS, on_note)
        return parse_text_notebook(content, suffix, MAX_CELLS)
    except UnreadableNotebookError:
        raise
    except Exception as error:  # parsers may raise anything on invalid files
        reason = (str(error).partition("\n")[0] or type(error).__name__)[:200]
        raise UnreadableNotebookError(f"{path} cannot be read as a notebook: {reason}") from error


def _content(path: Path, most: int) -> bytes:
    size = path.stat().st_size
    if size > most:
        raise UnreadableNotebookError(
            f"{path} has {size:,} bytes, but a notebook may have at most {most:,}. "
            "Clear its outputs, or move its data to separate files."
        )
    with open(path, "rb") as file:
        return file.read(most)


def _language(notebook: NotebookNode) -> str:
    metadata = notebook.metadata
    kernel = _table(metadata.get("kernelspec"))
    candidates = (
        _table(metadata.get("language_info")).get("name"),
        kernel.get("language"),
        "R" if kernel.get("name") == "ir" else None,  # R's kernel may set no language
    )
    return next((name for name in candidates if name and isinstance(name, str)), "python")


def _table(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
