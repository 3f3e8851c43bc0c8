"""`d2l rubric`: draft what a class is graded by."""

from pathlib import Path

import click

from d2l.notebook.optional_deps import require_tools


@click.group()
def rubric() -> None:
    """What a class is graded by: draft a rubric for `d2l grade`."""


@rubric.command()
@click.argument("reference", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file of the rubric; by default rubric.toml next to REFERENCE.",
)
def init(reference: Path, out: Path | None) -> None:
    """Draft a rubric for the notebook REFERENCE, and a file of checks; replaces nothing.

    The points are spread evenly over the headings of REFERENCE: change them, and take the
    comments off the checks that you want.
    """
    require_tools()
    from d2l.grader.grading.rubric_template import write_draft

    for path in write_draft(reference, out or reference.with_name("rubric.toml")):
        click.echo(str(path))
