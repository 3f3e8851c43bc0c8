"""A notebook as one self-contained page: no script, no address that loads, light and dark.

Everything a notebook brings passes `clean_html` or is escaped.
"""

import base64
import html
from collections.abc import Callable
from functools import cache
from importlib.resources import files

from nbconvert.filters.ansi import ansi2html
from nbformat import NotebookNode

from d2l.notebook.clean import clean_html
from d2l.notebook.markdown import code_to_html, markdown_to_html

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def notebook_page(notebook: NotebookNode, title: str, note: str = "") -> str:
    """Return the page of an executed notebook; `note` is a line about its run, above the text."""
    cells = "\n".join(_cell(cell) for cell in notebook.cells)
    about = f'<a href="index.html">Contents</a> <span>{html.escape(note)}</span>'
    return document(title, f"<header>{about}</header>\n<main>\n{cells}\n</main>")


def document(title: str, body: str) -> str:
    """Return a whole HTML document around `body`, which is HTML and trusted."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{html.escape(title)}</title>
<style>
{_style()}</style>
</head>
<body>
{body}
</body>
</html>
"""


@cache
def _style() -> str:
    return files("d2l.notebook").joinpath("page.css").read_text(encoding="utf-8")


def _cell(cell: NotebookNode) -> str:
    if cell.cell_type == "markdown":
        return f'<section class="text">\n{markdown_to_html(cell.source)}</section>'
    if cell.cell_type != "code" or not cell.source.strip():
        return ""
    code = f'<pre class="code" tabindex="0"><code>{code_to_html(cell.source)}</code></pre>'
    outputs = "\n".join(_output(output) for output in cell.outputs)
    return f"<section>\n{code}\n{outputs}\n</section>"


def _output(output: NotebookNode) -> str:
    if output.output_type == "stream":
        return _text(output.text, output.name)
    if output.output_type == "error":
        message = f"{output.ename}: {output.evalue}"
        return _text("\n".join(output.traceback) or message, "error")
    shown = next((kind for kind in _PICTURED if kind in output.data), None)
    if shown is None:
        return f"<p>({html.escape(', '.join(output.data))} cannot be shown on a page)</p>"
    return _PICTURED[shown](output.data[shown])


def _text(text: str, kind: str = "result") -> str:
    return f'<pre class="output {kind}" tabindex="0">{ansi2html(text.rstrip())}</pre>'


def _boxed(content: str) -> str:
    return f'<div class="output rich" tabindex="0">{content}</div>'


def _bitmap(kind: str) -> Callable[[str], str]:
    def picture(data: str) -> str:
        source = html.escape("".join(data.split()))
        return f'<img class="output" src="data:{kind};base64,{source}" alt="output of the cell">'

    return picture


def _drawing(svg: str) -> str:
    return _bitmap("image/svg+xml")(base64.b64encode(svg.encode()).decode())


# The richest form that an output has comes first.
_PICTURED: dict[str, Callable[[str], str]] = {
    "image/svg+xml": _drawing,
    "image/png": _bitmap("image/png"),
    "image/jpeg": _bitmap("image/jpeg"),
    "text/html": lambda text: _boxed(clean_html(text)),
    "text/markdown": lambda text: _boxed(markdown_to_html(text)),
    "text/latex": lambda text: _boxed(markdown_to_html(text)),
    "text/plain": _text,
}
