"""The page of the command line says what `--help` says."""

import click

from d2l.cli.main import group
from tools.api.cli import CLI, cli_page


def test_the_page_is_up_to_date():
    assert CLI.read_text("utf-8") == cli_page(), "make api"


def test_every_command_and_every_option_is_on_the_page():
    page = cli_page()
    for name, command in group.commands.items():
        assert f"## d2l {name}\n" in page
        options = [p for p in command.params if isinstance(p, click.Option)]
        assert [o.opts for o in options if not all(flag in page for flag in o.opts)] == []
