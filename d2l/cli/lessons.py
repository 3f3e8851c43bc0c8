"""`d2l lessons`: list the lessons, run them into notebooks and pages, export them to Jupyter.

Options and printed output; the work is done in `d2l.notebook`, imported only when needed.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.text import Text

from d2l.cli.terminal import INTERRUPTED, bar_in, plain_console, traceback_text
from d2l.notebook.lesson_index import Lesson, find_lessons, select_lessons
from d2l.notebook.optional_deps import require_tools

if TYPE_CHECKING:
    from d2l.notebook.execute import NotebookRun


@click.group()
def lessons() -> None:
    """The book's lessons as notebooks: list, run, export."""


@lessons.command("list")
def list_lessons() -> None:
    """Show the name and the title of every lesson."""
    found = find_lessons()
    width = max((len(lesson.name) for lesson in found), default=0)
    for lesson in found:
        plain_console().print(Text(f"{lesson.name:<{width}}  {lesson.title}"))


@lessons.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out/lessons"),
    show_default=True,
    help="Folder for the notebooks and pages; the lessons run in its subfolder 'work'.",
)
@click.option(
    "--timeout",
    type=click.IntRange(min=1),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="Time limit of each cell.",
)
@click.pass_context
def run(ctx: click.Context, names: tuple[str, ...], out: Path, timeout: int) -> None:
    """Run lessons into notebooks and pages.

    Writes an executed notebook and a page for each lesson, and a contents page.
    NAME is a lesson's name, a section such as 4.4, or the path of a notebook (.ipynb, .py, .md).
    Without a NAME every lesson is run.
    """
    require_tools()
    chosen = select_lessons(names, find_lessons())
    console = plain_console()
    runs: list[NotebookRun] = []
    try:
        for number, lesson in enumerate(chosen, start=1):
            runs.append(_run_one(console, lesson, f"{number}/{len(chosen)}", out, timeout))
    except KeyboardInterrupt:
        done = f"{len(runs)} of {len(chosen)} lessons finished, in {out}"
        click.echo(f"d2l: interrupted; {done}", err=True)
        ctx.exit(INTERRUPTED)
    failed = sum(run.failure is not None for run in runs)
    console.print(f"{len(runs)} run, {failed} failed; pages: {out / 'index.html'}")
    ctx.exit(1 if failed else 0)


@lessons.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder for the notebooks.",
)
def export(names: tuple[str, ...], out: Path) -> None:
    """Write lessons as notebooks for Jupyter."""
    require_tools()
    from d2l.notebook.publish import export_lesson

    for lesson in select_lessons(names, find_lessons()):
        plain_console().print(Text(str(export_lesson(lesson, out))))


def _run_one(
    console: Console, lesson: Lesson, place: str, out: Path, timeout: int
) -> "NotebookRun":
    from d2l.notebook.execute import code_cells
    from d2l.notebook.publish import publish_lesson

    with bar_in(console, "cells") as live:
        task = live.add_task(f"{place} {lesson.name}", total=None)
        done = publish_lesson(
            lesson,
            out,
            timeout,
            on_start=lambda notebook: live.update(task, total=len(code_cells(notebook))),
            on_cell=lambda cell: live.advance(task),
        )
    status = "ok" if done.failure is None else "FAILED"
    console.print(Text(f"{place:>6}  {lesson.name:<45} {status:<6} {done.seconds:7.1f} s"))
    if done.failure is not None:
        _show_failure(console, done)
    return done


def _show_failure(console: Console, done: "NotebookRun") -> None:
    failure = done.failure
    assert failure is not None
    cell = done.notebook.cells[failure.index]
    console.print(Text(f"code cell {len(done.cells)} failed:", style="bold"))
    console.print(Text(cell.source))
    console.print(Text("error:", style="bold"))
    console.print(traceback_text(failure.traceback or failure.message))
