"""The third-party packages that notebooks need: the optional extra `notebook`."""

import sys
from importlib.util import find_spec

from d2l.errors import D2LError

TOOLS = (
    "PIL",
    "filelock",
    "ipykernel",
    "jupyter_client",
    "latex2mathml",
    "markdown_it",
    "mdit_py_plugins",
    "msgspec",
    "nbconvert",
    "nbformat",
    "nh3",
    "pygments",
    "scipy",
    "yaml",
)


class MissingToolsError(D2LError, ImportError):
    """Packages of the extra `notebook` are not installed."""


def require_tools() -> None:
    """Raise `MissingToolsError` unless every package of the extra can be imported."""
    missing = [tool for tool in TOOLS if find_spec(tool) is None]
    if missing:
        raise MissingToolsError(
            f"notebooks need {', '.join(missing)}, not installed for {sys.executable}: "
            "pip install 'd2l[notebook]'"
        )
