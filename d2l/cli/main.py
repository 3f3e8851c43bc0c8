"""The command `d2l`: its subcommands, and error handling that prints one line."""

import os
import sys
from typing import NoReturn

import click

from d2l import __version__
from d2l.cli.check import check
from d2l.cli.data import data
from d2l.cli.doctor import doctor
from d2l.cli.grade import grade
from d2l.cli.launch import launch
from d2l.cli.lessons import lessons
from d2l.cli.rubric import rubric
from d2l.cli.run import run
from d2l.cli.runs import runs
from d2l.cli.terminal import INTERRUPTED
from d2l.cli.train import train
from d2l.cli.tutor import tutor
from d2l.errors import D2LError

# Reading a notebook imports jsonschema, which imports this package if it is installed: a parser of
# internationalized addresses that takes two seconds to build and that no notebook needs.
_NEVER_LOADED = "rfc3987_syntax"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="d2l")
def group() -> None:
    """Dive into Deep Learning: train models, run lessons, inspect data and machine, grade."""


for command in (train, launch, runs, doctor, data, lessons, run, check, grade, rubric, tutor):
    group.add_command(command)


def main() -> NoReturn:
    """Run the command line and exit, with a status other than 0 if the command failed."""
    _open_standard_streams()
    sys.modules.setdefault(_NEVER_LOADED, None)  # type: ignore[arg-type]
    try:
        status = group.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        status = _fail("interrupted", INTERRUPTED)
    except (D2LError, OSError) as error:
        status = _fail(str(error), 1)
    sys.exit(status if isinstance(status, int) else 0)


def _open_standard_streams() -> None:
    """Open streams that the caller closed (`<&-`), whose numbers pipes would take otherwise."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115 - stays open
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)


def _fail(message: str, status: int) -> int:
    click.echo(f"d2l: {message}", err=True)
    return status
