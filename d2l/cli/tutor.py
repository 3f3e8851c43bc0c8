"""`d2l tutor`: list and explain the hints about mistakes that are shown during training."""

import difflib

import click


@click.group()
def tutor() -> None:
    """List and explain the hints shown during training."""


@tutor.command("list")
def list_kinds() -> None:
    """List all kinds of hints."""
    from d2l.tutor.registry import checks_of, kinds

    width = max(map(len, kinds()))
    for kind in kinds():
        click.echo(f"{kind:<{width}}  {checks_of(kind)[0].title}")


@tutor.command()
@click.argument("kind")
def explain(kind: str) -> None:
    """Print the page of a hint: the reason, wrong and right code, and how it is detected."""
    from d2l.tutor.registry import kinds, page

    if kind not in kinds():
        near = difflib.get_close_matches(kind, kinds(), n=3, cutoff=0.4)
        advice = f"Did you mean {', '.join(near)}?" if near else "`d2l tutor list` prints them all."
        raise click.UsageError(f"there is no hint of the kind {kind!r}. {advice}")
    click.echo(page(kind))
