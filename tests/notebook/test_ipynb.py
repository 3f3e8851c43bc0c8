"""What Jupyter opens is read, whatever its editor left out or added, at a bounded cost."""

import json
import random
import time
import warnings

import nbformat
import pytest

from d2l.notebook.execute import run_notebook
from d2l.notebook.ipynb import MAX_CONTAINERS
from d2l.notebook.source import MAX_CELLS, UnreadableNotebookError, read_notebook


def clean():
    """A notebook as Jupyter writes it."""
    picture = {"output_type": "display_data", "data": {"text/plain": "a figure"}, "metadata": {}}
    result = {
        "output_type": "execute_result", "data": {"text/plain": "42"}, "metadata": {},
        "execution_count": 2,
    }  # fmt: skip
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# 1. Sums"},
        code("b", "x = 6\nprint('x is', x)", stream("x is 6\n")),
        code("c", "x * 7", picture, result),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}


def code(name, source, *outputs):
    return {
        "cell_type": "code", "id": name, "metadata": {}, "source": source, "execution_count": 1,
        "outputs": list(outputs),
    }  # fmt: skip


def stream(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def without_outputs(book):
    for cell in book["cells"][1:]:
        cell.pop("outputs", None)


def with_every_fault(book):
    for change in CHANGES.values():
        change(book)


CHANGES = {  # what was changed: how, given the notebook
    "ids in 4.4": lambda book: book.update(nbformat_minor=4),
    "no ids in 4.5": lambda book: [cell.pop("id", None) for cell in book["cells"]],
    "the same ids": lambda book: [cell.update(id="a") for cell in book["cells"]],
    "a long id": lambda book: book["cells"][1].update(id="x" * 80),
    "an id with a blank": lambda book: book["cells"][1].update(id="my cell"),
    "no execution_count": lambda book: book["cells"][1].pop("execution_count", None),
    "a count that is a text": lambda book: book["cells"][1].update(execution_count="1"),
    "a count on markdown": lambda book: book["cells"][0].update(execution_count=None),
    "outputs on markdown": lambda book: book["cells"][0].update(outputs=[]),
    "unknown keys": lambda book: book["cells"][1].update(transient={"deleting": False}, a=1),
    "tags with a comma": lambda book: book["cells"][1]["metadata"].update(tags=["a,b"]),
    "tags twice": lambda book: book["cells"][1]["metadata"].update(tags=["a", "a"]),
    "tags that are none": lambda book: book["cells"][1]["metadata"].update(tags=[1, "", None]),
    "collapsed null": lambda book: book["cells"][1]["metadata"].update(collapsed=None),
    "scrolled null": lambda book: book["cells"][1]["metadata"].update(scrolled=None),
    "attachments on code": lambda book: book["cells"][1].update(
        attachments={"a.png": {"image/png": "iVBO"}}
    ),
    "kernelspec null": lambda book: book["metadata"].update(kernelspec=None),
    "language_info null": lambda book: book["metadata"].update(language_info=None),
    "display_data without metadata": lambda book: book["cells"][2]["outputs"][0].pop("metadata"),
    "result without count": lambda book: book["cells"][2]["outputs"][1].pop("execution_count"),
    "stream without name": lambda book: book["cells"][1]["outputs"][0].pop("name"),
    "pyout": lambda book: book["cells"][2]["outputs"][1].update(output_type="pyout"),
    "pyerr": lambda book: book["cells"][2]["outputs"].append(
        {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": None}
    ),
    "an unknown output": lambda book: book["cells"][2]["outputs"].append({"output_type": "new"}),
    "metadata null of an output": lambda book: book["cells"][2]["outputs"][1].update(metadata=None),
    "source null": lambda book: book["cells"].append(code("d", None)),
    "an unknown cell": lambda book: book["cells"].append(
        {"cell_type": "heading", "metadata": {}, "source": "a", "level": 1}
    ),
    "authors that are none": lambda book: book["metadata"].update(authors=None, title=None),
    "no outputs": without_outputs,
}


def written(path, book):
    path.write_text(json.dumps(book), encoding="utf-8")
    return path


def what_runs(notebook):
    return [
        (cell.cell_type, cell.source) for cell in notebook.cells if cell.source not in ("", "a")
    ]


@pytest.mark.parametrize("change", [*CHANGES.values(), with_every_fault], ids=[*CHANGES, "all"])
def test_a_notebook_that_jupyter_opens_is_read_with_its_code_and_text(tmp_path, change):
    book = clean()
    change(book)
    path = written(tmp_path / "a.ipynb", book)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert nbformat.read(path, as_version=4).cells  # the rule
    notebook = read_notebook(path)
    nbformat.validate(notebook)
    assert what_runs(notebook) == what_runs(nbformat.from_dict(clean()))


def test_what_was_repaired_is_noted_once_for_each_kind(tmp_path):
    notes = []
    read_notebook(written(tmp_path / "a.ipynb", clean()), notes.append)
    assert notes == []
    book = clean()
    without_outputs(book)
    read_notebook(written(tmp_path / "a.ipynb", book), notes.append)
    assert notes == ["a code cell had no list of outputs (2x)"]


def test_stored_outputs_stay_as_they_are(tmp_path):
    book = clean()
    CHANGES["pyout"](book)
    CHANGES["stream without name"](book)
    notebook = read_notebook(written(tmp_path / "a.ipynb", book))
    kept = [output for cell in notebook.cells[1:] for output in cell.outputs]
    assert kept == [output for cell in clean()["cells"][1:] for output in cell["outputs"]]


def test_a_notebook_with_every_fault_runs_as_the_clean_one(tmp_path):
    book = clean()
    with_every_fault(book)
    runs = [
        run_notebook(read_notebook(written(tmp_path / name, version)), tmp_path)
        for name, version in (("clean.ipynb", clean()), ("faults.IPYNB", book))
    ]
    shown = [
        [output.get("text") or output["data"]["text/plain"] for output in cell.outputs]
        for run in runs
        for cell in run.cells
    ]
    assert shown == [["x is 6\n"], ["42"]] * 2


@pytest.mark.parametrize("name", ["a.IPYNB", "a.Ipynb"])
def test_the_ending_may_be_in_capitals(tmp_path, name):
    assert read_notebook(written(tmp_path / name, clean())).cells


def test_a_byte_order_mark_is_passed_over(tmp_path):
    (tmp_path / "a.ipynb").write_text(json.dumps(clean()), encoding="utf-8-sig")
    assert what_runs(read_notebook(tmp_path / "a.ipynb"))
    (tmp_path / "a.py").write_text("# %%\n1\n", encoding="utf-8-sig")
    assert what_runs(read_notebook(tmp_path / "a.py")) == [("code", "1")]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"<!DOCTYPE html>\n<html>", "a web page saved as .ipynb"),
        (b"\n  <html>", "a web page saved as .ipynb"),
        (b"# %% [markdown]\n# words\nimport torch\n", "a Python script saved as .ipynb"),
        (b"%PDF-1.7 \xff", "a PDF saved as .ipynb"),
        (b"PK\x03\x04\x14", "a zip archive saved as .ipynb"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b" \n", "the file is empty"),
        (b"my homework", "the file is not JSON"),
        (b'{"rows": []}', "the file is JSON, but not a notebook"),
        (b'{"cells": [], "nbformat": 7}', "unsupported format version 7"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, content, what):
    (tmp_path / "a.ipynb").write_bytes(content)
    with pytest.raises(UnreadableNotebookError, match=what):
        read_notebook(tmp_path / "a.ipynb")


BOMBS = {
    "cells": json.dumps(clean() | {"cells": [code(f"c{n}", "1") for n in range(MAX_CELLS + 1)]}),
    "depth": '{"cells": ' + "[" * 100_000,
    "closed depth": '{"cells": ' + "[" * 900 + "]" * 900 + "}",
    "containers": '{"cells": [' + "{}," * 5_000_000 + "{}]}",
    "values": '{"cells": [' + "1," * 5_000_000 + "1]}",
    "another encoding": json.dumps(clean()).encode("utf-16-le"),
    "an open string": '{"cells": "' + '\\"' * 5_000_000,
    "a long number": '{"cells": ' + "1" * 5_000_000 + "}",
    "sheets": json.dumps({
        "nbformat": 3, "worksheets": [{"cells": [{}] * 100}] * 30, "metadata": {},
    }),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_file_that_would_take_long_or_much_memory_is_refused_soon(tmp_path, name):
    bomb = BOMBS[name]
    (tmp_path / "a.ipynb").write_bytes(bomb if isinstance(bomb, bytes) else bomb.encode())
    start = time.process_time()
    with pytest.raises(UnreadableNotebookError):
        read_notebook(tmp_path / "a.ipynb")
    assert time.process_time() - start < 5


def test_a_notebook_as_large_as_it_may_be_is_read_in_seconds(tmp_path):
    rows = random.Random(0).choices(range(10), k=MAX_CONTAINERS // 2)
    data = {"application/json": [[row] for row in rows]}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    book = clean() | {"cells": [code(f"c{n}", "1\n" * 100) for n in range(MAX_CELLS)]}
    book["cells"][0]["outputs"] = [output]
    path = written(tmp_path / "a.ipynb", book)
    start = time.process_time()
    assert len(read_notebook(path).cells) == MAX_CELLS
    assert time.process_time() - start < 10
