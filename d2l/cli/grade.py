"""`d2l grade`: run, compare, check and mark a whole class of notebooks.

Says what happens; the work is done in `d2l.grader.grading`, loaded only when it is needed.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.cells import set_cell_size
from rich.text import Text

from d2l.cli.sandbox_options import SandboxOptions, sandbox_options
from d2l.cli.terminal import INTERRUPTED, bar_in, plain_console, printable
from d2l.notebook.optional_deps import require_tools

if TYPE_CHECKING:
    from d2l.grader.grading.grade_class import GradingConfig
    from d2l.grader.grading.result import StudentResult
    from d2l.grader.grading.submissions import Submission

_NAME_WIDTH = 30
_REASON_WIDTH = 100
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("folder", type=_FOLDER)
@click.option(
    "--rubric",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="What gives points; `d2l rubric init` drafts one.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many submissions run at a time; by default one on each core.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out/grades"),
    show_default=True,
    help="Folder for grades.csv, summary.json, index.html and a page for each student.",
)
@click.option("--resume", is_flag=True, help="Go on in --out: what is finished is kept.")
@sandbox_options
@click.pass_context
def grade(
    ctx: click.Context,
    folder: Path,
    rubric: Path,
    jobs: int | None,
    out: Path,
    resume: bool,
    walls: SandboxOptions,
) -> None:
    """Grade every submission in FOLDER: notebooks, folders of students, or .zip files.

    Each runs in a sandbox without network and without access to the reference, the rubric or
    other submissions. Exits with 0 when all are graded, whatever their points; with 1 when the
    grading itself needs a look: a check that is broken, a submission that could not be graded.
    """
    require_tools()
    plan = _plan(folder, rubric, jobs, out, walls)
    results: list[StudentResult] = []
    try:
        results = _grade(plan, resume)
    except KeyboardInterrupt:
        click.echo(
            f"d2l: interrupted; what is finished is kept: go on by --resume, {out}", err=True
        )
        ctx.exit(INTERRUPTED)
    ctx.exit(_conclude(results, out))


def _plan(
    folder: Path, rubric_path: Path, jobs: int | None, out: Path, walls: SandboxOptions
) -> "GradingConfig":
    from d2l.grader.grading.grade_class import GradingConfig
    from d2l.grader.grading.rubric import read_rubric
    from d2l.grader.grading.submissions import collect
    from d2l.grader.sandbox.run import run_in_sandbox

    rubric = read_rubric(rubric_path)
    submissions = collect(folder)
    _require_apart(
        folder, {"--rubric": rubric.path, "--out": out, "the reference": rubric.reference}
    )
    hidden = [rubric.path, rubric.reference, submissions[0].path]
    sandbox = walls.sandbox(rubric.limits, hidden)
    return GradingConfig(rubric, submissions, sandbox, run_in_sandbox, out, jobs or _cores())


def _require_apart(folder: Path, others: dict[str, Path]) -> None:
    for name, path in others.items():
        if path.resolve().is_relative_to(folder.resolve()):
            raise click.UsageError(
                f"{name} ({path}) lies among the submissions in {folder}: keep it in another folder"
            )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _grade(plan: "GradingConfig", resume: bool) -> "list[StudentResult]":
    from d2l.grader.grading.grade_class import ProgressListener, grade_class

    class Shown(ProgressListener):
        """A bar in a terminal, and a line for each submission everywhere."""

        def reference(self, runs: int) -> None:
            live.update(bar, description="reference", total=runs)

        def reference_run(self) -> None:
            live.advance(bar)

        def begin(self, submissions: int, finished: int) -> None:
            live.update(bar, description="", total=submissions, completed=finished)
            if finished:
                console.print(f"{finished} of {submissions} are graded already")

        def start(self, submission: "Submission") -> None:
            running.append(submission.student)
            live.update(bar, description=printable(", ".join(running))[: _NAME_WIDTH * 2])

        def done(self, submission: "Submission", result: "StudentResult") -> None:
            running.remove(submission.student)
            live.advance(bar)
            number = int(live.tasks[0].completed)
            console.print(_line(f"{number}/{len(plan.submissions)}", result))

    console = plain_console()
    running: list[str] = []
    with bar_in(console) as live:
        bar = live.add_task("reference", total=None)
        return grade_class(plan, Shown(), resume=resume)


def _line(place: str, result: "StudentResult") -> Text:
    name = set_cell_size(printable(result.student), _NAME_WIDTH)
    points = f"{result.total:g} of {result.out_of:g}"
    broken = "; ".join(f"the check {check.name!r} is broken" for check in result.broken)
    said = printable("; ".join(filter(None, (result.reason, broken))))
    if len(said) > _REASON_WIDTH:
        said = f"{said[:_REASON_WIDTH]}…"
    line = f"{place:>9}  {name}  {result.status:<10} {points:>14} {result.seconds:7.1f} s  {said}"
    return Text(line.rstrip())


def _conclude(results: "Sequence[StudentResult]", out: Path) -> int:
    """Say where everything is, and what the instructor must look into."""
    from d2l.grader.grading.grades_table import note_copies

    broken = {check.name: check.message for result in results for check in result.broken}
    for name, message in broken.items():
        count = sum(check.name == name for result in results for check in result.broken)
        click.echo(
            printable(f"d2l: the check {name!r} is broken on {_counted(count)}: {message}"),
            err=True,
        )
    unfinished = [result.student for result in results if result.status in ("start", "not graded")]
    if unfinished:
        names = printable(", ".join(unfinished))
        click.echo(f"d2l: not graded, try --resume: {names}", err=True)
    copies = sum(bool(result.same_as) for result in note_copies(results))
    if copies:
        click.echo(f"{copies} students handed in the same file as another: see the page")
    click.echo(printable(f"{len(results)} graded; {out / 'grades.csv'}, {out / 'index.html'}"))
    return 1 if broken or unfinished else 0


def _counted(submissions: int) -> str:
    return "1 submission" if submissions == 1 else f"{submissions} submissions"
