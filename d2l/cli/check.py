"""`d2l check`: hold a notebook against a reference, by what both show when they run.

Says what happens; the work is done in `d2l.notebook.check`, loaded only when it is needed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from d2l.cli.comparison import runs_shown, show_report, write_comparison
from d2l.notebook.tools import require_tools

if TYPE_CHECKING:
    from d2l.notebook.box.walls import Box

_INTERRUPTED = 130  # the shells' status for Ctrl-C
_LEVELS = click.Choice(["limits", "namespaces", "bubblewrap", "container"])
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
    default=3,
    show_default=True,
    metavar="N",
    help="Runs of the reference, each with other seeds: what differs between them is random.",
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
@click.option(
    "--files", type=_FOLDER, help="Folder whose files lie beside both notebooks, as copies."
)
@click.option(
    "--data",
    type=_FOLDER,
    envvar="D2L_DATA",
    help="Folder of data that both may read, there named by D2L_DATA.",
)
@click.option("--isolation", type=_LEVELS, help="The walls to run behind; the best by default.")
@click.option("--require", type=_LEVELS, help="Refuse to go on behind weaker walls.")
@click.option("--image", help="For --isolation container: the image that holds Python and d2l.")
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
    seeds: int,
    runs: int,
    timeout: float,
    memory: float,
    jobs: int,
    files: Path | None,
    data: Path | None,
    isolation: str | None,
    require: str | None,
    image: str | None,
    out: Path | None,
) -> None:
    """Compare what the notebook SUBMISSION shows with what a reference shows.

    Both run in boxes of their own, without network, and SUBMISSION without sight of the reference.
    Exits with 0 when everything that the reference shows is there and right, and with 1 when not.
    """
    require_tools()
    from d2l.notebook.check.rounds import Counts, compare_notebooks
    from d2l.notebook.source import read_notebook

    notebooks = read_notebook(against), read_notebook(submission)
    box = _box(
        [against, submission], isolation, require, image, data=data, seconds=timeout, memory=memory
    )
    try:
        with runs_shown(seeds + runs) as tell:
            done = compare_notebooks(
                *notebooks, box, Counts(seeds, runs), num_workers=jobs, files=files, on_end=tell
            )
    except KeyboardInterrupt:
        click.echo("d2l: interrupted", err=True)
        ctx.exit(_INTERRUPTED)
    show_report(done.report)
    if out is not None:
        write_comparison(done, submission.name, out)
        click.echo(f"the page: {out / 'check.html'}")
    ctx.exit(0 if done.report.is_full_match else 1)


def _box(
    hidden: Sequence[Path],
    isolation: str | None,
    require: str | None,
    image: str | None,
    *,
    data: Path | None,
    seconds: float,
    memory: float,
) -> "Box":
    from d2l.notebook.box.level import Level
    from d2l.notebook.box.limits import Limits
    from d2l.notebook.box.probe import choose_level
    from d2l.notebook.box.walls import Box

    asked, required = (Level[name.upper()] if name else None for name in (isolation, require))
    probe = choose_level(asked, required, hidden, image)
    click.echo(str(probe))
    limits = Limits(seconds=seconds, memory=int(memory * 2**30))
    return Box(probe.level, limits, data=data and data.resolve(), container_image=image)
