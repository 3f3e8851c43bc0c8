"""Draft a rubric for a reference: its headings with points, and checks to fill in.

The reference is parsed, not run.
"""

import ast
import json
import secrets
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from string import Template

from nbformat import NotebookNode

from d2l.errors import D2LError
from d2l.grader.compare.match_sections import sections_of
from d2l.grader.grading.rubric import CELL_SECONDS
from d2l.notebook.source import notebook_title, read_notebook

_POINTS = 100
_EXAMPLES = 6
# Statements that display nothing.
_SILENT = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)


class DraftError(D2LError, FileExistsError):
    """A draft that would overwrite a file."""


def write_draft(reference: Path, rubric: Path) -> tuple[Path, Path]:
    """Write a rubric for `reference` and a file of checks next to it; return both paths.

    Raises `DraftError` if either file exists.
    """
    notebook = read_notebook(reference)
    checks = rubric.with_name("checks.py")
    for path in (rubric, checks):
        if path.exists():
            raise DraftError(f"{path} already exists. Choose a file in another folder with --out.")
    names = _defined(notebook)
    texts = {rubric: _rubric(notebook, reference, rubric, names), checks: _checks(names)}
    rubric.parent.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    return rubric, checks


def _rubric(
    notebook: NotebookNode, reference: Path, rubric: Path, names: list[tuple[str, str]]
) -> str:
    headings = _headings(notebook)
    sections = "\n".join(
        f"[[section]]\nheading = {_text(heading)}\npoints = {points}\n"
        for heading, points in zip(headings, _shares(len(headings)), strict=True)
    )
    place = reference.resolve()
    if place.is_relative_to(rubric.resolve().parent):
        place = place.relative_to(rubric.resolve().parent)
    examples = "\n".join(_commented(_example(kind, name)) for kind, name in names[:_EXAMPLES])
    return _template("rubric_template.toml").substitute(
        title=_text(notebook_title(notebook, reference.stem)),
        reference=_text(place.as_posix()),
        seed=secrets.randbelow(10**9),
        cell_seconds=CELL_SECONDS,
        sections=sections,
        examples=examples,
    )


def _headings(notebook: NotebookNode) -> list[str]:
    """Return the distinct headings with a cell below them that may display something."""
    shown = (
        section.heading
        for section in sections_of(notebook)
        if any(_may_show(notebook.cells[cell].source) for cell in section.cells)
    )
    return list(dict.fromkeys(shown))


def _may_show(source: str) -> bool:
    try:
        return any(not isinstance(one, _SILENT) for one in ast.parse(source).body)
    except SyntaxError:  # for example IPython magics
        return True


def _checks(names: list[tuple[str, str]]) -> str:
    functions = [name for kind, name in names if kind == "function"]
    name = functions[0] if functions else "answer"
    return _template("checks_template.txt").substitute(name=name)


def _template(name: str) -> Template:
    return Template(files("d2l.grader.grading").joinpath(name).read_text(encoding="utf-8"))


def _example(kind: str, name: str) -> str:
    expression = {
        "function": f"{name}(X_hidden)",
        "class": f"{name}().forward(X_hidden)",
        "variable": name,
    }[kind]
    return (
        f'[[check]]\nname = "{name}"\n# section = "one of the headings above"\npoints = 5\n'
        f'function = "check_{name}"\n[check.fetch]\nresult = "{expression}"\n'
    )


def _defined(notebook: NotebookNode) -> list[tuple[str, str]]:
    """Return the distinct functions, classes and variables of the reference, in this order."""
    found: dict[tuple[str, str], None] = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            found |= dict.fromkeys(_defined_in(cell.source))
    kinds = ("function", "class", "variable")
    return sorted(found, key=lambda one: kinds.index(one[0]))


def _defined_in(source: str) -> Iterable[tuple[str, str]]:
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # for example IPython magics
        return
    for statement in statements:
        if isinstance(statement, ast.FunctionDef):
            yield "function", statement.name
        elif isinstance(statement, ast.ClassDef):
            yield "class", statement.name
        elif isinstance(statement, ast.Assign):
            targets = (target for target in statement.targets if isinstance(target, ast.Name))
            yield from (("variable", target.id) for target in targets)


def _shares(count: int) -> list[int]:
    """Split all points into `count` integers that are as equal as possible."""
    return [_POINTS * (i + 1) // count - _POINTS * i // count for i in range(count)]


def _text(text: str) -> str:
    # Every JSON string is a valid TOML string.
    return json.dumps(text, ensure_ascii=False)


def _commented(text: str) -> str:
    return "".join(f"# {line}\n" if line else "#\n" for line in text.splitlines())
