"""`d2l check`: compare a notebook with a reference."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.text import Text

from d2l.cli.sandbox_options import SandboxOptions, sandbox_options
from d2l.cli.terminal import INTERRUPTED, bar_in, plain_console, printable, untrusted_text
from d2l.notebook.optional_deps import require_tools

if TYPE_CHECKING:
    from d2l.grader.compare.compare import Comparison
    from d2l.grader.compare.report import CheckReport, Finding
    from d2l.grader.sandbox.job import Outcome

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("submission", type=_FILE)
@click.option(
    "--against", type=_FILE, required=True, metavar="REFERENCE", help="The correct notebook."
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    metavar="N",
    help="Runs of the reference with different seeds; values that differ between them are random. "
    "By default 3, and up to 10 if it shows few random values.",
)
@click.option(
    "--runs",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    metavar="N",
    help="Runs of the submission with different seeds.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="CPU time limit of each run.",
)
@click.option(
    "--memory",
    type=click.FloatRange(min=0.1),
    default=4,
    show_default=True,
    metavar="GB",
    help="Memory limit of each run.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Number of simultaneous runs.",
)
@click.option("--files", type=_FOLDER, help="Folder whose files are copied next to both notebooks.")
@sandbox_options
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for check.json and check.html.",
)
@click.pass_context
def check(
    ctx: click.Context,
    submission: Path,
    against: Path,
    seeds: int | None,
    runs: int,
    timeout: float,
    memory: float,
    jobs: int,
    files: Path | None,
    chosen_sandbox: SandboxOptions,
    out: Path | None,
) -> None:
    """Compare the outputs of the notebook SUBMISSION with those of a reference.

    Both run in a sandbox without network, and SUBMISSION without access to the reference. Exits
    with 0 if all outputs of the reference are matched, and with 1 otherwise.
    """
    require_tools()
    from d2l.grader.compare.compare import RunCounts, compare_notebooks
    from d2l.grader.sandbox.isolation import Limits
    from d2l.notebook.source import read_notebook

    notebooks = read_notebook(against), read_notebook(submission)
    counts = RunCounts(submission=runs) if seeds is None else RunCounts(seeds, runs, seeds)
    limits = Limits(seconds=timeout, memory=int(memory * 2**30))
    sandbox = chosen_sandbox.sandbox(limits, hidden=[against, submission])
    try:
        with runs_shown(counts.reference + runs) as on_end:
            done = compare_notebooks(
                *notebooks,
                sandbox,
                counts,
                num_workers=jobs,
                files=files,
                on_end=on_end,
            )
    except KeyboardInterrupt:
        click.echo("d2l: interrupted", err=True)
        ctx.exit(INTERRUPTED)
    show_report(done.report)
    if out is not None:
        write_comparison(done, submission.name, out)
        click.echo(f"report: {out / 'check.html'}")
    ctx.exit(0 if done.report.is_full_match else 1)


_HEADING_WIDTH = 60
_MESSAGE_WIDTH = 300
_STYLES = {"match": "green", "differs": "red", "missing": "yellow", "failed": "red"}


@contextmanager
def runs_shown(count: int) -> Iterator[Callable[[str, "Outcome"], None]]:
    """Yield a callback for the end of each of `count` runs, which prints a line."""
    console = plain_console()

    def on_end(name: str, outcome: "Outcome") -> None:
        live.advance(bar)
        line = f"{name:<16} {outcome.status:<10} {outcome.seconds:7.1f} s  {outcome.reason}"
        console.print(untrusted_text(line.rstrip()))

    with bar_in(console) as live:
        bar = live.add_task("running", total=count)
        yield on_end


def show_report(report: "CheckReport") -> None:
    """Print a line for each section, then the differences, then the verdict."""
    console = plain_console()
    if report.problem:
        console.print(untrusted_text(report.problem))
    width = max((len(section.heading) for section in report.sections), default=0)
    for section in report.sections:
        count = f"{section.matched} of {len(section.findings)}" if section.findings else "no output"
        line = untrusted_text(f"{section.heading[:_HEADING_WIDTH]:<{min(width, _HEADING_WIDTH)}}  ")
        console.print(line, Text(f"{section.verdict:<8}", _STYLES[section.verdict]), count)
    for section in report.sections:
        _show_differences(console, section.heading, section.findings)
    _show_differences(console, "Stored outputs", report.stale)
    console.print("full match" if report.is_full_match else "no full match")


def _show_differences(console: Console, heading: str, findings: "Sequence[Finding]") -> None:
    different = [finding for finding in findings if finding.verdict != "match"]
    if different:
        console.print(Text.assemble("\n", (printable(heading), "bold")))
    for finding in different:
        at = finding.submission_cell
        place = "" if at is None else f"cell {at + 1}: "
        line = f"  {finding.verdict}: {place}{finding.what}: {finding.message}"
        console.print(untrusted_text(line[:_MESSAGE_WIDTH]))


def write_comparison(done: "Comparison", title: str, out: Path) -> None:
    """Write check.json and check.html to `out`."""
    from d2l.grader.compare.report import check_page

    out.mkdir(parents=True, exist_ok=True)
    runs = {
        name: [
            {
                "seed_offset": run.seed_offset,
                "status": run.status,
                "reason": run.reason,
                "seconds": run.seconds,
            }
            for run in outcomes
        ]
        for name, outcomes in (("reference", done.references), ("submission", done.submissions))
    }
    whole = {"full_match": done.report.is_full_match, **asdict(done.report), "runs": runs}
    text = json.dumps(whole, indent=1, ensure_ascii=True)
    (out / "check.json").write_text(text + "\n", encoding="utf-8")
    first = done.submissions[0]
    page = check_page(done.report, first.notebook, title, first.cells)
    (out / "check.html").write_text(page, encoding="utf-8", errors="replace")
