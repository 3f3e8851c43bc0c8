"""Markdown pages from chapters, names and what came of their examples."""

import ast
import doctest
import itertools
import re
import textwrap
from collections.abc import Callable

from tools.api.examples import Ran
from tools.api.face import Chapter, Name, path_of
from tools.api.signature import short_call, signature

PICTURES = "pictures"
MADE = "<!-- made from the docstrings by `make api`: edit those -->"
ROOT = "../.."
PYTORCH = "https://docs.pytorch.org/docs/stable"
CONTENTS = """\
# API, chapter by chapter

What `from d2l import torch as d2l` gives, in the order of the book. Each name has its signature,
in which tensors carry their axes (`Float[Tensor, "batch num_outputs"]`), what the signature cannot
say, and an example. Unless it says otherwise, that was run to make this page. Examples begin after

```python
import numpy as np
import torch
from torch import nn
from d2l import torch as d2l
```
"""


def pages(chapters: list[Chapter], run: Callable[[Name], Ran]) -> dict[str, str]:
    """Every file of docs/api by its name, pictures included; `run` runs the example of a name."""
    files = {"README.md": _contents(chapters)}
    for chapter in chapters:
        ran = {name.name: run(name) for name in chapter.names}
        files[chapter.page] = _page(chapter, ran)
        for name, result in ran.items():
            files |= dict(zip(_picture_files(name, result), result.pictures, strict=True))
    return files


def _contents(chapters: list[Chapter]) -> str:
    parts = [MADE, CONTENTS.rstrip()]
    for chapter in chapters:
        parts.append(f"## [{_title(chapter)}]({chapter.page})")
        parts.append(" ·\n".join(_link(name, chapter.page) for name in chapter.names))
    return "\n\n".join(parts) + "\n"


def _link(name: Name, page: str) -> str:
    anchor = name.name.lower() if name.node else "pytorchs-own"
    return f"[`{name.name}`]({page}#{anchor})"


def _title(chapter: Chapter) -> str:
    return f"{chapter.number} {chapter.title}" if chapter.number else chapter.title


def _page(chapter: Chapter, ran: dict[str, Ran]) -> str:
    parts = [MADE, f"# {_title(chapter)}", "[All chapters](README.md)"]
    for name in chapter.names:
        if name.node is not None:
            parts += _entry(name, ran[name.name])
    return "\n\n".join(parts + _aliases(chapter)) + "\n"


def _entry(name: Name, ran: Ran) -> list[str]:
    text, book = _without_book(name.docstring)
    room = path_of(name.module).as_posix()
    parts = [f"## `{name.name}`", _fenced(signature(name), "python"), *_paragraphs(text)]
    parts += [f"![What `{name.name}` draws]({file})" for file in _picture_files(name.name, ran)]
    parts += _methods(name)
    where = [f"Book: {book}"] if book else []
    bases = name.node.bases if isinstance(name.node, ast.ClassDef) else []
    where += [f"extends `{ast.unparse(base)}`" for base in bases]
    return [*parts, " · ".join([*where, f"[{room}]({ROOT}/{room})"])]


def _methods(name: Name) -> list[str]:
    """Its own public methods and properties, a bullet each."""
    bullets = []
    for method in name.methods:
        text, _ = _without_book(ast.get_docstring(method) or "")
        first, *more = _paragraphs(text) or [""]
        item = "\n\n".join((f"`{short_call(method, name.module)}`: {first}", *more))
        bullets.append("- " + textwrap.indent(item, "  ").lstrip())
    return ["\n".join(bullets)] if bullets else []


def _aliases(chapter: Chapter) -> list[str]:
    """The names that are PyTorch's own, in one table."""
    aliases = [name for name in chapter.names if name.node is None]
    if not aliases:
        return []
    links = [f"[`{alias.module}`]({_pytorch_page(alias.module)})" for alias in aliases]
    rows = [f"| `{alias.name}` | {link} |" for alias, link in zip(aliases, links, strict=True)]
    return ["## PyTorch's own", "\n".join(("| name | is |", "| --- | --- |", *rows))]


def _pytorch_page(target: str) -> str:
    is_dtype = re.fullmatch(r"torch\.(int|float)\d+", target)
    return f"{PYTORCH}/{'tensor_attributes' if is_dtype else f'generated/{target}'}.html"


def _without_book(docstring: str) -> tuple[str, str]:
    match = re.search(r"\n*^Book: (.+(?:\n.+)*)\Z", docstring, re.M)
    return (docstring[: match.start()], " ".join(match[1].split())) if match else (docstring, "")


def _paragraphs(text: str) -> list[str]:
    """Prose as it is, examples as blocks; those that are not run say so."""
    parts: list[str] = []
    for is_skipped, group in itertools.groupby(_pieces(text), key=_is_skipped):
        if is_skipped is None:
            parts += [piece.strip() for piece in group if isinstance(piece, str)]
            continue
        lines = "".join(_shown(piece) for piece in group if isinstance(piece, doctest.Example))
        note = ["Not run for this page:"] if is_skipped else []
        parts += [*note, _fenced(lines.rstrip("\n"), "pycon")]
    return parts


def _pieces(text: str) -> list[str | doctest.Example]:
    found = doctest.DocTestParser().parse(text)
    return [piece for piece in found if isinstance(piece, doctest.Example) or piece.strip()]


def _is_skipped(piece: str | doctest.Example) -> bool | None:
    """Whether an example is left out; None for prose."""
    return None if isinstance(piece, str) else piece.options.get(doctest.SKIP, False)


def _shown(example: doctest.Example) -> str:
    first, *more = re.sub(r" *# doctest: .*", "", example.source).splitlines()
    source = [f">>> {first}", *(f"... {line}".rstrip() for line in more)]
    return "\n".join(source) + "\n" + example.want.replace("<BLANKLINE>", "")


def _picture_files(name: str, ran: Ran) -> list[str]:
    numbers = range(1, len(ran.pictures) + 1)
    return [f"{PICTURES}/{name}{f'-{n}' if n > 1 else ''}.svg" for n in numbers]


def _fenced(text: str, language: str) -> str:
    return f"```{language}\n{text}\n```"
