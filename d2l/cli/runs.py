"""`d2l runs`: list the runs in a folder as a table, and plot their curves in one figure."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from d2l.runs.run_table import RunInfo

FORMATS = (".svg", ".png", ".pdf")
LONGEST_VALUE = 30
WIDE_ENOUGH = 1000  # columns if the output is not a terminal
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--label", "labels", multiple=True, metavar="LABEL", help="Show this curve only; repeatable."
)
@click.option(
    "--plot", type=FILE, metavar="OUT", help="Plot the curves to this .svg, .png or .pdf file."
)
def runs(folder: Path, names: tuple[str, ...], labels: tuple[str, ...], plot: Path | None) -> None:
    """List and compare the runs in DIR, up to three folders deep, newest first.

    NAME is the name of a run in the table, or a pattern such as 'mlp*'; by default all runs are
    shown. The table has the last value of each curve, and in brackets the best (the highest
    accuracy, the lowest loss) if it is different.
    """
    from d2l.runs.run_table import choose, find_runs, labels_of

    if plot is not None and plot.suffix.lower() not in FORMATS:
        raise click.BadParameter(
            f"{plot} does not end in {', '.join(FORMATS)}", param_hint="--plot"
        )
    found = find_runs(folder)
    for name, reason in sorted(found.skipped.items()):
        click.echo(_printable(f"skipped {name}: {reason}"), err=True)
    chosen = choose(found.runs, names)
    if not chosen:
        click.echo(_printable(f"no runs in {folder}; Trainer(…, run_dir=FOLDER) writes them"))
        return
    shown = labels_of(chosen, labels)
    _show(Column("name", [run.name for run in chosen]), [*_made(chosen), *_went(chosen, shown)])
    for run in chosen:
        if run.status != _short_status(run):
            click.echo(_printable(f"{run.name}: {run.status}"))
    if plot is not None:
        _draw(chosen, shown, plot)


class Column(NamedTuple):
    """One column of the table: its title, and a cell for each run."""

    title: str
    cells: list[str]
    is_number: bool = False


def _made(chosen: Sequence["RunInfo"]) -> list[Column]:
    from d2l.runs.run_table import differing

    columns = [
        Column("begun", [f"{run.begun.astimezone():%Y-%m-%d %H:%M}" for run in chosen]),
        Column("model", [run.model for run in chosen]),
    ]
    if len({run.device for run in chosen}) > 1:
        columns.append(Column("device", [run.device for run in chosen]))
    for name in differing(chosen):
        cells = [_value(run.hparams[name]) if name in run.hparams else "–" for run in chosen]
        columns.append(Column(name, cells))
    return columns


def _went(chosen: Sequence["RunInfo"], labels: Sequence[str]) -> list[Column]:
    seconds = ["–" if run.seconds is None else f"{run.seconds:.1f}" for run in chosen]
    return [
        Column("status", [_short_status(run) for run in chosen]),
        Column("epochs", [_epochs(run) for run in chosen], is_number=True),
        *(
            Column(f"{label}\n(best)", [_numbers(run, label) for run in chosen], is_number=True)
            for label in labels
        ),
        Column("seconds", seconds, is_number=True),
    ]


def _show(names: Column, others: Sequence[Column]) -> None:
    """Print one table, or several below each other if the terminal is too narrow for one."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDE_ENOUGH)
    columns = [names]
    unbounded = console.options.update(max_width=WIDE_ENOUGH)
    for column in others:
        width = console.measure(_table([*columns, column]), options=unbounded).maximum
        if width > console.width and len(columns) > 1:
            console.print(_table(columns))
            columns = [names]
        columns.append(column)
    console.print(_table(columns))


def _table(columns: Sequence[Column]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for column in columns:
        title = Text("\n".join(map(_printable, column.title.split("\n"))))
        justify: Literal["right", "left"] = "right" if column.is_number else "left"
        table.add_column(title, justify=justify, no_wrap=column.is_number, overflow="fold")
    for cells in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*(Text(_printable(cell)) for cell in cells))
    return table


def _short_status(run: "RunInfo") -> str:
    return run.status.partition(":")[0]


def _value(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _epochs(run: "RunInfo") -> str:
    of = run.hparams.get("max_epochs")
    return f"{run.epochs:.3g}" if of is None else f"{run.epochs:.3g}/{of}"


def _numbers(run: "RunInfo", label: str) -> str:
    if not run.points.get(label):
        return "–"
    last, best = f"{run.last(label):.4g}", f"{run.best(label):.4g}"
    return last if best == last else f"{last} ({best})"


def _draw(chosen: Sequence["RunInfo"], labels: Sequence[str], path: Path) -> None:
    from d2l.plot.run_curves import draw_runs, save_runs

    path.parent.mkdir(parents=True, exist_ok=True)
    has_fonts = save_runs(draw_runs(chosen, labels), path)
    count = "1 run" if len(chosen) == 1 else f"{len(chosen)} runs"
    click.echo(_printable(f"curves of {count}: {path}"))
    if not has_fonts:
        click.echo(
            "no installed font has all characters of the names; an .svg shows them in a browser"
        )


def _printable(text: str) -> str:
    """Return `text`, which is untrusted, without control codes and unencodable characters."""
    visible = "".join(c if c.isprintable() else "?" for c in text)
    encoding = sys.stdout.encoding or "utf-8"
    return visible.encode(encoding, "replace").decode(encoding)
