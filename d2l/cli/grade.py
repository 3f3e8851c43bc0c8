"""`d2l grade`: run, compare, check and grade a whole class of notebooks.

Options and printed output; the work is done in `d2l.grader.grading`, imported only when needed.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.cells import set_cell_size
from rich.text import Text

from d2l.cli.sandbox_options import SandboxOptions, sandbox_options
from d2l.cli.terminal import INTERRUPTED, bar_in, plain_console, printable
from d2l.notebook.optional_deps import require_tools

if TYPE_CHECKING:
    from d2l.files.csv_cells import CsvTable
    from d2l.files.people_table import Match
    from d2l.grader.grading.grade_class import GradingConfig
    from d2l.grader.grading.grades_table import StudentClass
    from d2l.grader.grading.result import StudentResult
    from d2l.grader.grading.rubric import Rubric
    from d2l.grader.grading.submissions import Submission

_NAME_WIDTH = 30
_REASON_WIDTH = 100
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True)
class ClassOptions:
    """Options about students and tables."""

    attempt: int | None
    roster: Path | None
    into: Path | None
    column: str | None
    overrides: Path | None
    anonymous: bool


@click.command()
@click.argument("submissions", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--rubric",
    type=_FILE,
    required=True,
    help="What gives points, as a TOML file; `d2l rubric init` drafts one.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of submissions run at a time; by default the number of cores.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out/grades"),
    show_default=True,
    help="Folder for grades.csv, summary.json, index.html and a page for each student.",
)
@click.option(
    "--resume", is_flag=True, help="Continue the grading in --out; finished results are kept."
)
@click.option(
    "--attempt",
    type=click.IntRange(min=1),
    metavar="N",
    help="Grade the N-th attempt of each student, or the last if there are fewer; by default the "
    "last.",
)
@click.option(
    "--roster", type=_FILE, help="CSV file that maps names to ids, logins or email addresses."
)
@click.option(
    "--into",
    type=_FILE,
    help="CSV file exported by the platform; a copy with the points is written to --out.",
)
@click.option("--column", help='The column of --into for the points, such as "HW1 (123456)".')
@click.option(
    "--overrides",
    type=_FILE,
    help="CSV file of manual points and comments (student, item, points, comment); by default "
    "overrides.csv next to the rubric, if it exists.",
)
@click.option("--anonymous", is_flag=True, help="Show ids instead of names on all pages.")
@sandbox_options
@click.pass_context
def grade(
    ctx: click.Context,
    submissions: Path,
    rubric: Path,
    jobs: int | None,
    out: Path,
    resume: bool,
    chosen_sandbox: SandboxOptions,
    **options: object,
) -> None:
    """Grade every submission in SUBMISSIONS, a platform's zip file or a folder.

    Exports of Canvas, Moodle, Blackboard, Brightspace and Gradescope are recognised, as are
    nbgrader folders and repositories; otherwise, SUBMISSIONS contains notebooks, folders of
    students, or .zip files. Each submission runs in a sandbox without network and without access
    to the reference, the rubric or other submissions. Exits with 0 if all submissions were
    graded, whatever their points; with 1 if a check is broken or a submission could not be
    graded.
    """
    from d2l.files.archive import UnpackLimits, unpacked

    require_tools()
    chosen = ClassOptions(**options)  # type: ignore[arg-type]
    results: list[StudentResult] = []
    limits = UnpackLimits(16 * 2**30, 200_000, is_strict=True)
    with unpacked(submissions, limits) as (folder, bad):
        for entry in bad:
            click.echo(printable(f"d2l: skipped in {submissions.name}: {entry}"), err=True)
        config = _config(folder, rubric, jobs, out, chosen_sandbox, chosen)
        try:
            results = _grade(config, resume)
        except KeyboardInterrupt:
            click.echo(
                f"d2l: interrupted. Finished results were saved in {out}; rerun with --resume to "
                "continue.",
                err=True,
            )
            ctx.exit(INTERRUPTED)
        _return_to_platform(config, results, chosen)
    ctx.exit(_conclude(results, out))


def _config(
    folder: Path,
    rubric_path: Path,
    jobs: int | None,
    out: Path,
    chosen_sandbox: SandboxOptions,
    options: ClassOptions,
) -> "GradingConfig":
    from d2l.grader.grading.grade_class import GradingConfig
    from d2l.grader.grading.grades_table import read_class
    from d2l.grader.grading.manual import read_overrides
    from d2l.grader.grading.rubric import read_rubric, require_outside
    from d2l.grader.sandbox.sandbox_run import run_in_sandbox

    rubric = read_rubric(rubric_path)
    found = read_class(folder, attempt=options.attempt, assignment=rubric.reference.stem)
    _require_apart(
        folder, {"--rubric": rubric.path, "--out": out, "the reference": rubric.reference}
    )
    submissions = _submissions(found, rubric, options)
    _target(options, rubric, submissions)  # report a table that does not match before grading
    manual = options.overrides or rubric.path.with_name("overrides.csv")
    overrides = read_overrides(manual, rubric, submissions) if manual.is_file() else {}
    hidden = [rubric.path, rubric.reference, submissions[0].path]
    sandbox = chosen_sandbox.sandbox(rubric.limits, hidden)
    click.echo(printable(found.describe()))
    require_outside(rubric, sandbox.data, "the folder of --data or D2L_DATA")
    cores = jobs or _cores()
    return GradingConfig(rubric, submissions, sandbox, run_in_sandbox, out, cores, overrides)


def _submissions(
    found: "StudentClass", rubric: "Rubric", options: ClassOptions
) -> "list[Submission]":
    """Return the submissions with the names of the roster, and with aliases if `--anonymous`."""
    from d2l.files.csv_cells import read_table
    from d2l.files.people_table import match_people
    from d2l.grader.grading.grades_table import named_apart, with_roster

    submissions = found.submissions
    if options.roster:
        match = match_people(read_table(options.roster), submissions)
        submissions = with_roster(submissions, match)
        _list("not in the roster", [one.student for one in match.not_in_table])
        _list("in the roster but without a submission", [one.name for one in match.absent])
    if options.anonymous:
        submissions = [replace(one, alias=_alias(one, rubric.seed)) for one in submissions]
    return named_apart(submissions) if options.anonymous else submissions


def _alias(submission: "Submission", seed: int) -> str:
    """Return an id that reveals the student only to those who know the rubric's seed."""
    text = f"{seed} {submission.id or submission.login or submission.student}"
    return f"student-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _list(title: str, names: Sequence[str]) -> None:
    if names:
        click.echo(printable(f"{title}: {len(names)} ({', '.join(names)})"))


