"""Parse notebooks in text formats: percent and light scripts, MyST and plain Markdown.

Jupytext supports more formats, but the header of a file can make it start a program, and its time
may grow quadratically. This parser starts no programs and takes linear time. Of the metadata of
cells it keeps the tags only.
"""

import ast
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

FORMATS = ("percent", "hydrogen", "light", "myst", "markdown")
MAX_HEADER_LINES, MAX_HEADER = 200, 20_000  # characters
MAX_OPTIONS = 1_000  # characters
MAX_LIGHT_LINES = 20_000  # parsed in half a second
_FORMAT = re.compile(r"^\s*format_name:\s*['\"]?([\w-]+)", re.MULTILINE)
_LANGUAGE = re.compile(r"^\s+(language|name):\s*['\"]?([\w+#-]+)", re.MULTILINE)
_MARKER = re.compile(r"#\s*(?:%%+(?:\s(.*))?|<codecell>|In\[[0-9 ]*\]:?)\s*")
_LIGHT_START = re.compile(r"#\s*\+(?:\s(.*))?")
_LIGHT_END = re.compile(r"# -\s*")
_TYPE = re.compile(r"\[(markdown|md|raw)\]")
_TAGS = re.compile(r"tags[\"']?\s*[:=]\s*\[([^\]]*)\]|tags:[ \t]*\n((?:[ \t]*- .*\n?)+)")
_MAGIC = re.compile(r"\s*#\s?(?:[%!?]{1,3}\s?[a-zA-Z.~$/\\{]|[a-zA-Z_]\w*\s*=\s*[%!]).*")
_FENCE = re.compile(r"( {0,3})(`{3,}(?=[^`]*$)|~{3,})\s*(.*)")
_LEXER = re.compile(r"\{code-cell\}[ \t]*([a-zA-Z][\w+#-]{,40})")
_MYST_CELL = re.compile(r" {0,3}(?:`{3,}|~{3,})\{(?:code|raw)-cell\}")
_PYTHON = re.compile(r"(?:python3?|ipython3?|py)\b(?!.*\.noeval)", re.IGNORECASE)


@dataclass
class _Cell:
    kind: str
    lines: list[str] = field(default_factory=list)
    options: str = ""


def parse_text_notebook(content: bytes, suffix: str, max_cells: int) -> NotebookNode:
    """Return the notebook in the content of a file with the `suffix` .py or .md.

    Raises `ValueError` for content that is not text, an unsupported format, or too many cells.
    """
    text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    if "\x00" in text:
        raise ValueError("the file is not text")
    header, lines = _header(text.split("\n"), "#" if suffix == ".py" else "")
    name = _format(header, lines, suffix)
    split = {"light": _light, "markdown": _markdown, "myst": _myst}.get(name, _percent)
    metadata = _metadata(header)
    cells = []
    for number, cell in enumerate(split(lines), start=1):
        if number > max_cells:
            raise ValueError(f"the notebook has more than {max_cells:,} cells")
        language = _LEXER.match(cell.options)
        if language:
            metadata.setdefault("language_info", {"name": language[1]})
        cells.append(_node(cell, f"cell-{number}"))
    return nbformat.from_dict(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    )


def _header(lines: list[str], comment: str) -> tuple[str, list[str]]:
    """Return the header, which is between two lines of ---, and the lines after it."""
    start = 0
    while comment and start < len(lines) and re.match(r"#!|#.*coding[:=]|\s*$", lines[start]):
        start += 1
    bar = re.compile(rf"{comment} ?---\s*" if comment else r"---\s*")
    if start >= len(lines) or not bar.fullmatch(lines[start]):
        return "", lines
    for end in range(start + 1, min(len(lines), start + MAX_HEADER_LINES)):
        if bar.fullmatch(lines[end]):
            head = lines[start + 1 : end]
            if comment:
                head = [_uncommented(line) for line in head]
            return "\n".join(head)[:MAX_HEADER], lines[end + 1 :]
        if not lines[end].startswith(comment):
            break
    return "", lines


def _format(header: str, lines: list[str], suffix: str) -> str:
    name = _FORMAT.search(header)
    if name and name[1] not in FORMATS:
        raise ValueError(
            f"unsupported jupytext format {name[1]!r}; supported are {', '.join(FORMATS)}"
        )
    if suffix == ".md":
        has_cells = any(_MYST_CELL.match(line) for line in lines)
        return "myst" if has_cells or (name and name[1] == "myst") else "markdown"
    if name and name[1] in ("percent", "hydrogen", "light"):
        return name[1]
    return "percent" if any(_MARKER.fullmatch(line) for line in lines) else "light"


def _metadata(header: str) -> dict[str, dict[str, str]]:
    place = header.find("kernelspec:")
    found = _LANGUAGE.findall(header, place) if place >= 0 else []
    return {"kernelspec": dict(reversed(found))} if found else {}


def _node(cell: _Cell, name: str) -> dict[str, object]:
    tags = _TAGS.search(cell.options[:MAX_OPTIONS])
    words = re.findall(r"[^\s,'\"-][^,'\"\n]*", tags[1] or tags[2] or "") if tags else []
    return {
        "id": name,
        "cell_type": cell.kind,
        "metadata": {"tags": list(dict.fromkeys(words))} if words else {},
        "source": "\n".join(cell.lines),
        **({"outputs": [], "execution_count": None} if cell.kind == "code" else {}),
    }


# Scripts


