"""`d2l data`: list, download and verify data sets."""

from collections.abc import Sequence
from pathlib import Path

import click

_ROOT = click.option("--root", default="../data", show_default=True, help="folder of the data sets")


@click.group()
def data() -> None:
    """The book's data sets: list, fetch, verify.

    If the environment variable D2L_DATA is set, they are stored in that folder.
    """


@data.command("list")
@_ROOT
def list_sets(root: str) -> None:
    """Show each data set with the size and the path of its file."""
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
    """Download data sets and unpack their archives; existing files are only verified."""
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
    """Verify the checksums of data sets.

    Without a NAME, verify every data set on this machine. Exits with 1 if a file is corrupt, or
    if a data set given by NAME is missing.
    """
    from d2l.data.hub import DATA_HUB

    states = {name: _state(name, root) for name in names or sorted(DATA_HUB, key=str.lower)}
    for name, state in states.items():
        if names or state != _MISSING:
            click.echo(f"{name}: {state or 'not on this machine'}")
    ctx.exit(0 if all(state.startswith(_OK) for state in states.values() if state or names) else 1)


_OK, _MISSING = "checksum OK", ""


def _state(name: str, root: str) -> str:
    """Return the state of the data set's file, "" if it does not exist."""
    from d2l.data.hub import address_of, verify_file

    path = _file_of(name, root)
    if path is None:
        return _MISSING
    fault = verify_file(path, *address_of(name))
    return f"{path}: {fault}" if fault else f"{_OK}, {path}"


def _file_of(name: str, root: str) -> Path | None:
    """Return the file of a data set on this machine, valid or corrupt; None if there is none."""
    from d2l.data.data_dirs import search_dirs
    from d2l.data.hub import address_of, file_name

    file = file_name(address_of(name)[0])
    return next((place / file for place in search_dirs(root) if (place / file).is_file()), None)
