"""Resolve the pictures that a cell refers to: embedded, attached, or next to the notebook.

All pictures pass the page's `ImageBudget` or `sanitize_svg`; a page loads no external resource.
"""

import base64
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from nbformat import NotebookNode

from d2l.notebook.render.sanitize_images import MAX_BYTES, ImageBudget
from d2l.notebook.render.sanitize_svg import sanitize_svg

_BITMAPS = ("image/png", "image/jpeg", "image/gif")
_KINDS = {".png": _BITMAPS[0], ".jpg": _BITMAPS[1], ".jpeg": _BITMAPS[1], ".gif": _BITMAPS[2]}
_KINDS[".svg"] = "image/svg+xml"
_REFERENCE = re.compile(
    r"!\[[^\]\n]{0,500}\]\(\s*<?([^)>\s]{1,500})"
    r"|<img\b[^>]{0,500}?\bsrc=[\"']?([^\"'>\s]{1,500})"
)
MAX_ATTACHED_BYTES = 20 * 2**20  # of one notebook


def attach_pictures(notebook: NotebookNode, files: Path) -> None:
    """Attach the pictures in `files` that Markdown cells refer to, under their paths.

    The notebook can then be shown without the files.
    """
    left = MAX_ATTACHED_BYTES
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        for match in _REFERENCE.finditer(cell.source):
            name = unquote(match[1] or match[2])
            kind = _KINDS.get(Path(name).suffix.lower())
            content = _content(files, name) if kind and ":" not in name else None
            if content is None or len(content) > left:
                continue
            left -= len(content)
            text = base64.b64encode(content).decode()
            drawing = content.decode("utf-8", "replace")
            data = {kind: drawing if kind == _KINDS[".svg"] else text}
            cell.setdefault("attachments", NotebookNode())[name] = NotebookNode(data)


class CellImages:
    """Resolves the addresses of one cell; `files` is the folder for relative addresses."""

    def __init__(
        self, budget: ImageBudget, files: Path | None = None, attachments: object = None
    ) -> None:
        self._budget = budget
        self._files = files
        self._attachments = attachments if isinstance(attachments, Mapping) else {}

    def resolve(self, address: str) -> str | None:
        """Return the `data:` address of the picture at `address`, None if there is none."""
        try:
            parts = urlsplit(address.strip())
        except ValueError:
            return None
        if parts.scheme == "data":
            return self._budget.resolve(address)
        if parts.scheme == "attachment":
            return self._attachment(unquote(parts.path))
        if parts.scheme or parts.netloc:
            return None
        content = _content(self._files, unquote(parts.path)) if self._files else None
        if content:
            return self._picture(content, parts.path)
        return self._attachment(unquote(parts.path))

    def _attachment(self, name: str) -> str | None:
        data = self._attachments.get(name)
        if not isinstance(data, Mapping):
            return None
        for kind in _BITMAPS:
            if isinstance(data.get(kind), str):
                return self._budget.address(data[kind])
        drawing = data.get("image/svg+xml")
        return self._drawing(drawing) if isinstance(drawing, str) else None

    def _picture(self, content: bytes, name: str) -> str | None:
        if name.lower().endswith(".svg"):
            return self._drawing(content.decode("utf-8", "replace"))
        return self._budget.address(base64.b64encode(content).decode())

    def _drawing(self, svg: str) -> str | None:
        drawing = sanitize_svg(svg, self._budget)
        return drawing and self._budget.keep("image/svg+xml", drawing.encode())


def _content(folder: Path, name: str) -> bytes | None:
    """Return the bytes of a regular file below `folder`, None if it is too large."""
    try:
        root = folder.resolve()
        path = root.joinpath(name).resolve()
        if not path.is_relative_to(root):
            return None
        # O_NONBLOCK, since opening a named pipe would block.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
                return None
            return file.read(MAX_BYTES)
    except (OSError, ValueError, RuntimeError):  # RuntimeError: circular links
        return None
