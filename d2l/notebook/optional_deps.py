"""The third-party tools that this room stands on: the optional extra `notebook`."""

import sys
from importlib.util import find_spec

from d2l.errors import D2LError

TOOLS = (
    "PIL",
    "ipykernel",
    "jupyter_client",
    "jupytext",
    "latex2mathml",
    "markdown_it",
    "mdit_py_plugins",
    "nbconvert",
    "nbformat",
    "pygments",
)


class MissingToolsError(D2LError, ImportError):
    """The notebook tools are not installed."""


def require_tools() -> None:
    """Raise `MissingToolsError` unless every notebook tool can be imported."""
    missing = [tool for tool in TOOLS if find_spec(tool) is None]
    if missing:
        raise MissingToolsError(
            f"notebooks need {', '.join(missing)}, not installed for {sys.executable}: "
            "pip install 'd2l[notebook]'"
        )