def _target(
    options: ClassOptions, rubric: "Rubric", submissions: "Sequence[Submission]"
) -> "tuple[CsvTable, int, Match[Submission]] | None":
    """Return the table of `--into`, its column for the points, and the student of each row."""
    from d2l.files.csv_cells import read_table
    from d2l.files.people_table import match_people, points_column

    if options.into is None:
        if options.column:
            raise click.UsageError("--column requires --into, the table that has this column")
        return None
    table = read_table(options.into)
    column = points_column(table, options.column, [rubric.title, rubric.reference.stem])
    return table, column, match_people(table, submissions)


def _return_to_platform(
    config: "GradingConfig", results: "Sequence[StudentResult]", options: ClassOptions
) -> None:
    """Write to `--out` what the platform imports: its table with the points, and the pages."""
    from d2l.files.atomic_write import replace_file
    from d2l.files.platform_export import feedback_zip
    from d2l.grader.grading.grade_class import NOT_CACHED
    from d2l.grader.grading.grade_submission import PAGES

    feedback = feedback_zip(
        (one.returned_as, config.out / PAGES / f"{one.key}.html")
        for one in config.submissions
        if one.returned_as
    )
    if feedback is not None:
        replace_file(config.out / "feedback.zip", feedback)
        click.echo(f"feedback pages for the platform: {config.out / 'feedback.zip'}")
    target = _target(options, config.rubric, config.submissions)
    if target is None:
        return
    table, column, match = target
    final = [one for one in results if not one.waiting and one.status not in NOT_CACHED]
    cells = {
        match.people[one.key].row: table.number(one.total)
        for one in final
        if one.key in match.people
    }
    path = config.out / f"{table.path.stem}.graded{table.path.suffix}"
    replace_file(path, table.with_values(column, cells))
    click.echo(
        printable(f"{len(cells)} rows filled in the column {table.header[column]!r} of {path}")
    )
    _list("not in the table", [one.student for one in match.not_in_table])
    _list("in the table but without a submission", [one.name for one in match.absent])
    _list("not filled in", [one.student for one in results if one not in final])


