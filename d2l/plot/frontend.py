"""Where output is shown: notebook, terminal or file; the progress line of a terminal."""

import os
import sys
from typing import Any, Literal

Frontend = Literal["notebook", "terminal", "plain"]


def detect_frontend() -> Frontend:
    """`"notebook"` in a Jupyter, VS Code or Colab kernel, `"terminal"` on a tty, else `"plain"`."""
    if notebook_shell() is not None:
        return "notebook"
    stdout = sys.stdout
    is_tty = stdout is not None and stdout.isatty()
    return "terminal" if is_tty and os.environ.get("TERM") != "dumb" else "plain"


def notebook_shell() -> Any | None:
    """IPython's shell if this is a notebook's kernel; IPython is never imported to find out."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if getattr(shell, "kernel", None) is not None else None


def current_request(shell: Any) -> dict[str, Any]:
    """The message that the kernel is answering: one for each run of a cell."""
    return getattr(shell, "parent_header", None) or {}


def can_update_outputs(shell: Any) -> bool:
    """Whether the front end is known to replace an output by `update_display_data`.

    qtconsole, Spyder's console and others ignore that message, and no message asks a front end for
    what it can do. So those that can are told by their marks; an unknown one counts as unable.
    """
    if "spyder_kernels" in sys.modules:
        return False
    message = current_request(shell)
    return (
        "JPY_SESSION_NAME" in os.environ  # the kernel was started by a Jupyter server
        or "VSCODE_PID" in os.environ
        or "google.colab" in sys.modules
        or "cellId" in message.get("metadata", {})  # JupyterLab, Notebook 7, VS Code
        or _is_classic_notebook(message)
        or message.get("content", {}).get("allow_stdin") is False  # nbclient, papermill
    )


def _is_classic_notebook(message: dict[str, Any]) -> bool:
    """Notebook up to 6 calls every user "username"; Python's clients do so without `USER` only."""
    is_nameless = os.environ.get("USER", "username") == "username"
    return not is_nameless and message.get("header", {}).get("username") == "username"


WIDEST_BAR, NARROWEST_BAR = 24, 4
TEXT_WIDTH = 76  # what epoch, speed and the three numbers of a classifier take


class TerminalLine:
    """A bar with text behind it that is gone once it is closed.

    Where the terminal is too narrow, the text is cut at its end: the line is never two.
    """

    def __init__(self, total: float) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        console = Console()
        # one width for all of the run, so that the text behind the bar stays where it is
        width = max(NARROWEST_BAR, min(WIDEST_BAR, console.width - TEXT_WIDTH))
        self._progress = Progress(
            BarColumn(bar_width=width),
            TextColumn("{task.fields[text]}", markup=False),
            console=console,
            auto_refresh=False,  # no thread: the run itself says when
            transient=True,
        )
        self._task = self._progress.add_task("", total=total, text="")

    def show(self, done: float, text: str) -> None:
        """Rewrite the line: how much of the total is done, and the text behind the bar."""
        self._progress.update(self._task, completed=done, text=text)
        self._progress.start()
        self._progress.refresh()

    def close(self) -> None:
        """Wipe the line."""
        self._progress.stop()
