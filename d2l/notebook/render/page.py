"""Render a notebook as one self-contained page without scripts and external resources.

The content of a notebook is untrusted: it is escaped, or filtered by `sanitize_html`,
`sanitize_svg` or an `ImageBudget`.
"""

import html
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path

from nbformat import NotebookNode

from d2l.notebook.render.cell_html import CellWriter

POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)


def notebook_page(
    notebook: NotebookNode,
    title: str,
    note: str = "",
    contents: str | None = None,
    files: Path | None = None,
    fold_solutions: bool = False,
) -> str:
    """Return the page of an executed notebook; `note` is a line about its run, shown at the top.

    `contents` is the address of a contents page, if there is one; `files` is the folder of the
    pictures that its cells refer to. `fold_solutions` folds code cells with the tag "hide-cell"; it
    is for lessons only, since in a submission the tag would hide a cell from the instructor.
    """
    writer = CellWriter(files, fold_solutions)
    cells = "\n".join(writer.cell(cell) for cell in notebook.cells)
    back = f'<a href="{html.escape(contents)}">Contents</a> ' if contents else ""
    about = f"{back}<span>{html.escape(note)}</span>"
    return document(title, f"<header>{about}</header>\n<main>\n{cells}\n</main>")


def document(title: str, body: str, style: str = "") -> str:
    """Return an HTML document; `body` (HTML) and `style` (CSS) are trusted."""
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{html.escape(title)}</title>
<style>
{house_style()}{style}</style>
</head>
<body>
{body}
</body>
</html>
"""
    # Lone surrogates, which JSON may contain, cannot be encoded.
    return page.encode("utf-8", "replace").decode("utf-8")


@cache
def house_style() -> str:
    """Return the style sheet of every page."""
    return package_files("d2l.notebook.render").joinpath("page.css").read_text(encoding="utf-8")
