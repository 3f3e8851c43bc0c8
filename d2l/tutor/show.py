"""Shows a hint where the program's output is seen: a box, a few lines, or one line."""

import html
import sys
import textwrap

from d2l.plot.frontend import detect_frontend
from d2l.tutor.hint import Hint

_BOX = (
    '<div style="border-left: 3px solid currentColor; margin: 0.5em 0; padding: 0.1em 0.8em; '
    'opacity: 0.85"><b>Hint</b> {message}<br><small>{where}<code>d2l tutor explain {kind}</code>'
    "</small></div>"
)
WIDTH = 88


def show(hint: Hint) -> None:
    """Show a hint once: as a box in a notebook, else on stderr."""
    frontend = detect_frontend()
    if frontend == "notebook":
        from IPython.display import display

        display({"text/html": as_html(hint), "text/plain": as_lines(hint)}, raw=True)
        return
    text = as_lines(hint) if frontend == "terminal" else as_line(hint)
    print(text, file=sys.stderr)


def as_line(hint: Hint) -> str:
    """One line, for a pipe or a log."""
    return " ".join(f"hint [{hint.kind}]: {hint.message}".split())


def as_lines(hint: Hint) -> str:
    """A few lines, for a terminal."""
    first = f"hint [{hint.kind}]: "
    lines = textwrap.wrap(first + hint.message, WIDTH, subsequent_indent="    ")
    return "\n".join([*lines, f"    more: d2l tutor explain {hint.kind}"])


def as_html(hint: Hint) -> str:
    """A quiet box whose colours are those of the page; all text is escaped."""
    where = f"{html.escape(hint.where)} · " if hint.where else ""
    parts = html.escape(hint.message).split("`")
    code = (f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
    return _BOX.format(message="".join(code), where=where, kind=html.escape(hint.kind))
