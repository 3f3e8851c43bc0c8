"""`d2l data`: which data sets there are and where they lie, fetch them, check them."""

from collections.abc import Sequence
from pathlib import Path

import click

_ROOT = click.option(
    "--root", default="../data", show_default=True, help="where data sets are kept"
)


@click.group()
def data() -> None:
    """The book's data sets: list, fetch, verify.

    Where the environment variable D2L_DATA names a folder, they are kept there.
    """


@data.command("list")
@_ROOT
def list_sets(root: str) -> None:
    """Show each data set, the size of its file, and where that lies."""
    from d2l.data.hub import DATA_HUB

    width = max(map(len, DATA_HUB))
    for name in sorted(DATA_HUB, key=str.lower):
        path = _file_of(name, root)
        size = f"{path.stat().st_size / 1e6:10,.2f} MB" if path else f"{'-':>10}   "
        click.echo(f"{name:<{width}}  {size}  {path or 'not on this machine'}")


@data.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@_ROOT
def fetch(names: Sequence[str], root: str) -> None:
    """Download data sets and unpack their archives; what is here already is checked and left."""
    from d2l.data.hub import address_of, download, extract

    for name in names:
        address_of(name)  # a misspelt name is an error before anything is downloaded
    for name in names:
        path = download(name, root)
        if path.endswith((".zip", ".tar", ".gz")):
            extract(path)
        click.echo(f"{name}: {path}")


@data.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@_ROOT
@click.pass_context
def verify(ctx: click.Context, names: Sequence[str], root: str) -> None:
    """Check the files of data sets by their checksums.

    Without a name, every set on this machine. The exit status is 1 where one is damaged, or where
    a named one is missing.
    """
    from d2l.data.hub import DATA_HUB

    states = {name: _state(name, root) for name in names or sorted(DATA_HUB, key=str.lower)}
    for name, state in states.items():
        if names or state != _MISSING:
            click.echo(f"{name}: {state or 'not on this machine'}")
    ctx.exit(
        0 if all(state.startswith(_RIGHT) for state in states.values() if state or names) else 1
    )


_RIGHT, _MISSING = "checksum right", ""


def _state(name: str, root: str) -> str:
    """What the set's file is like; nothing where there is none."""
    from d2l.data.hub import address_of, verify_file

    path = _file_of(name, root)
    if path is None:
        return _MISSING
    fault = verify_file(path, *address_of(name))
    return f"{path}: {fault}" if fault else f"{_RIGHT}, {path}"


def _file_of(name: str, root: str) -> Path | None:
    """The file of a data set on this machine, right or damaged."""
    from d2l.data.data_dirs import search_dirs
    from d2l.data.hub import address_of, file_name

    file = file_name(address_of(name)[0])
    return next((place / file for place in search_dirs(root) if (place / file).is_file()), None)
