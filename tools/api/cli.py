"""docs/reference/cli.md: every command of `d2l`, from the texts that `--help` prints."""

import inspect
from collections.abc import Iterator

import click

from d2l.cli.main import group
from tools.api.face import REPOSITORY

CLI = REPOSITORY / "docs" / "reference" / "cli.md"
MADE = "<!-- made from the commands by `make api`: edit those -->"
INTRODUCTION = """\
# Command line

`python -m d2l` is the same command as `d2l`. Every command prints this text with `--help`, and
exits with 0 on success, 1 when something did not do what was asked, 2 for a wrong call, and 130
when it was interrupted.\
"""


def cli_page() -> str:
    """The text of the document."""
    parts = [MADE, INTRODUCTION]
    for path, command in _commands("d2l", group):
        parts += _section(path, command)
    return "\n\n".join(parts) + "\n"


def _commands(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """The command and all of its subcommands, each with the words that call it."""
    yield path, command
    if isinstance(command, click.Group):
        for name, member in command.commands.items():
            yield from _commands(f"{path} {name}", member)


def _section(path: str, command: click.Command) -> list[str]:
    context = click.Context(command, info_name=path)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    parts = [f"## {path}", f"```\n{usage}\n```", inspect.cleandoc(command.help or "")]
    if isinstance(command, click.Group):
        rows = [
            f"| [`{path} {name}`](#{f'{path} {name}'.replace(' ', '-')}) | "
            f"{member.get_short_help_str(limit=100)} |"
            for name, member in command.commands.items()
        ]
        return [*parts, "\n".join(("| command | what it does |", "| --- | --- |", *rows))]
    options = (option for option in command.params if isinstance(option, click.Option))
    records = [option.get_help_record(context) for option in options]
    rows = [
        f"| `{_cell(names)}` | {_cell(text)} |"
        for names, text in filter(None, records)
        if "--help" not in names
    ]
    if rows:
        parts.append("\n".join(("| option | meaning |", "| --- | --- |", *rows)))
    return parts


def _cell(text: str) -> str:
    """Text inside a table's cell, on one line."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "\\<")
