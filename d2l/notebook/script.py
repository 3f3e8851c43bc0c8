"""Convert a notebook to a Python script, with magics and shell commands commented out.

The cells keep their order and their lines; each is preceded by its number among the code cells, as
in `# cell 3`.
"""

import ast
import re
import warnings
from pathlib import Path

from d2l.notebook.source import UnreadableNotebookError, notebook_language, read_notebook

CELLS_OF_PYTHON = ("%%time", "%%timeit", "%%capture", "%%prun", "%%matplotlib")
TIMED = re.compile(r"(\s*)%time\s+(?P<statement>\S.*)")
MAGIC = re.compile(r"\s*([%!?]|[\w.,\s]+=\s*[%!])|.*\?\s*$")
FUTURE = re.compile(r"from __future__ import .*")
FROM_IPYTHON = {  # names available in notebooks without an import
    "display": "from IPython.display import display",
    "get_ipython": "from IPython import get_ipython",  # returns None in a script
}


def as_script(path: Path) -> str:
    """Return the notebook in the file `path` as the text of a script.

    Raises `UnreadableNotebookError` if the file is not a Python notebook.
    """
    language = notebook_language(path)
    if not language.lower().startswith(("python", "ipython")):
        raise UnreadableNotebookError(
            f"{path} is a notebook in {language}; only Python notebooks are supported."
        )
    cells = [cell.source for cell in read_notebook(path).cells if cell.cell_type == "code"]
    parts: list[str] = []
    futures: list[str] = []
    for number, source in enumerate(cells, start=1):
        lines = _python(source, f"{path}, cell {number}")
        futures += [line for line in lines if FUTURE.fullmatch(line)]
        lines = [_commented(line) if FUTURE.fullmatch(line) else line for line in lines]
        parts.append("\n".join([f"# cell {number}", *lines, ""]))
    return "\n".join([_head(path, futures, "\n".join(parts)), *parts])


def _head(path: Path, futures: list[str], code: str) -> str:
    names = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    return "\n".join([
        f"# The code cells of {path.name}.",
        *dict.fromkeys(futures),
        "from d2l.notebook.script_traceback import install_cell_traceback",
        "",
        f"install_cell_traceback(__file__, {str(path.resolve())!r})",
        *(line for name, line in FROM_IPYTHON.items() if name in names),
        "",
    ])  # fmt: skip


def _python(source: str, where: str) -> list[str]:
    """Return the lines of a cell, with IPython's own syntax commented out."""
    lines = source.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%") and not first.startswith(CELLS_OF_PYTHON):
        return [_commented(line) for line in lines]
    if first.startswith("%%"):
        _drop(lines, lines.index(first), lines.index(first))
    while True:
        try:
            tree = _parse(lines, where)
        except SyntaxError as error:
            at = (error.lineno or 1) - 1
            if at >= len(lines) or not MAGIC.match(lines[at]):
                raise UnreadableNotebookError(
                    f"{where} is not valid Python: {error.msg}, line {at + 1}"
                ) from error
            timed = TIMED.fullmatch(lines[at])
            if timed:
                lines[at] = timed[1] + timed["statement"]
            else:
                _drop(lines, at, _end(lines, at))
        else:
            for first_line, last_line in _calls_of_shell(tree):
                _drop(lines, first_line - 1, last_line - 1)
            return lines


def _parse(lines: list[str], where: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they are shown when the script runs
        tree = ast.parse("\n".join(lines) + "\n", where)
        compile(tree, where, "exec", dont_inherit=True)  # finds further syntax errors
    return tree


def _calls_of_shell(tree: ast.Module) -> list[tuple[int, int]]:
    """Return the first and last lines of statements that only call the notebook's shell."""
    return [
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and _caller(node.value) == "get_ipython"
    ]


def _caller(node: ast.expr) -> str:
    """Return the leftmost name of calls and attributes: `f` of `f(x).g(y)`."""
    while isinstance(node, (ast.Call, ast.Attribute)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _end(lines: list[str], at: int) -> int:
    """Return the index of the last line of a magic, which a backslash continues."""
    while lines[at].endswith("\\") and at + 1 < len(lines):
        at += 1
    return at


def _drop(lines: list[str], first: int, last: int) -> None:
    """Comment lines out, with a `pass` if they are in an indented block."""
    indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
    for i in range(first, last + 1):
        lines[i] = _commented(lines[i])
    if indent:
        lines[first] = f"{indent}pass  {lines[first]}"


def _commented(line: str) -> str:
    return f"# {line.strip()}".rstrip() if line.strip() else line
