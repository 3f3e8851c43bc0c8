"""Check for the packages of the extra `notebook`, and return versions of installed packages."""

import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import d2l
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
            f"notebooks require {', '.join(missing)}, not installed for {sys.executable}. "
            "Install with: pip install 'd2l[notebook]'"
        )


def versions_of(packages: Sequence[str]) -> dict[str, str]:
    """Return the versions of Python, of d2l, and of the installed ones of `packages`."""
    found = {"python": platform.python_version(), "d2l": d2l.__version__}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # an extra that is not installed
            continue
    return found