def _percent(lines: list[str]) -> Iterator[_Cell]:
    cell = _Cell("code")
    is_first = True
    for line in lines:
        marker = _MARKER.fullmatch(line)
        if marker is None:
            cell.lines.append(line)
            continue
        if not is_first or any(text.strip() for text in cell.lines):
            yield _finished(cell)
        is_first = False
        cell = _started(marker[1] or "")
    yield _finished(cell)


def _light(lines: list[str]) -> Iterator[_Cell]:
    """Yield paragraphs of comments or code, and cells between the marks `# +` and `# -`."""
    may_end = _ends_of_statements(lines)
    cell: _Cell | None = None
    is_marked = False
    for number, line in enumerate(lines):
        start = _LIGHT_START.fullmatch(line)
        ends = _LIGHT_END.fullmatch(line) if is_marked else not line.strip() and may_end[number]
        if start or ends:
            if cell is not None:
                yield _finished(cell if is_marked else _paragraph(cell))
            cell, is_marked = (_started(start[1] or ""), True) if start else (None, False)
        elif cell is not None:
            cell.lines.append(line)
        elif line.strip():
            cell = _Cell("code", [line])
    if cell is not None:
        yield _finished(cell if is_marked else _paragraph(cell))


def _paragraph(cell: _Cell) -> _Cell:
    is_text = all(line.startswith("#") and not _MAGIC.fullmatch(line) for line in cell.lines)
    return _Cell("markdown" if is_text else "code", cell.lines)


def _ends_of_statements(lines: list[str]) -> list[bool]:
    """Return for each line whether a statement may end there; False if unknown or too costly."""
    if len(lines) > MAX_LIGHT_LINES:
        return [False] * len(lines)
    ends = [True] * len(lines)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are shown when the cell runs
            body = ast.parse("\n".join(lines)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [False] * len(lines)  # a single cell
    for statement in body:
        last = statement.end_lineno or statement.lineno
        ends[statement.lineno : last] = [False] * (last - statement.lineno)
    return ends


def _started(options: str) -> _Cell:
    kind = _TYPE.search(options)
    return _Cell({None: "code", "raw": "raw"}.get(kind and kind[1], "markdown"), [], options)


def _finished(cell: _Cell) -> _Cell:
    """Return the cell without comment signs in text and magics."""
    lines = cell.lines
    while lines and not lines[-1].strip():
        lines.pop()
    if cell.kind == "code":
        cell.lines = [_uncommented(line) if _MAGIC.fullmatch(line) else line for line in lines]
    else:
        text = re.fullmatch(r'[rR]?("""|\'\'\')\n?(.*?)\n?\1', "\n".join(lines), re.DOTALL)
        cell.lines = text[2].split("\n") if text else [_uncommented(line) for line in lines]
    return cell


def _uncommented(line: str) -> str:
    return re.sub(r"^(\s*)# ?", r"\1", line, count=1)


# Markdown


def _markdown(lines: list[str]) -> Iterator[_Cell]:
    """Yield text cells, and code cells for fences with Python."""
    yield from _fenced(lines, lambda info: _Cell("code", [], info) if _PYTHON.match(info) else None)


def _myst(lines: list[str]) -> Iterator[_Cell]:
    """Yield text cells, and cells for MyST's cell fences; other fences are part of the text."""
    for cell in _fenced(lines, _myst_cell):
        yield _without_options(cell) if cell.options else cell


def _myst_cell(info: str) -> _Cell | None:
    kinds = {"{code-cell}": "code", "{raw-cell}": "raw"}
    kind = next((kind for mark, kind in kinds.items() if info.startswith(mark)), None)
    return _Cell(kind, [], f"{info}\n") if kind else None


def _fenced(lines: list[str], cell_of: Callable[[str], _Cell | None]) -> Iterator[_Cell]:
    """Yield text and cells; `cell_of` returns the cell for a fence's info string, or None."""
    text = _Cell("markdown")
    code: _Cell | None = None
    fence: re.Match[str] | None = None
    for line in lines:
        if fence is not None:
            if _closes(line, fence[2]):
                if code is not None:
                    yield code
                else:
                    text.lines.append(line)
                fence = code = None
            elif code is not None:
                code.lines.append(line.removeprefix(fence[1]))
            else:
                text.lines.append(line)
            continue
        fence = _FENCE.fullmatch(line)
        code = cell_of(fence[3]) if fence else None
        if code is not None or re.fullmatch(r" {0,3}\+{3,}.*", line):
            yield from _stripped(text)
            text = _Cell("markdown")
        else:
            text.lines.append(line)
    if code is not None:
        yield code
    yield from _stripped(text)


def _closes(line: str, fence: str) -> bool:
    mark = line.strip()
    is_mark = len(mark) >= len(fence) and not mark.strip(fence[0])
    return is_mark and not line.startswith("    ")


def _without_options(cell: _Cell) -> _Cell:
    """Move options at the start of a cell, as `:key: value` or between ---, to its `options`."""
    lines = cell.lines
    end = 0
    if lines and lines[0].startswith("---"):
        bars = (n for n, line in enumerate(lines[1:], start=2) if line.startswith("---"))
        end = next(bars, len(lines))
    else:
        while end < len(lines) and lines[end].lstrip().startswith(":"):
            end += 1
    cell.options += "\n".join(lines[:end]).replace(":tags:", "tags:")
    if end < len(lines) and not lines[end].strip():
        end += 1
    cell.lines = lines[end:]
    return cell


def _stripped(cell: _Cell) -> Iterator[_Cell]:
    """Yield the text without surrounding blank lines, unless it is empty."""
    source = "\n".join(cell.lines).strip("\n").rstrip()
    if source.strip():
        yield _Cell(cell.kind, source.split("\n"))
