"""Notebooks made scripts: what is kept, what is commented out, what errors then say."""

import subprocess
import sys

import nbformat
import pytest

from d2l.notebook.script import as_script
from d2l.notebook.source import UnreadableNotebookError

MYST = (
    "---\nkernelspec:\n  name: {0}\n  display_name: {0}\n---\n\n```{{code-cell}} {0}\nx = 1\n```\n"
)


@pytest.fixture
def notebook(tmp_path):
    def write(*cells, name="own.ipynb", **metadata):
        code = [nbformat.v4.new_code_cell(cell) for cell in cells]
        written = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# T"), *code])
        written.metadata.update(metadata)
        nbformat.write(written, tmp_path / name)
        return tmp_path / name

    return write


def cells_of(script):
    """The lines below each cell's heading."""
    return [part.strip("\n").split("\n")[1:] for part in script.split("# cell ")[1:]]


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("%matplotlib inline\nx = 1", "# %matplotlib inline\nx = 1"),
        ("!pip install 'a\nx = 1", "# !pip install 'a\nx = 1"),
        ("!a \\\n  b\nx = 1", "# !a \\\n# b\nx = 1"),
        ("files = !ls", "# files = !ls"),
        ("print?", "# print?"),
        ("?print", "# ?print"),
        ("if True:\n    %cd ..\nx = 1", "if True:\n    pass  # %cd ..\nx = 1"),
        ("%time x = 1", "x = 1"),
        ("%%time\nx = 1", "# %%time\nx = 1"),
        ("%%bash\necho '\nls", "# %%bash\n# echo '\n# ls"),
        (
            "get_ipython().run_line_magic('a',\n  'b')",
            "# get_ipython().run_line_magic('a',\n# 'b')",
        ),
        ("x = (7\n  % 4)", "x = (7\n  % 4)"),
        ("x = '''\n%d\n!no\n'''", "x = '''\n%d\n!no\n'''"),
        ("", ""),
    ],
)
def test_what_only_a_notebook_understands_is_commented_out(notebook, given, left):
    script = as_script(notebook(given))
    assert cells_of(script) == [left.split("\n") if left else []]
    compile(script, "script", "exec")


def test_cells_keep_their_order_each_below_its_number(notebook):
    script = as_script(notebook("x = 1", "", "x + 1"))
    assert [line for line in script.split("\n") if line.startswith("# cell")] == [
        "# cell 1", "# cell 2", "# cell 3",
    ]  # fmt: skip
    assert cells_of(script) == [["x = 1"], [], ["x + 1"]]


def test_imports_from_the_future_come_first_from_whichever_cell(notebook):
    future = "from __future__ import annotations"
    script = as_script(notebook("x = 1", f"{future}\nx = 2", f"{future}\nx = 3"))
    compile(script, "script", "exec")
    assert script.split("\n").count(future) == 1
    assert cells_of(script)[1:] == [[f"# {future}", "x = 2"], [f"# {future}", "x = 3"]]


def test_a_myst_text_is_made_a_script_too(tmp_path):
    path = tmp_path / "own.md"
    path.write_text(MYST.format("python3"))
    assert cells_of(as_script(path)) == [["x = 1"]]


def test_a_notebook_in_another_language_is_refused(notebook, tmp_path):
    in_r = notebook("x <- 1", kernelspec={"name": "ir", "display_name": "R", "language": "R"})
    in_julia = tmp_path / "own.md"
    in_julia.write_text(MYST.format("julia"))
    for path, language in ((in_r, "R"), (in_julia, "julia")):
        with pytest.raises(UnreadableNotebookError, match=f"own.* is a notebook in {language}; "):
            as_script(path)


def test_a_cell_that_is_no_python_is_named(notebook):
    with pytest.raises(
        UnreadableNotebookError, match=r"own\.ipynb, cell 2 is not valid Python.*line 2"
    ):
        as_script(notebook("x = 1", "y = 1\ny = = 2"))


def test_a_script_imports_and_fails_as_its_notebook(notebook, tmp_path):
    (tmp_path / "helper.py").write_text("two = 2\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path = notebook(
        "import helper\ndef half(x):\n    # cell 7\n    return helper.two / x",
        "print(__name__, get_ipython())\ndisplay(half(1))",
        "\nhalf(0)",
    )
    (elsewhere / "script.py").write_text(as_script(path))
    command = [sys.executable, str(elsewhere / "script.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert done.stdout == "__main__ None\n2.0\n"
    assert done.stderr.endswith(
        "ZeroDivisionError: division by zero\nIn own.ipynb: cell 3, line 2; cell 1, line 4.\n"
    )
