"""A first rubric for a reference: its headings with points, and checks to fill in.

Reads what the reference defines; runs nothing.
"""

import ast
import json
import secrets
from collections.abc import Iterable
from pathlib import Path

from nbformat import NotebookNode

from d2l.errors import D2LError
from d2l.grader.compare.match_sections import sections_of
from d2l.grader.grading.rubric import CELL_SECONDS
from d2l.notebook.source import notebook_title, read_notebook

_POINTS = 100
_EXAMPLES = 6
# Statements that show nothing by themselves.
_SILENT = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)


class DraftError(D2LError, FileExistsError):
    """A draft that would replace a file."""


def write_draft(reference: Path, rubric: Path) -> tuple[Path, Path]:
    """Write a rubric for `reference`, and a file of checks beside it; return both paths.

    Raises `DraftError` if either is there already.
    """
    notebook = read_notebook(reference)
    checks = rubric.with_name("checks.py")
    for path in (rubric, checks):
        if path.exists():
            raise DraftError(f"{path} is there already: name another by --out, in another folder")
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
    return f"""title = {_text(notebook_title(notebook, reference.stem))}
reference = {_text(place.as_posix())}
checks = "checks.py"
seed = {secrets.randbelow(10**9)}  # of the hidden inputs: keep it secret
# seeds = [0, 1, 2]  # seed offsets of the reference's runs: what differs between them is random
# seeds = "auto"  # or as many runs as its random values need
# runs = [0, 1]  # seed offsets of each submission's runs
# all_or_nothing = false  # true: a run that fails gets nothing for what came before
# check_seconds = 10

[limits]  # of each run
seconds = 600  # of the clock
cell_seconds = {CELL_SECONDS}  # of CPU time, for each cell; 0: no limit but the run's
memory_gb = 4

# Points for showing what the reference shows below a heading and the headings under it. A section
# may also have
# compare = "exact"  # or "order-free", "numbers", "shape", "ignore"; by default by what is shown
# tolerance = 0.01  # how far numbers may be from the reference's, as a part of them
# manual = true  # free text: it waits in to_grade.html, its points are given in overrides.csv
{sections}
# Points for what a function in checks.py says of values out of the notebook. Below
# [check.fetch] stand its parameters, each with the expression, or a list of expressions to try,
# that gives its value.
{examples}"""


def _headings(notebook: NotebookNode) -> list[str]:
    """The headings with a cell below them that may show something, each once."""
    shown = (
        section.heading
        for section in sections_of(notebook)
        if any(_may_show(notebook.cells[cell].source) for cell in section.cells)
    )
    return list(dict.fromkeys(shown))


def _may_show(source: str) -> bool:
    try:
        return any(not isinstance(one, _SILENT) for one in ast.parse(source).body)
    except SyntaxError:  # magics, for one
        return True


def _checks(names: list[tuple[str, str]]) -> str:
    functions = [name for kind, name in names if kind == "function"]
    name = functions[0] if functions else "answer"
    return f'''"""Hidden checks. Students do not see this file; their code runs elsewhere.

A check gets values out of the notebook: numbers, texts, lists, and arrays of NumPy. It returns
nothing or True for all points, False for none, a number from 0 to 1 for a part, or raises
AssertionError with a message that the student may read. Imports: what is installed.
"""

import numpy as np


def inputs(rng):
    """Hidden inputs: arrays under these names are tensors in the expressions of [check.fetch]."""
    return {{"X_hidden": rng.normal(size=(8, 4)).astype(np.float32)}}


# def check_{name}(result, X_hidden):
#     assert np.shape(result) == X_hidden.shape, f"the shape is {{np.shape(result)}}"
'''


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
    """The functions, then the classes, then the variables that the reference defines, each once."""
    found: dict[tuple[str, str], None] = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            found |= dict.fromkeys(_defined_in(cell.source))
    kinds = ("function", "class", "variable")
    return sorted(found, key=lambda one: kinds.index(one[0]))


def _defined_in(source: str) -> Iterable[tuple[str, str]]:
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # magics, for one
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
    """`count` whole numbers, as equal as may be, whose sum is all points."""
    return [_POINTS * (i + 1) // count - _POINTS * i // count for i in range(count)]


def _text(text: str) -> str:
    # Every text of JSON is one of TOML's.
    return json.dumps(text, ensure_ascii=False)


def _commented(text: str) -> str:
    return "".join(f"# {line}\n" if line else "#\n" for line in text.splitlines())
