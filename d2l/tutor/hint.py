"""Hints and their display: a box in notebooks, lines in terminals, one line in logs."""

import html
import sys
import textwrap
from dataclasses import dataclass, field
from typing import Any

from d2l.plot.frontend import detect_frontend


@dataclass(frozen=True)
class Hint:
    """One mistake that was found.

    `kind` is its name in docs/reference/tutor.md, `evidence` the measured numbers, `message` two or
    three sentences, `where` the place in the run or the model: "batch 1 of epoch 1, layer net.3".
    """

    kind: str
    message: str
    evidence: dict[str, Any] = field(default_factory=dict)
    where: str = ""

    def __str__(self) -> str:
        return self.message


_BOX = (
    '<div style="border-left: 3px solid currentColor; margin: 0.5em 0; padding: 0.1em 0.8em; '
    'opacity: 0.85"><b>Hint</b> {message}<br><small>{where}<code>d2l tutor explain {kind}</code>'
    "</small></div>"
)
WIDTH = 88
HINT_TYPE = "application/vnd.d2l.hint+json"


def show(hint: Hint) -> None:
    """Display a hint: as a box in a notebook, else on stderr."""
    frontend = detect_frontend()
    if frontend == "notebook":
        from IPython.display import display

        display(as_bundle(hint), raw=True)
        return
    text = as_lines(hint) if frontend == "terminal" else as_line(hint)
    print(text, file=sys.stderr)


def as_bundle(hint: Hint) -> dict[str, Any]:
    """Return a MIME bundle: HTML, text, and the hint as data, which graders do not compare."""
    data = {"kind": hint.kind, "message": hint.message, "where": hint.where}
    return {"text/html": as_html(hint), "text/plain": as_lines(hint), HINT_TYPE: data}


def as_line(hint: Hint) -> str:
    """Return one line, for a pipe or a log."""
    return " ".join(f"hint [{hint.kind}]: {hint.message}".split())


def as_lines(hint: Hint) -> str:
    """Return a few lines, for a terminal."""
    first = f"hint [{hint.kind}]: "
    lines = textwrap.wrap(first + hint.message, WIDTH, subsequent_indent="    ")
    return "\n".join([*lines, f"    more: d2l tutor explain {hint.kind}"])


def as_html(hint: Hint) -> str:
    """Return an HTML box in the colors of the page; all text is escaped."""
    where = f"{html.escape(hint.where)} · " if hint.where else ""
    parts = html.escape(hint.message).split("`")
    code = (f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
    return _BOX.format(message="".join(code), where=where, kind=html.escape(hint.kind))
