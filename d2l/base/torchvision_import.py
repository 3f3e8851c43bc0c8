"""Loads torchvision, and says how to fix it where it is missing or built for another PyTorch."""

import importlib
import importlib.metadata
from types import ModuleType

FIX = "pip install --upgrade torch torchvision"


def load_torchvision() -> ModuleType:
    """Import torchvision; raises `ImportError` with the command that fixes it."""
    try:
        return importlib.import_module("torchvision")
    except ModuleNotFoundError as error:
        if error.name != "torchvision":
            raise
        raise ModuleNotFoundError(
            "torchvision is not installed; Fashion-MNIST and the vision chapters need it. "
            f"Install it next to this PyTorch: {FIX}",
            name="torchvision",
        ) from error
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        raise ImportError(
            f"torchvision {_version('torchvision')} does not load next to torch "
            f"{_version('torch')} ({str(error).splitlines()[0]}): the two are built for different "
            f"releases. Install a pair that fits: {FIX}",
            name="torchvision",
        ) from error


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "of unknown version"
