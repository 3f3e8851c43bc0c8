"""Render cells and outputs as HTML, in rich form up to a limit for the whole page.

Cells are untrusted: everything is escaped or filtered by an allow-list.
"""

import html
from collections.abc import Callable
from pathlib import Path

from nbconvert.filters.ansi import ansi2html
from nbformat import NotebookNode

from d2l.notebook.hidden_cells import is_hidden_cell
from d2l.notebook.render.cell_images import CellImages
from d2l.notebook.render.markdown import code_to_html, markdown_to_html
from d2l.notebook.render.sanitize_html import sanitize_html
from d2l.notebook.render.sanitize_images import ImageBudget
from d2l.notebook.render.sanitize_svg import sanitize_svg

# Limits for the parsers, some of which take a second for 20,000 hostile characters.
MAX_MARKDOWN = 20_000
MAX_CODE = 100_000
PAGE_CHARACTERS = 2_000_000
MARKDOWN_COSTS = 10  # cost of a Markdown character relative to code or HTML


class CellWriter:
    """Renders the cells of one page; cells that are too large are shown as plain text.

    `files` is the folder of the pictures that the cells refer to; with None they are not shown.
    `fold_solutions` is as in `notebook_page`.
    """

    def __init__(self, files: Path | None = None, fold_solutions: bool = False) -> None:
        self.images = ImageBudget()
        self._files = files
        self._fold_solutions = fold_solutions
        self._cell_images = CellImages(self.images, files)
        self._characters_left = PAGE_CHARACTERS
        # The first type that an output has is shown.
        self._forms: dict[str, Callable[[str], str]] = {
            "image/svg+xml": self._drawing,
            "image/png": self._bitmap,
            "image/jpeg": self._bitmap,
            "image/gif": self._bitmap,
            "text/html": self._html,
            "text/markdown": lambda text: _boxed(self.markdown(text)),
            "text/latex": lambda text: _boxed(self.markdown(text)),
            "text/plain": _text,
        }

    def cell(self, cell: NotebookNode) -> str:
        """Return the cell with its outputs, "" for an empty or raw cell."""
        attachments = cell.get("attachments")
        self._cell_images = CellImages(self.images, self._files, attachments)
        if cell.cell_type == "markdown":
            return f'<section class="text">\n{self.markdown(cell.source)}</section>'
        if cell.cell_type != "code" or not cell.source.strip():
            return ""
        shown = f"{self.code(cell.source)}\n{self.outputs(cell)}"
        if self._fold_solutions and is_hidden_cell(cell):
            has_failed = any(output.output_type == "error" for output in cell.outputs)
            start = "<details open>" if has_failed else "<details>"
            shown = f"{start}<summary>Solution</summary>\n{shown}\n</details>"
        return f"<section>\n{shown}\n</section>"

    def markdown(self, source: str) -> str:
        """Return Markdown as sanitized HTML."""
        if len(source) > MAX_MARKDOWN or not self._has_room(MARKDOWN_COSTS * len(source)):
            return _text(source)
        return markdown_to_html(source, self._cell_images.resolve)

    def code(self, source: str) -> str:
        """Return highlighted source code."""
        is_rich = len(source) <= MAX_CODE and self._has_room(len(source))
        marked = code_to_html(source) if is_rich else html.escape(source)
        return f'<pre class="code" tabindex="0"><code>{marked}</code></pre>'

    def outputs(self, cell: NotebookNode) -> str:
        """Return the outputs of a code cell."""
        return "\n".join(self._output(output) for output in cell.outputs)

    def _output(self, output: NotebookNode) -> str:
        if output.output_type == "stream":
            return _text(_joined(output.text), "stderr" if output.name == "stderr" else "stdout")
        if output.output_type == "error":
            message = f"{output.ename}: {output.evalue}"
            return _text("\n".join(output.traceback) or message, "error")
        shown = next((kind for kind in self._forms if kind in output.data), None)
        if shown is None:
            kinds = ", ".join(output.data)
            return f'<p class="left-out">({html.escape(kinds[:200])} cannot be shown on a page)</p>'
        return self._forms[shown](_joined(output.data[shown]))

    def _html(self, text: str) -> str:
        if not self._has_room(len(text)):
            return _text(text)
        return _boxed(sanitize_html(text, self._cell_images.resolve))

    def _bitmap(self, data: str) -> str:
        return _picture(self.images.address(data))

    def _drawing(self, svg: str) -> str:
        drawing = sanitize_svg(svg, self.images)
        return _picture(drawing and self.images.keep("image/svg+xml", drawing.encode()))

    def _has_room(self, characters: int) -> bool:
        self._characters_left -= characters
        return self._characters_left >= 0


def _picture(address: str | None) -> str:
    if address is None:
        return '<p class="left-out">(picture omitted: corrupt, too large, or one too many)</p>'
    return f'<img class="output" src="{address}" alt="output of the cell">'


def _text(text: str, kind: str = "result") -> str:
    return f'<pre class="output {kind}" tabindex="0">{ansi2html(text.rstrip())}</pre>'


def _boxed(content: str) -> str:
    return f'<div class="output rich" tabindex="0">{content}</div>'


def _joined(text: object) -> str:
    """Return Jupyter's text, which is a string or a list of lines, as a string."""
    return "".join(map(str, text)) if isinstance(text, list) else str(text)
