"""Printing in the commands: text is never parsed as markup, and control codes are removed."""

import re
import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.style import Style
from rich.text import Text

INTERRUPTED = 130  # the exit status that shells report for a program ended by Ctrl-C
# Terminal escape sequences, in 7 and 8 bits: strings up to their terminator (titles, links),
# commands with parameters, and all others.
_STRING = r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x9c|\x1b\\)?"
_COMMAND = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
_CODE = re.compile(rf"{_STRING}|{_COMMAND}|\x1b[ -/]*[0-~]?")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def plain_console() -> Console:
    """Return a console without markup, highlighting or line wrapping."""
    return Console(highlight=False, markup=False, soft_wrap=True)


def bar_in(console: Console, unit: str = "") -> Progress:
    """Return a progress bar that disappears at its end; disabled outside a terminal."""
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
    """Return `text` without control codes and without characters that stdout cannot encode."""
    visible = "".join(letter if letter.isprintable() else "?" for letter in text)
    encoding = sys.stdout.encoding or "utf-8"
    return visible.encode(encoding, "replace").decode(encoding)


def untrusted_text(text: str) -> Text:
    """Return `printable(text)` as rich text for a console."""
    return Text(printable(text))


def traceback_text(text: str) -> Text:
    """Return an untrusted traceback with its colours, without other terminal codes."""
    kept = _CODE.sub(lambda code: code[0] if _COLOUR.fullmatch(code[0]) else "", text)
    parts = re.split(rf"({_COLOUR.pattern}|[\n\t])", kept)
    parts[::2] = [printable(part) for part in parts[::2]]
    shown = Text.from_ansi("".join(parts))
    for number, span in enumerate(shown.spans):
        style = span.style if isinstance(span.style, Style) else Style()
        colours = Style(color=style.color, bgcolor=style.bgcolor, bold=style.bold)
        shown.spans[number] = span._replace(style=colours)
    return shown
