"""Detect where output is shown (notebook, terminal or file); the progress line of a terminal."""

import os
import sys
from typing import Any, Literal

Frontend = Literal["notebook", "terminal", "plain"]


def detect_frontend() -> Frontend:
    """Return "notebook" in a Jupyter, VS Code or Colab kernel, "terminal" on a tty, or "plain"."""
    if notebook_shell() is not None:
        return "notebook"
    stdout = sys.stdout
    is_tty = stdout is not None and stdout.isatty()
    return "terminal" if is_tty and os.environ.get("TERM") != "dumb" else "plain"


def notebook_shell() -> Any | None:
    """Return IPython's shell in the kernel of a notebook, otherwise None; never imports IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if getattr(shell, "kernel", None) is not None else None


def current_request(shell: Any) -> dict[str, Any]:
    """Return the request that the kernel is executing: one for each run of a cell."""
    return getattr(shell, "parent_header", None) or {}


def can_update_outputs(shell: Any) -> bool:
    """Whether the front end is known to support `update_display_data`.

    qtconsole, Spyder's console and others ignore that message, and the protocol has no query for
    it. So supporting front ends are detected by their features; unknown ones count as unsupported.
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
    """Whether the user name is "username" as in Notebook up to 6, and not for lack of `USER`."""
    is_nameless = os.environ.get("USER", "username") == "username"
    return not is_nameless and message.get("header", {}).get("username") == "username"


MAX_BAR_WIDTH, MIN_BAR_WIDTH = 24, 4
TEXT_WIDTH = 76  # the width of epoch, speed and the three metrics of a classifier


class TerminalLine:
    """A progress bar followed by text, which is removed when it is closed.

    If the terminal is too narrow, the text is cut at its end, so that it stays one line.
    """

    def __init__(self, total: float) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        console = Console()
        # constant for the run, so that the text after the bar does not move
        width = max(MIN_BAR_WIDTH, min(MAX_BAR_WIDTH, console.width - TEXT_WIDTH))
        self._progress = Progress(
            BarColumn(bar_width=width),
            TextColumn("{task.fields[text]}", markup=False),
            console=console,
            auto_refresh=False,  # no thread: refreshed by `show`
            transient=True,
        )
        self._task = self._progress.add_task("", total=total, text="")

    def show(self, done: float, text: str) -> None:
        """Update the line: the amount done, out of `total`, and the text after the bar."""
        self._progress.update(self._task, completed=done, text=text)
        self._progress.start()
        self._progress.refresh()

    def close(self) -> None:
        """Remove the line."""
        self._progress.stop()
