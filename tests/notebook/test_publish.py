"""Lessons are left in a folder with their solutions folded, in JupyterLab and on the page."""

import nbformat
import pytest
from bs4 import BeautifulSoup

from d2l.notebook.lesson_index import Lesson
from d2l.notebook.publish import export_lesson, publish_lesson

TEXT = """# %% [markdown]
# # A lesson

# %%
x = 6

# %% tags=["hide-cell"]
# Solution of exercise 1
print(7 * x)
"""
FOLDED = {
    "tags": ["hide-cell"],
    "jupyter": {"source_hidden": True, "outputs_hidden": True},
}


@pytest.fixture
def lesson(tmp_path):
    path = tmp_path / "4_4_lesson.py"
    path.write_text(TEXT)
    return Lesson(path)


def metadata_of_cells(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return [dict(cell.metadata) for cell in notebook.cells]


def test_an_exported_lesson_has_its_solutions_folded(lesson, tmp_path):
    assert metadata_of_cells(export_lesson(lesson, tmp_path / "out")) == [{}, {}, FOLDED]


def test_an_executed_lesson_has_its_solutions_folded_in_the_notebook_and_on_the_page(
    lesson, tmp_path
):
    out = tmp_path / "out"
    assert publish_lesson(lesson, out).failure is None
    assert metadata_of_cells(out / "4_4_lesson.ipynb") == [{}, {}, FOLDED]
    page = BeautifulSoup((out / "4_4_lesson.html").read_text(encoding="utf-8"), "html.parser")
    (folded,) = page.find_all("details")
    assert folded.find("pre", class_="output").text == "42"
