"""The command line as a user calls it, in this process."""

import sys

import pytest

from d2l.cli.main import main


@pytest.fixture
def d2l_command(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["d2l", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return call
