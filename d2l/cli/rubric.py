"""`d2l rubric`: draft a rubric for `d2l grade`."""

from pathlib import Path

import click

from d2l.notebook.optional_deps import require_tools


@click.group()
def rubric() -> None:
    """Rubrics for `d2l grade`."""


@rubric.command()
@click.argument("reference", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for the rubric; by default rubric.toml next to REFERENCE.",
)
def init(reference: Path, out: Path | None) -> None:
    """Draft a rubric for the notebook REFERENCE, and a file of checks; overwrites no file.

    The points are spread evenly over the headings of REFERENCE. Edit them, and uncomment the
    checks to use.
    """
    require_tools()
    from d2l.grader.grading.rubric_template import write_draft

    for path in write_draft(reference, out or reference.with_name("rubric.toml")):
        click.echo(str(path))
