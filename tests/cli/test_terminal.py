"""What a notebook writes reaches the terminal as letters and colours, never as a command."""

import io

import pytest
from rich.console import Console

from d2l.cli.terminal import traceback_text, untrusted_text


def bytes_of(text):
    file = io.StringIO()
    console = Console(
        file=file, force_terminal=True, color_system="truecolor", highlight=False, soft_wrap=True
    )
    console.print(text)
    return file.getvalue().encode()


COMMANDS = {
    "reset": "\x1bc",
    "clear": "\x1b[2J\x1b[H",
    "clear, in 8 bits": "\x9b2J",
    "title": "\x1b]0;owned\x07",
    "link": "\x1b]8;;http://e.org\x1b\\",
    "link, in 8 bits": "\x9d8;;http://e.org\x9c",
    "clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "device string": "\x1bP+q544e\x1b\\",
    "message": "\x1b^secret\x1b\\",
    "letters": "\x1b(0",
    "private colour": "\x1b[?25h",
    "colour query": "\x1b[>4;2m",
    "backspaces": "\x08\x08\x08",
    "return": "\r",
    "bell": "\x07",
    "line": "\x85",
    "direction": "\u202e",
    "delete": "\x7f",
    "cut short": "\x1b[",
    "never ended": "\x1b]0;",
}


@pytest.mark.parametrize("shown", [traceback_text, untrusted_text])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_no_command_to_the_terminal_is_left(command, shown):
    written = bytes_of(shown(f"before {command}"))
    assert written.startswith(b"before ")
    assert written.rstrip(b"\n").decode().isprintable()
    assert b"\x1b" not in written


def test_words_behind_a_command_stay():
    ended = [
        command for name, command in COMMANDS.items() if name not in ("cut short", "never ended")
    ]
    assert b"after" in bytes_of(traceback_text(f"{''.join(ended)} after"))
    assert b"after" in bytes_of(traceback_text(f"{COMMANDS['never ended']} lost\nafter"))


def test_the_colours_of_a_traceback_are_kept_and_nothing_else_of_its_style():
    given = "\x1b[31mred\x1b[0m\n\x1b[1;38;5;196;48;2;1;2;3mbold\x1b[0m \x1b[5;8mhidden\x1b[0m"
    assert bytes_of(traceback_text(given)) == (
        b"\x1b[31mred\x1b[0m\n\x1b[1;38;5;196;48;2;1;2;3mbold\x1b[0m hidden\n"
    )


def test_a_traceback_keeps_its_lines_and_what_looks_like_markup():
    given = "Traceback:\n\tx = [red]1[/red]"
    assert bytes_of(traceback_text(given)) == b"Traceback:\n        x = [red]1[/red]\n"
