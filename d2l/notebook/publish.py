"""Export lessons as notebooks, or run them and write notebooks, pages and a contents page."""

import html
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

import nbformat
from nbformat import NotebookNode

from d2l.errors import D2LError, OverwriteError
from d2l.notebook.execute import CellRun, NotebookRun, run_notebook
from d2l.notebook.hidden_cells import fold_hidden_cells
from d2l.notebook.lesson_index import Lesson, book_order, chapter_of
from d2l.notebook.render.markdown import line_to_html
from d2l.notebook.render.page import document, notebook_page
from d2l.notebook.source import notebook_title, read_notebook

_KEY = "d2l"


@dataclass(frozen=True)
class Record:
    """The entry of a run on the contents page; `failure` is empty if every cell ran."""

    title: str
    seconds: float
    failure: str

    def __str__(self) -> str:
        if self.failure:
            return f"failed after {self.seconds:.1f} s: {self.failure}"
        return f"ran in {self.seconds:.1f} s"


def keep_record(notebook: NotebookNode, record: Record) -> None:
    """Write the record into the notebook's metadata."""
    notebook.metadata[_KEY] = asdict(record)


def contents_page(folder: Path) -> str:
    """Return the page that lists the executed notebooks in `folder`, by chapter."""
    records = {path.stem: _record(path) for path in folder.glob("*.ipynb")}
    entries = {name: _entry(name, record) for name, record in records.items() if record}
    chapters = groupby(sorted(entries, key=book_order), key=chapter_of)
    lists = [_chapter(chapter, [entries[name] for name in names]) for chapter, names in chapters]
    return document("Lessons", "<main>\n<h1>Lessons</h1>\n" + "\n".join(lists) + "\n</main>")


def _chapter(heading: str, entries: list[str]) -> str:
    items = "\n".join(entries)
    return f'<h2>{html.escape(heading)}</h2>\n<ul class="contents">\n{items}\n</ul>'


def _entry(name: str, record: Record) -> str:
    link = f'<a href="{quote(name)}.html">{line_to_html(record.title)}</a>'
    status = "failed" if record.failure else "ok"
    return (
        f"<li>{link} <span>{record.seconds:.1f} s</span> "
        f'<span class="{status}" title="{html.escape(str(record))}">{status}</span></li>'
    )


def _record(path: Path) -> Record | None:
    try:
        return Record(**read_notebook(path).metadata[_KEY])
    except (D2LError, KeyError, TypeError):
        return None  # not a notebook written by `publish_lesson`


def export_lesson(lesson: Lesson, out: Path) -> Path:
    """Write the lesson to `out` as a notebook without outputs; return its path."""
    target = _target(lesson, out)
    nbformat.write(_lesson_notebook(lesson), target)
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
    notebook = _lesson_notebook(lesson)
    on_start(notebook)
    work = out / "work"
    work.mkdir(exist_ok=True)
    run = run_notebook(notebook, work, cell_timeout, on_cell)
    failure = run.failure.message if run.failure else ""
    record = Record(notebook_title(notebook, lesson.name), round(run.seconds, 1), failure)
    keep_record(notebook, record)
    nbformat.write(notebook, target)
    page = notebook_page(
        notebook,
        record.title,
        str(record),
        contents="index.html",
        files=lesson.path.parent,
        fold_solutions=True,
    )
    target.with_suffix(".html").write_text(page, encoding="utf-8")
    (out / "index.html").write_text(contents_page(out), encoding="utf-8")
    return run


def _lesson_notebook(lesson: Lesson) -> NotebookNode:
    notebook = read_notebook(lesson.path)
    fold_hidden_cells(notebook)
    return notebook


def _target(lesson: Lesson, out: Path) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{lesson.name}.ipynb"
    if target.resolve() == lesson.path.resolve():
        raise OverwriteError(
            f"{target} would overwrite its own source. Choose another folder with --out."
        )
    return target
