"""What a result depends on besides the notebook: Python, this library and other packages."""

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import d2l


def versions_of(packages: Sequence[str]) -> dict[str, str]:
    """The versions of Python, of d2l, and of those of the `packages` that are installed."""
    found = {"python": platform.python_version(), "d2l": d2l.__version__}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # an extra that is not installed
            continue
    return found
