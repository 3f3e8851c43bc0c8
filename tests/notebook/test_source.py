"""Reading notebooks from each form that they are written in, and from files that are none."""

import json

import nbformat
import pytest

from d2l.notebook.source import UnreadableNotebookError, notebook_title, read_notebook

PERCENT = "# %% [markdown]\n# Some words.\n#\n# # A title\n\n# %%\n1 + 1\n"
MYST = """---
kernelspec:
  name: other
  display_name: Other
---

# A title

```{code-cell}
1 + 1
```
"""


@pytest.mark.parametrize(("name", "text"), [("a.py", PERCENT), ("a.md", MYST)])
def test_a_script_and_a_myst_text_become_the_same_valid_notebook(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    notebook = read_notebook(path)
    nbformat.validate(notebook)
    assert [cell.source for cell in notebook.cells if cell.cell_type == "code"] == ["1 + 1"]
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook_title(notebook, "none") == "A title"


def test_an_ipynb_file_is_read_as_it_is(tmp_path):
    written = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")])
    nbformat.write(written, tmp_path / "a.ipynb")
    assert read_notebook(tmp_path / "a.ipynb").cells == written.cells


def test_a_notebook_without_a_heading_takes_the_default_title(tmp_path):
    (tmp_path / "a.py").write_text("# %%\n# # no heading, a comment\n")
    assert notebook_title(read_notebook(tmp_path / "a.py"), "its name") == "its name"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("damaged.ipynb", b'{"cells": ['),
        ("empty.ipynb", b""),
        ("another.ipynb", json.dumps({"rows": [1, 2]}).encode()),
        ("a_list.ipynb", b"[1, 2]"),
        ("bytes.py", b"\xff\xfe\x00"),
        ("picture.png", b"\x89PNG"),
        (
            "half_a_pair.ipynb",
            b'{"cells": [{"cell_type": "markdown", "metadata": {}, "source": '
            b'"\\ud800"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}',
        ),
    ],
)
def test_a_file_that_is_no_notebook_is_named_in_the_error(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableNotebookError, match=name):
        read_notebook(tmp_path / name)


def test_a_notebook_of_an_old_format_is_read_without_a_warning(tmp_path):
    cell = {"cell_type": "code", "language": "python", "input": ["1 + 1"], "outputs": []}
    sheet = {"cells": [cell | {"collapsed": False, "metadata": {}}], "metadata": {}}
    old = {"metadata": {}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [sheet]}
    (tmp_path / "old.ipynb").write_text(json.dumps(old))
    assert read_notebook(tmp_path / "old.ipynb").cells[0].source == "1 + 1"


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}},
        {"kernelspec": {"name": "ir", "display_name": "R"}},
        {"language_info": {"name": "R"}},
    ],
)
def test_a_notebook_in_another_language_is_refused(tmp_path, metadata):
    notebook = nbformat.v4.new_notebook(metadata=metadata)
    nbformat.write(notebook, tmp_path / "a.ipynb")
    with pytest.raises(UnreadableNotebookError, match=r"a\.ipynb is a notebook in R"):
        read_notebook(tmp_path / "a.ipynb")


def test_a_file_of_200_mb_is_refused_before_it_is_read(tmp_path):
    with open(tmp_path / "huge.ipynb", "wb") as file:
        file.truncate(200 * 10**6)  # a hole, which takes no room
    with pytest.raises(UnreadableNotebookError, match=r"200,000,000 bytes.*52,428,800"):
        read_notebook(tmp_path / "huge.ipynb")


def test_a_missing_file_is_named_in_the_error(tmp_path):
    with pytest.raises(UnreadableNotebookError, match=r"nowhere\.py.*No such file"):
        read_notebook(tmp_path / "nowhere.py")