def _require_apart(folder: Path, others: dict[str, Path]) -> None:
    for name, path in others.items():
        if path.resolve().is_relative_to(folder.resolve()):
            raise click.UsageError(
                f"{name} ({path}) is inside the folder of the submissions, {folder}. Move it to "
                "another folder."
            )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _grade(config: "GradingConfig", resume: bool) -> "list[StudentResult]":
    from d2l.grader.grading.grade_class import ProgressListener, grade_class

    class Shown(ProgressListener):
        """Prints a line for each submission, and a progress bar in a terminal."""

        def reference(self, runs: int) -> None:
            live.update(bar, description="reference", total=runs)

        def reference_run(self) -> None:
            live.advance(bar)

        def begin(self, submissions: int, finished: int) -> None:
            live.update(bar, description="", total=submissions, completed=finished)
            if finished:
                console.print(f"{finished} of {submissions} submissions were already graded")

        def start(self, submission: "Submission") -> None:
            running.append(submission.student)
            live.update(bar, description=printable(", ".join(running))[: _NAME_WIDTH * 2])

        def done(self, submission: "Submission", result: "StudentResult") -> None:
            running.remove(submission.student)
            live.advance(bar)
            number = int(live.tasks[0].completed)
            console.print(_line(f"{number}/{len(config.submissions)}", result))

        def changed(self, results: "Sequence[tuple[StudentResult, float]]") -> None:
            if results:
                console.print(f"{len(results)} totals differ from the previous grading:")
            for result, before in results:
                name = set_cell_size(printable(result.shown), _NAME_WIDTH)
                console.print(f"           {name}  {before:g} -> {result.total:g}")

    console = plain_console()
    running: list[str] = []
    with bar_in(console) as live:
        bar = live.add_task("reference", total=None)
        return grade_class(config, Shown(), resume=resume)


def _line(place: str, result: "StudentResult") -> Text:
    name = set_cell_size(printable(result.student), _NAME_WIDTH)
    points = f"{result.total:g} of {result.out_of:g}"
    broken = "; ".join(f"the check {check.name!r} is broken" for check in result.broken)
    note = printable("; ".join(filter(None, (result.reason, broken))))
    if len(note) > _REASON_WIDTH:
        note = f"{note[:_REASON_WIDTH]}…"
    line = f"{place:>9}  {name}  {result.status:<10} {points:>14} {result.seconds:7.1f} s  {note}"
    return Text(line.rstrip())


def _conclude(results: "Sequence[StudentResult]", out: Path) -> int:
    """Print where the results are and what needs attention; return the exit status."""
    from d2l.grader.grading.grade_class import NOT_CACHED
    from d2l.grader.grading.grades_table import note_copies

    broken = {check.name: check.message for result in results for check in result.broken}
    for name, message in broken.items():
        count = sum(check.name == name for result in results for check in result.broken)
        click.echo(
            printable(f"d2l: the check {name!r} is broken on {_counted(count)}: {message}"),
            err=True,
        )
    unfinished = [result.student for result in results if result.status in NOT_CACHED]
    if unfinished:
        names = printable(", ".join(unfinished))
        click.echo(f"d2l: not graded: {names}. Rerun with --resume to try again.", err=True)
    copies = sum(bool(result.same_as) for result in note_copies(results))
    if copies:
        click.echo(f"{copies} students submitted the same file as another student; see the page")
    waiting = sum(len(result.waiting) for result in results)
    if waiting:
        click.echo(
            f"{waiting} answers must be graded by hand in overrides.csv: {out / 'to_grade.html'}"
        )
    click.echo(printable(f"{len(results)} graded; {out / 'grades.csv'}, {out / 'index.html'}"))
    return 1 if broken or unfinished else 0


def _counted(submissions: int) -> str:
    return "1 submission" if submissions == 1 else f"{submissions} submissions"
