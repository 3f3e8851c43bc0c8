"""The contents page of a folder of executed notebooks.

Each notebook carries the record of its run in its metadata, so the page is made from what lies in
the folder, and a run of one lesson keeps the entries of the others.
"""

import html
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from nbformat import NotebookNode

from d2l.errors import D2LError
from d2l.notebook.lesson_index import book_order, chapter_of
from d2l.notebook.markdown import line_to_html
from d2l.notebook.page import document
from d2l.notebook.source import read_notebook

_KEY = "d2l"


@dataclass(frozen=True)
class Record:
    """What a contents page says of a run; `failure` is empty when every cell ran."""

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
        return None  # a notebook that was not run here
