"""`d2l launch`: run a notebook or script in several processes, on one or several machines."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from d2l.notebook.optional_deps import require_tools

NOTEBOOKS = (".ipynb", ".md")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("file", metavar="NOTEBOOK_OR_SCRIPT", type=FILE)
@click.argument("arguments", metavar="[-- ARGS...]", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--devices", required=True, type=click.IntRange(min=1), help="Processes, one per GPU."
)
@click.option("--nodes", default=1, show_default=True, type=click.IntRange(min=1), help="Machines.")
@click.option("--node-rank", default=0, type=click.IntRange(min=0), help="This machine's number.")
@click.option("--rendezvous", metavar="HOST:PORT", help="Address of machine 0.")
@click.option("--max-restarts", default=0, show_default=True, type=click.IntRange(min=0))
def launch(file: Path, arguments: tuple[str, ...], **options: int | str | None) -> None:
    """Run a notebook (.ipynb, .md) or a script (.py) in several processes that train one model.

    Each batch is split over the processes. On several machines, run the same command on each, with
    a different --node-rank. Arguments after -- are passed to the script.
    """
    from d2l.scale.launch import THREADS, Launch, num_cores, run

    plan = Launch(**options)  # type: ignore[arg-type]
    with _script(file) as script:
        if THREADS not in os.environ:
            cores, each = num_cores(), plan.num_threads()
            click.echo(f"{cores} cores, {plan.devices} processes: {THREADS}={each} for each")
        click.echo(plan.describe(script, arguments))
        sys.exit(run(plan, script, arguments))


@contextmanager
def _script(file: Path) -> Iterator[Path]:
    """Yield the script itself, or a temporary script made from the notebook."""
    if file.suffix.lower() not in NOTEBOOKS:
        yield file.resolve()
        return
    require_tools()
    from d2l.notebook.script import as_script

    with tempfile.TemporaryDirectory(prefix="d2l-launch-") as folder:
        script = Path(folder) / f"{file.stem}.py"
        script.write_text(as_script(file), encoding="utf-8")
        yield script
