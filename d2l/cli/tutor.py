"""`d2l tutor`: the mistakes that are named in training, and what is known about each."""

import difflib

import click


@click.group()
def tutor() -> None:
    """What the hints of training say, and why."""


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
    """Print the page of a hint: reason, wrong and right code, and how it is seen."""
    from d2l.tutor.registry import kinds, page

    if kind not in kinds():
        near = difflib.get_close_matches(kind, kinds(), n=3, cutoff=0.4)
        advice = f"Did you mean {', '.join(near)}?" if near else "`d2l tutor list` has them all."
        raise click.UsageError(f"there is no hint of the kind {kind!r}. {advice}")
    click.echo(page(kind))
