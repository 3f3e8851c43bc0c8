"""Where is this program being looked at: a notebook, a terminal, or nowhere?"""

import os
import sys
from typing import Any, Literal

Surface = Literal["notebook", "terminal", "plain"]


def surface() -> Surface:
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
