"""How the commands print: text is never taken for markup, and only colours reach the terminal."""

import re
import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.style import Style
from rich.text import Text

INTERRUPTED = 130  # what shells report of a program ended by Ctrl-C
# Codes for a terminal, in 7 and 8 bits: a text up to its end (titles, links), a command with its
# numbers, anything else.
_STRING = r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x9c|\x1b\\)?"
_COMMAND = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
_CODE = re.compile(rf"{_STRING}|{_COMMAND}|\x1b[ -/]*[0-~]?")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def plain_console() -> Console:
    """A console that prints what it is given, and wraps nothing."""
    return Console(highlight=False, markup=False, soft_wrap=True)


def bar_in(console: Console, unit: str = "") -> Progress:
    """A bar that counts, gone at its end; nothing where the console is no terminal."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        *([TextColumn(unit)] if unit else []),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def printable(text: str) -> str:
    """What an untrusted text shows: no control codes, and no letters that the output lacks."""
    visible = "".join(letter if letter.isprintable() else "?" for letter in text)
    encoding = sys.stdout.encoding or "utf-8"
    return visible.encode(encoding, "replace").decode(encoding)


def untrusted_text(text: str) -> Text:
    """`printable`, for a console."""
    return Text(printable(text))


def traceback_text(text: str) -> Text:
    """An untrusted traceback, with its colours and nothing else of what its codes ask for."""
    kept = _CODE.sub(lambda code: code[0] if _COLOUR.fullmatch(code[0]) else "", text)
    parts = re.split(rf"({_COLOUR.pattern}|[\n\t])", kept)
    parts[::2] = [printable(part) for part in parts[::2]]
    shown = Text.from_ansi("".join(parts))
    for number, span in enumerate(shown.spans):
        style = span.style if isinstance(span.style, Style) else Style()
        colours = Style(color=style.color, bgcolor=style.bgcolor, bold=style.bold)
        shown.spans[number] = span._replace(style=colours)
    return shown
