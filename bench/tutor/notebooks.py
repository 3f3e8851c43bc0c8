"""Hints in notebooks that were executed: those of lessons, of homework, of a class."""

from collections.abc import Iterator
from pathlib import Path

import nbformat

HINT = "application/vnd.d2l.hint+json"


def hints_in(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Notebook, kind and message of each hint in the executed notebooks under a folder."""
    for path in sorted(folder.rglob("*.ipynb")):
        for cell in nbformat.read(path, 4).cells:
            for output in cell.get("outputs", ()):
                hint = output.get("data", {}).get(HINT)
                if hint is not None:
                    yield path.name, hint["kind"], hint["message"]
