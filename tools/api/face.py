"""What the face holds: its chapters, their names in order, and where each name is defined.

Source is read, not objects: hints appear as they were written, whatever else is loaded.
"""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
FACE = "d2l.torch"
HEADING = re.compile(r"# (?:(?P<number>\d+) (?P<title>.+)|(?P<every>Every chapter.*))")


@dataclass(frozen=True)
class Name:
    """A public name and the node in `module` that defines it.

    For PyTorch's own there is no node, and `module` is its full name: `torch.bmm`.
    """

    name: str
    module: str
    node: ast.stmt | None

    @property
    def docstring(self) -> str:
        """The docstring, or the comment above a constant."""
        if isinstance(self.node, ast.FunctionDef | ast.ClassDef):
            return ast.get_docstring(self.node) or ""
        return "" if self.node is None else _comment_above(self.module, self.node.lineno)

    @property
    def methods(self) -> list[ast.FunctionDef]:
        """The public methods and properties that a class defines itself."""
        body = self.node.body if isinstance(self.node, ast.ClassDef) else []
        return [m for m in body if isinstance(m, ast.FunctionDef) and not m.name.startswith("_")]


@dataclass(frozen=True)
class Chapter:
    """A chapter of the book, numbered 0 for what belongs to all."""

    number: int
    title: str
    names: tuple[Name, ...]

    @property
    def page(self) -> str:
        """The file name of its page: `03-linear-neural-networks-for-regression.md`."""
        words = re.findall(r"\w+", self.title.partition(",")[0].lower())
        return f"{self.number:02}-{'-'.join(words)}.md"


def chapters() -> list[Chapter]:
    """The face, cut at its chapter comments; a chapter that is named twice is put together."""
    found: dict[int, tuple[str, list[Name]]] = {}
    headings = _headings()
    for node in _tree(FACE).body:
        if isinstance(node, ast.ImportFrom):
            above = [heading for line, heading in headings.items() if line < node.lineno]
            if above:
                number, title = above[-1]
                found.setdefault(number, (title, []))[1].extend(_imported(node))
    return [Chapter(n, title, tuple(names)) for n, (title, names) in found.items() if names]


def define(module: str, name: str) -> Name:
    """Where a name that `module` has comes from, through any number of imports."""
    for node in _tree(module).body:
        if name in _defined(node):
            return Name(name, module, node)
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if name == (alias.asname or alias.name):
                    return _origin(node.module or "", alias.name)
    raise LookupError(f"{module} has no {name}")


def path_of(module: str) -> Path:
    """The file of a module of ours, seen from the repository."""
    return Path(*module.split(".")).with_suffix(".py")


@cache
def source_of(module: str) -> str:
    """The text of a module of ours."""
    return (REPOSITORY / path_of(module)).read_text("utf-8")


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(source_of(module))


def _imported(node: ast.ImportFrom) -> list[Name]:
    """The public names of an import, as the face calls them."""
    public = [(alias.name, alias.asname or alias.name) for alias in node.names]
    origins = [(_origin(node.module or "", n), name) for n, name in public if name[0] != "_"]
    return [Name(name, origin.module, origin.node) for origin, name in origins]


def _origin(module: str, name: str) -> Name:
    is_ours = module.startswith("d2l.")
    return define(module, name) if is_ours else Name(name, f"{module}.{name}", None)


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.AnnAssign):
        return [ast.unparse(node.target)]
    return [ast.unparse(t) for t in node.targets] if isinstance(node, ast.Assign) else []


def _headings() -> dict[int, tuple[int, str]]:
    """Line → number and title of the chapter that begins there."""
    found = {}
    for line, text in enumerate(source_of(FACE).splitlines(), 1):
        if match := HEADING.fullmatch(text):
            found[line] = (int(match["number"] or 0), match["title"] or match["every"])
    return found


def _comment_above(module: str, lineno: int) -> str:
    lines: list[str] = []
    for text in reversed(source_of(module).splitlines()[: lineno - 1]):
        if not text.startswith("# "):
            break
        lines.insert(0, text.removeprefix("# "))
    return "\n".join(lines)
