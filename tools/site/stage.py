"""The folder that Sphinx reads: a copy of docs/ with the lessons as notebooks in it.

The lessons are executed somewhere else and the contents of the lessons' pages depend on what was
executed, so nothing of it is written to docs/ itself.
"""

import itertools
import re
import shutil
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from d2l.notebook.lesson_index import Lesson, chapter_of, find_lessons
from d2l.notebook.source import notebook_title, read_notebook
from tools.site.repository_links import PAGES, REPOSITORY

DOCS = REPOSITORY / "docs"
# Colab opens notebooks of a repository only. This branch has what `d2l lessons export` writes.
NOTEBOOKS_BRANCH = "notebooks"
PLACE = "<!-- lessons -->"


def stage(folder: Path, executed: Path | None, repository_url: str) -> None:
    """Write the sources of the site to `folder`, whose parent stands for the repository.

    Lessons without an executed notebook are included without outputs.
    """
    shutil.rmtree(folder.parent, ignore_errors=True)
    shutil.copytree(DOCS, folder)
    for included in PAGES:
        copy = folder.parent / included
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / included, copy)
    chapters = "```{toctree}\n:hidden:\n:glob:\n\n[0-9]*\n```\n"
    with (folder / "api" / "README.md").open("a", encoding="utf-8") as contents_of_api:
        contents_of_api.write(f"\n{chapters}")
    lessons = find_lessons()
    for lesson in lessons:
        _stage_lesson(lesson, folder, executed, repository_url)
    contents = folder / "tutorial" / "lessons.md"
    before, place, after = contents.read_text("utf-8").partition(PLACE)
    assert place, f"{contents} has no line {PLACE}"
    contents.write_text(before + _toctrees(lessons) + after, "utf-8")


def _stage_lesson(lesson: Lesson, folder: Path, executed: Path | None, repository_url: str) -> None:
    bare = read_notebook(lesson.path)
    download = folder / "lessons" / "download" / f"{lesson.name}.ipynb"
    download.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(bare, download)
    source = executed / f"{lesson.name}.ipynb" if executed else None
    notebook = nbformat.read(source, 4) if source and source.is_file() else bare
    _add_links(notebook, lesson.name, repository_url)
    nbformat.write(notebook, folder / "lessons" / f"{lesson.name}.ipynb")


def _add_links(notebook: NotebookNode, name: str, repository_url: str) -> None:
    """Put the line of links under the title of a lesson, or at its beginning if it has none."""
    links = lesson_links(name, repository_url)
    first = notebook.cells[0]
    if first.cell_type != "markdown":
        first = nbformat.v4.new_markdown_cell(f"# {notebook_title(notebook, name)}")
        notebook.cells.insert(0, first)
    title, *rest = first.source.split("\n", 1)
    first.source = "\n\n".join([title, links, *(part.lstrip("\n") for part in rest)])


def lesson_links(name: str, repository_url: str) -> str:
    """Where a lesson can be opened or read, as one paragraph of Markdown.

    >>> lesson_links("4_4_softmax_scratch", "")
    '[Notebook](path:download/4_4_softmax_scratch.ipynb){.badge} [Source](../../lessons/4_4_sof...
    """
    links = [
        f"[Notebook](path:download/{name}.ipynb){{.badge}}",
        f"[Source](../../lessons/{name}.py){{.badge}}",
    ]
    if repository_url:
        links.append(f"[GitHub]({repository_url}/blob/main/lessons/{name}.py){{.badge}}")
    if match := re.fullmatch(r"https://github\.com/([^/]+/[^/]+)", repository_url):
        place = f"{match[1]}/blob/{NOTEBOOKS_BRANCH}/{name}.ipynb"
        links.append(f"[Colab](https://colab.research.google.com/github/{place}){{.badge}}")
    return " ".join(links)


def _toctrees(lessons: list[Lesson]) -> str:
    """The contents of the lessons, a list for each chapter."""
    parts = []
    for chapter, members in itertools.groupby(lessons, key=lambda lesson: chapter_of(lesson.name)):
        pages = "\n".join(f"/lessons/{lesson.name}" for lesson in members)
        parts.append(f"```{{toctree}}\n:caption: {chapter}\n:maxdepth: 1\n\n{pages}\n```")
    return "\n\n".join(parts)
