"""Import torchvision, which is optional, with errors that name the compatible release."""

import importlib
import importlib.metadata
import re
from types import ModuleType

DOES_NOT_LOAD = (ImportError, RuntimeError, OSError, AttributeError)  # built for another PyTorch


def load_torchvision(needed_by: str = "d2l.torchvision") -> ModuleType:
    """Import torchvision for `needed_by`; raise `ImportError` with the command that fixes it."""
    try:
        return importlib.import_module("torchvision")
    except ModuleNotFoundError as error:
        if error.name != "torchvision":
            raise
        raise ModuleNotFoundError(
            f"{needed_by} needs torchvision, which is not installed. Install the release for "
            f"this PyTorch: {fix()}",
            name="torchvision",
        ) from error
    except DOES_NOT_LOAD as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ImportError(
            f"{needed_by} needs torchvision, but the installed one cannot be imported: {reason}."
            f" Expected: a torchvision for torch {_version('torch')}; found: torchvision "
            f"{_version('torchvision')}{_built_for()}. Fix: {fix('--upgrade ')}",
            name="torchvision",
        ) from error


def fix(options: str = "") -> str:
    """Return the command that installs torchvision for this PyTorch, without changing PyTorch."""
    release = _version("torch").partition("+")[0]  # without +cpu or +cu128, as pip compares it
    return f"pip install {options}torchvision torch=={release}"


def is_installed() -> bool:
    """Whether torchvision is installed; it may still be incompatible with this PyTorch."""
    try:
        importlib.metadata.version("torchvision")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _built_for() -> str:
    try:
        required = importlib.metadata.requires("torchvision") or []
    except importlib.metadata.PackageNotFoundError:
        return ""
    found = [m for r in required if (m := re.match(r"torch\s*\(?\s*([=<>!~].*?)\)?\s*(;|$)", r))]
    return f", which requires torch{found[0][1]}" if found else ""


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "of unknown version"
