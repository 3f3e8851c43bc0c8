"""Leave lessons in a folder: as notebooks to open, or executed, with their pages.

Knows where each file goes; what is in them is the other files' business.
"""

from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from d2l.errors import OverwriteError
from d2l.notebook.execute import CellRun, NotebookRun, run_notebook
from d2l.notebook.lesson_contents_page import Record, contents_page, keep_record
from d2l.notebook.lesson_index import Lesson
from d2l.notebook.page import notebook_page
from d2l.notebook.source import notebook_title, read_notebook


def export_lesson(lesson: Lesson, out: Path) -> Path:
    """Write the lesson to `out` as a notebook that has not run; return its path."""
    target = _target(lesson, out)
    nbformat.write(read_notebook(lesson.path), target)
    return target


def publish_lesson(
    lesson: Lesson,
    out: Path,
    cell_timeout: int | None = None,
    on_start: Callable[[NotebookNode], None] = lambda notebook: None,
    on_cell: Callable[[CellRun], None] = lambda cell: None,
) -> NotebookRun:
    """Run the lesson in `out/work`; write its notebook, its page and the contents page to `out`."""
    target = _target(lesson, out)
    notebook = read_notebook(lesson.path)
    on_start(notebook)
    work = out / "work"
    work.mkdir(exist_ok=True)
    run = run_notebook(notebook, work, cell_timeout, on_cell)
    failure = run.failure.message if run.failure else ""
    record = Record(notebook_title(notebook, lesson.name), round(run.seconds, 1), failure)
    keep_record(notebook, record)
    nbformat.write(notebook, target)
    page = notebook_page(
        notebook, record.title, str(record), contents="index.html", files=lesson.path.parent
    )
    target.with_suffix(".html").write_text(page, encoding="utf-8")
    (out / "index.html").write_text(contents_page(out), encoding="utf-8")
    return run


def _target(lesson: Lesson, out: Path) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{lesson.name}.ipynb"
    if target.resolve() == lesson.path.resolve():
        raise OverwriteError(f"{target} would replace its own source: give another folder by --out")
    return target
