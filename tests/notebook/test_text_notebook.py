"""Notebooks written as text: read as jupytext reads them, but nothing is started or expanded."""

import time
from itertools import pairwise
from pathlib import Path

import jupytext
import pytest

import d2l
from d2l.notebook.source import (
    MAX_CELLS,
    MAX_TEXT_BYTES,
    UnreadableNotebookError,
    read_notebook,
)

LESSONS = Path(d2l.__file__).parents[1] / "lessons"

PERCENT = '''# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A title
#
# Words with $x$.

# %% tags=["raises-exception", "slow"]
# %matplotlib inline
# !pip install d2l
import torch  # %%


def f(x):

    # a comment
    return x

# %% A cell with a title [markdown]
"""
Words between quotes.
"""

# %%
# # only a comment
f(1)

# %% [raw]
# raw
'''
LIGHT = """# # A title
#
# Words.

# More words.

import torch


def f(x):

    return x

# %matplotlib inline
text = '''

# not a comment
'''

# + tags=["raises-exception"]
f(1)

f(2)
# -

# + [markdown]
# Words again.
# -

f(3)
"""
MYST = """---
jupytext:
  text_representation:
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
---

# A title

```python
not_run = True
```

```{code-cell} ipython3
:tags: [raises-exception, slow]

x = '''
````
'''
```

+++

More words.

````{code-cell}
---
tags:
  - slow
---
```{code-cell}
````

- a list

~~~{code-cell}
y = 1
~~~
"""
MARKDOWN = """# A title

Words.

```python tags=["slow"]
x = 1
```

```
not run
```

```python .noeval
not_run = True
```

    ```python
    indented = True

The end.
"""
TEXTS = {"percent.py": PERCENT, "light.py": LIGHT, "myst.md": MYST, "markdown.md": MARKDOWN}


def cells_of(notebook):
    """What of the cells matters: text between code is one text, however it was divided."""
    cells = []
    for cell in notebook.cells:
        source = cell.source.strip("\n")
        if cell.cell_type == "markdown" and cells and cells[-1][0] == "markdown":
            cells[-1] = ("markdown", " ".join(f"{cells[-1][1]} {source}".split()), [])
        elif source:
            text = source if cell.cell_type == "code" else " ".join(source.split())
            cells.append((cell.cell_type, text, sorted(cell.metadata.get("tags", []))))
    return cells


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_divided_into_cells_as_jupytext_does(tmp_path, name):
    path = tmp_path / name
    path.write_text(TEXTS[name])
    form = {"extension": path.suffix, "format_name": path.stem}
    expected = cells_of(jupytext.reads(TEXTS[name], form))
    assert cells_of(read_notebook(path)) == expected
    assert len(expected) >= 3
    assert any(tags for _, _, tags in expected)


@pytest.mark.parametrize("path", sorted(LESSONS.glob("*.py")), ids=lambda path: path.stem)
def test_each_lesson_is_divided_into_cells_as_jupytext_does(path):
    assert cells_of(read_notebook(path)) == cells_of(jupytext.read(path))


def test_line_ends_of_windows_are_line_ends(tmp_path):
    path = tmp_path / "a.py"
    path.write_bytes(b"# %%\r\nx = 1\r\ny = 2\r\n")
    assert cells_of(read_notebook(path)) == [("code", "x = 1\ny = 2", [])]


