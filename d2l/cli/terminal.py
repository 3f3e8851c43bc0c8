"""How the verbs speak: text is never taken for markup, a bar moves in a terminal alone."""

import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

INTERRUPTED = 130  # what shells report of a program ended by Ctrl-C


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
    """What strangers wrote: no control codes, and no letters that the output lacks."""
    visible = "".join(letter if letter.isprintable() else "?" for letter in text)
    encoding = sys.stdout.encoding or "utf-8"
    return visible.encode(encoding, "replace").decode(encoding)


def strangers_text(text: str) -> Text:
    """`printable`, for a console."""
    return Text(printable(text))
