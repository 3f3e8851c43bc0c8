"""The options of a sandbox: what the environment says where they say nothing."""

import click
import pytest
from click.testing import CliRunner

from d2l.cli.sandbox_options import SandboxOptions, sandbox_options
from d2l.grader.sandbox.isolation import Limits


@pytest.mark.parametrize("is_there", [True, False])
def test_data_are_shown_from_where_the_variable_says_if_that_is_there(
    tmp_path, monkeypatch, is_there
):
    folder = tmp_path / "data"
    if is_there:
        folder.mkdir()
    monkeypatch.setenv("D2L_DATA", str(folder))
    sandbox = SandboxOptions(None, None, None, None).sandbox(Limits())
    assert sandbox.data == (folder if is_there else None)


def test_a_verb_gets_the_options_together_beside_its_own():
    @click.command()
    @click.option("--jobs", type=int)
    @sandbox_options
    def verb(jobs, chosen_sandbox):
        one = chosen_sandbox
        click.echo(f"{jobs} {one.isolation} {one.require} {one.image} {one.data}")

    done = CliRunner().invoke(verb, ["--jobs", "2", "--require", "bubblewrap", "--image", "course"])
    assert done.output == "2 None bubblewrap course None\n"
    refused = CliRunner().invoke(verb, ["--data", "not there"])
    assert refused.exit_code == 2
    assert "'not there' does not exist" in refused.output