def test_a_script_that_is_not_valid_is_one_cell(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("x = 1\n\n%matplotlib inline\n\nprint(x)\n")
    assert [cell.source for cell in read_notebook(path).cells] == [path.read_text().rstrip()]


@pytest.mark.parametrize(
    "text",
    [
        "```{code-cell} R\n1\n```\n",
        "---\nkernelspec:\n  name: ir\n---\n```{code-cell}\n1\n```\n",
        "---\njupyter:\n  kernelspec:\n    language: julia\n---\n```python\n1\n```\n",
    ],
)
def test_a_text_in_another_language_is_refused(tmp_path, text):
    (tmp_path / "a.md").write_text(text)
    with pytest.raises(UnreadableNotebookError, match="only Python notebooks are supported"):
        read_notebook(tmp_path / "a.md")


def test_the_language_of_the_words_is_not_that_of_the_code(tmp_path):
    (tmp_path / "a.md").write_text("---\nlanguage: de\nname: Hausaufgabe\n---\n# Titel\n")
    assert read_notebook(tmp_path / "a.md").metadata.kernelspec.language == "python"


HEADER = (
    "---\njupyter:\n  jupytext:\n    text_representation:\n      format_name: {}\n---\n\nwords\n"
)


@pytest.mark.parametrize("suffix", [".md", ".py"])
@pytest.mark.parametrize("name", ["pandoc", "marimo", "quarto", "spin", "sphinx", "rmarkdown"])
@pytest.mark.parametrize("times", [1, 2])
def test_no_header_has_a_program_started(tmp_path, monkeypatch, suffix, name, times):
    trace = tmp_path / "trace"
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in ("pandoc", "marimo", "quarto"):
        (programs / program).write_text(f"#!/bin/sh\necho $0 >> {trace}\n")
        (programs / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    # A second header is text, also for a reader that takes off the first.
    text = HEADER.format("markdown" if suffix == ".md" else "light") * (times - 1)
    text += HEADER.format(name)
    if suffix == ".py":
        text = "".join(f"# {line}\n" for line in text.splitlines())
    path = tmp_path / f"a{suffix}"
    path.write_text(text)
    if times == 1:
        with pytest.raises(UnreadableNotebookError, match=f"format '{name}'; supported are"):
            read_notebook(path)
    else:
        assert read_notebook(path).cells
    assert not trace.exists()


def test_references_within_a_header_or_a_cell_are_not_expanded(tmp_path):
    names = "abcdefghijklmnop"
    lines = ["a: &a [x, x]"]
    lines += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in pairwise(names)]
    bomb = "\n".join(lines)
    for text in (f"---\n{bomb}\n---\nwords", f"```{{code-cell}}\n---\n{bomb}\n---\n1\n```"):
        (tmp_path / "a.md").write_text(text)
        start = time.process_time()
        assert len(read_notebook(tmp_path / "a.md").cells) == 1
        assert time.process_time() - start < 1


PIECES = {
    "a.py": ["\n", "\t\n", "# %%\n", "# +\n", "# -\n", "#\n", "x\n\n", "# %% tags=[", "'''\n\n",
             "# ---\n", "(", "# In[", " ", "#", "# %matplotlib\n", "# kernelspec:\n#  "],
    "a.md": ["\n", "```{code-cell}\n", "```\n", "+++\n", ":tags: [", "tags:\n- a\n", "---\n", "> ",
             "- ", "`", "-", "[a]: b\n", "kernelspec:\n  ", "+"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "piece"), [(name, piece) for name, pieces in PIECES.items() for piece in pieces]
)
def test_a_long_text_takes_little_time_whatever_it_is_made_of(tmp_path, name, piece):
    path = tmp_path / name
    start_of_header = "# ---\n" if name == "a.py" else "---\n"
    for before in ("", f"{start_of_header}{start_of_header}# +\n```{{code-cell}}\n"):
        path.write_text(before + piece * ((MAX_TEXT_BYTES - 50) // len(piece)))
        start = time.process_time()
        try:
            assert len(read_notebook(path).cells) <= MAX_CELLS
        except UnreadableNotebookError as error:
            assert "the notebook has more than" in str(error)  # noqa: PT017
        assert time.process_time() - start < 5


@pytest.mark.parametrize("name", ["a.py", "a.md"])
def test_a_text_with_too_many_cells_is_refused(tmp_path, name):
    cell = "# %%\n1\n" if name == "a.py" else "```python\n1\n```\n"
    (tmp_path / name).write_text(cell * MAX_CELLS)
    assert len(read_notebook(tmp_path / name).cells) == MAX_CELLS
    (tmp_path / name).write_text(cell * (MAX_CELLS + 1))
    with pytest.raises(UnreadableNotebookError, match="2,000 cells"):
        read_notebook(tmp_path / name)


def test_a_text_of_megabytes_is_refused_before_it_is_read(tmp_path):
    (tmp_path / "a.py").write_bytes(b"\n" * 3_000_000)
    with pytest.raises(UnreadableNotebookError, match="3,000,000 bytes"):
        read_notebook(tmp_path / "a.py")
