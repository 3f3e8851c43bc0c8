"""`python -m bench.tutor`: what is in the corpus, and whether it is what it claims to be."""

import re
import sys
from pathlib import Path

import click


@click.command()
@click.option("--list", "lists", is_flag=True, help="Print all programs and run none.")
@click.option("--check-corpus", "checks", is_flag=True, help="Run all, and measure.")
@click.option("--cost", "measures", is_flag=True, help="Measure what the tutor costs.")
@click.option(
    "--notebooks",
    type=click.Path(exists=True, path_type=Path),
    help="Print the hints in the executed notebooks under a folder, and run nothing.",
)
@click.option("--only", default="", help="Programs whose name or family matches this expression.")
def main(lists: bool, checks: bool, measures: bool, notebooks: Path | None, only: str) -> None:
    """Judge the tutor by wrong programs with their right twins, and by right ones.

    Prints a row for each wrong program, each false alarm, and the figures.
    """
    if lists and checks:
        raise click.UsageError("give one of --list and --check-corpus, or neither")
    if measures:
        from bench.tutor.cost import cost

        cost(click.echo)
        return
    if notebooks is not None:
        from bench.tutor.notebooks import hints_in

        for name, kind, message in hints_in(notebooks):
            click.echo(f"{name}: [{kind}] {message}")
        return
    from bench.tutor.catalogue import RIGHT, WRONG

    wrong = [m for m in WRONG if re.search(only, f"{m.name} {m.host}")]
    right = [p for p in RIGHT if re.search(only, f"{p.family} {p.name}")]
    if lists:
        from bench.tutor.contents import contents

        click.echo("\n".join(contents(wrong, right)))
        return
    if not checks:
        from bench.tutor.judge import judge

        sys.exit(0 if judge(wrong, right, click.echo) else 1)
    from bench.tutor.check import check_corpus

    sys.exit(0 if check_corpus(wrong, right, click.echo) else 1)


if __name__ == "__main__":
    main()
