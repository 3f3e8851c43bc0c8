"""`d2l run`: run notebooks in a sandbox and write executed notebooks, pages and records.

Options and printed output; the work is done in `d2l.grader.sandbox`, imported only when needed.
"""

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import click

from d2l.cli.sandbox_options import SandboxOptions, sandbox_options
from d2l.cli.terminal import (
    INTERRUPTED,
    bar_in,
    plain_console,
    printable,
    traceback_text,
    untrusted_text,
)
from d2l.errors import D2LError
from d2l.notebook.optional_deps import require_tools

if TYPE_CHECKING:
    from d2l.grader.sandbox.isolation import SandboxConfig
    from d2l.grader.sandbox.job import CellOutcome, Job, Outcome, Plain

_OUTPUT = 256 * 2**20  # bytes; generous, since these are the user's own notebooks


def _setting(
    ctx: click.Context, option: click.Option, given: tuple[str, ...]
) -> "dict[str, Plain]":
    """Parse NAME=VALUE; a value that is not a Python literal is taken as a string."""
    settings: dict[str, Plain] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier():
            raise click.BadParameter(f"{text!r} is not NAME=VALUE, as in lr=0.1")
        settings[name.strip()] = _value(value)
    return settings


def _value(text: str) -> "Plain":
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value if isinstance(value, (bool, int, float, str, list, dict, type(None))) else text


@click.command()
@click.argument(
    "notebooks", metavar="NOTEBOOK...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out/run"),
    show_default=True,
    help="Folder for NAME.ipynb, NAME.html and NAME.run.json.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=3600,
    show_default=True,
    metavar="SECONDS",
    help="Time limit of each notebook.",
)
@click.option(
    "--memory",
    type=click.FloatRange(min=0.25),
    default=8,
    show_default=True,
    metavar="GB",
    help="Memory limit of each notebook.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_setting,
    help="Assign a value to a variable, after the cell that first assigns it.",
)
@click.option(
    "--keep-going", is_flag=True, help="Continue with the next cell after a cell that fails."
)
@click.option(
    "--allow-install",
    is_flag=True,
    help="Allow notebooks to install packages for their own run; this enables the network.",
)
@sandbox_options
@click.pass_context
def run(
    ctx: click.Context,
    notebooks: tuple[Path, ...],
    out: Path,
    timeout: float,
    memory: float,
    settings: "dict[str, Plain]",
    keep_going: bool,
    allow_install: bool,
    chosen_sandbox: SandboxOptions,
) -> None:
    """Run notebooks (.ipynb, percent .py, MyST .md), each in a fresh sandbox.

    A notebook has copies of the files next to it. Files that it writes are deleted after the run;
    its outputs are kept. Exits with 0 if every cell of every notebook ran, and with 1 otherwise.
    """
    require_tools()
    from d2l.grader.sandbox.isolation import Limits

    limits = Limits(
        timeout,
        wall_seconds=timeout,
        memory=int(memory * 2**30),
        output=_OUTPUT,
        cell_characters=10**6,
    )
    sandbox = chosen_sandbox.sandbox(limits, network=allow_install)
    runner = _Runner(sandbox, out, settings, keep_going, allow_install)
    try:
        failed = runner.run_all(notebooks)
    except KeyboardInterrupt:
        done = f"{runner.num_done} of {len(notebooks)} notebooks finished, in {out}"
        click.echo(f"d2l: interrupted; {done}", err=True)
        ctx.exit(INTERRUPTED)
    ctx.exit(1 if failed else 0)


class _Runner:
    """Runs notebooks one after the other; prints and writes the result of each."""

    def __init__(
        self,
        sandbox: "SandboxConfig",
        out: Path,
        settings: "dict[str, Plain]",
        keep_going: bool,
        install: bool,
    ) -> None:
        self.num_done = 0
        self._sandbox = sandbox
        self._out = out
        self._options = {"set": settings, "keep_going": keep_going, "may_install": install}
        self._console = plain_console()

    def run_all(self, notebooks: tuple[Path, ...]) -> int:
        """Run each notebook, and return how many failed."""
        from d2l.grader.sandbox.sandbox_run import targets

        chosen = targets(list(dict.fromkeys(notebooks)), self._out)
        failed = 0
        for number, (source, target) in enumerate(chosen.items(), start=1):
            failed += not self._run_one(source, target, f"{number}/{len(chosen)}")
            self.num_done += 1
        self._print(f"{len(chosen)} run, {failed} failed; in {self._out}")
        return failed

    def _run_one(self, source: Path, target: Path, place: str) -> bool:
        from d2l.grader.sandbox.job import Job
        from d2l.grader.sandbox.sandbox_run import sibling_files
        from d2l.notebook.source import read_notebook

        try:
            notes: list[str] = []
            notebook = read_notebook(source, notes.append)
        except D2LError as error:
            click.echo(f"d2l: {printable(str(error))}", err=True)
            return False
        self._print(f"{place} {source}")
        for note in notes:
            self._print(f"  note: {note}")
        with sibling_files(source, self._out) as siblings:
            if siblings.problem:
                click.echo(f"d2l: {printable(siblings.problem)}", err=True)
            job = Job(notebook, files=siblings.folder, **self._options)  # type: ignore[arg-type]
            outcome = self._run(source, target, job)
        self._print_end(outcome, target)
        return outcome.status == "ok"

    def _run(self, source: Path, target: Path, job: "Job") -> "Outcome":
        from d2l.grader.sandbox.sandbox_run import RunInterruptedError, run_in_sandbox, write_run
        from d2l.notebook.execute import code_cells

        total = len(code_cells(job.notebook))
        with bar_in(self._console, "cells") as live:
            bar = live.add_task(printable(source.name), total=total)

            def on_cell(cell: "CellOutcome") -> None:
                live.advance(bar)
                self._print_cell(cell, f"{int(live.tasks[0].completed)}/{total}")

            try:
                outcome = run_in_sandbox(job, self._sandbox, on_cell)
            except RunInterruptedError as interrupted:
                write_run(target, source, job, self._sandbox, interrupted.outcome)
                raise
        write_run(target, source, job, self._sandbox, outcome)
        return outcome

    def _print_cell(self, cell: "CellOutcome", place: str) -> None:
        memory = f"{cell.peak_memory / 2**20:6.0f} MB"
        line = f"  cell {place:>7}  {cell.status:<8}{cell.seconds:8.1f} s  {memory}  {cell.error}"
        self._print(line.rstrip())

    def _print_end(self, outcome: "Outcome", target: Path) -> None:
        from d2l.grader.sandbox.sandbox_run import summary

        self._print_failure(outcome)
        memory = f"peak {outcome.peak_memory / 2**20:.0f} MB"
        self._print(f"  {summary(outcome)}; {memory}; {target}.html")

    def _print_failure(self, outcome: "Outcome") -> None:
        failed = next(
            (cell for cell in outcome.cells if cell.status not in ("ok", "not run")), None
        )
        if failed is None:
            return
        cell = outcome.notebook.cells[failed.index]
        lines = [line for output in cell.outputs for line in output.get("traceback", [])]
        if lines:
            self._console.print(traceback_text("\n".join(lines)))

    def _print(self, text: str) -> None:
        self._console.print(untrusted_text(text))
