"""`d2l check`: hold a notebook against a reference, by what both show when they run.

Says what happens; the work is done in `d2l.grader.compare`, loaded only when it is needed.
"""

from pathlib import Path

import click

from d2l.cli.comparison import runs_shown, show_report, write_comparison
from d2l.cli.sandbox_options import SandboxOptions, sandbox_options
from d2l.cli.terminal import INTERRUPTED
from d2l.notebook.optional_deps import require_tools

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("submission", type=_FILE)
@click.option(
    "--against", type=_FILE, required=True, metavar="REFERENCE", help="The notebook that is right."
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    metavar="N",
    help="Runs of the reference, each with other seeds: what differs between them is random. By "
    "default 3, and up to 10 where it shows few random values.",
)
@click.option(
    "--runs",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    metavar="N",
    help="Runs of the submission, each with other seeds.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="End a run that takes longer.",
)
@click.option(
    "--memory",
    type=click.FloatRange(min=0.1),
    default=4,
    show_default=True,
    metavar="GB",
    help="End a run that needs more.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="How many runs at a time.",
)
@click.option("--files", type=_FOLDER, help="Folder whose files are copied next to both notebooks.")
@sandbox_options
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for check.json and a page, check.html.",
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
    """Compare what the notebook SUBMISSION shows with what a reference shows.

    Each runs in a sandbox without network, and SUBMISSION without access to the reference. Exits
    with 0 when everything that the reference shows is there and right, and with 1 when not.
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
        with runs_shown(counts.reference + runs) as tell:
            done = compare_notebooks(
                *notebooks,
                sandbox,
                counts,
                num_workers=jobs,
                files=files,
                on_end=tell,
            )
    except KeyboardInterrupt:
        click.echo("d2l: interrupted", err=True)
        ctx.exit(INTERRUPTED)
    show_report(done.report)
    if out is not None:
        write_comparison(done, submission.name, out)
        click.echo(f"the page: {out / 'check.html'}")
    ctx.exit(0 if done.report.is_full_match else 1)
