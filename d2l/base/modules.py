"""The modules that homework uses through the public face (`d2l.plt`, …), loaded on first use."""

import difflib
import importlib
import importlib.util
import sys
from typing import Any

from d2l.base.torchvision_import import load_torchvision

MODULES = {
    "F": "torch.nn.functional",
    "Image": "PIL.Image",
    "asdict": "dataclasses:asdict",
    "backend_inline": "matplotlib_inline.backend_inline",
    "collections": "collections",
    "d2l": "d2l.torch",
    "data": "torch.utils.data",
    "defaultdict": "collections:defaultdict",
    "display": "IPython.display",
    "distance_matrix": "scipy.spatial:distance_matrix",
    "hashlib": "hashlib",
    "inspect": "inspect",
    "io": "io",
    "json": "json",
    "math": "math",
    "nn": "torch.nn",
    "np": "numpy",
    "os": "os",
    "pd": "pandas",
    "plt": "matplotlib.pyplot",
    "queue": "queue",
    "random": "random",
    "re": "re",
    "requests": "requests",
    "shutil": "shutil",
    "sys": "sys",
    "tarfile": "tarfile",
    "textwrap": "textwrap",
    "threading": "threading",
    "time": "time",
    "torch": "torch",
    "torchvision": "torchvision",
    "transforms": "torchvision.transforms",
    "zipfile": "zipfile",
}


def load(name: str) -> Any:
    """The module (or member of one) behind a name of `MODULES`."""
    module, _, member = MODULES[name].partition(":")
    if _package_of(module) == "torchvision":
        load_torchvision(f"d2l.{name}")
    try:
        loaded = importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise ModuleNotFoundError(
            f"d2l.{name} is {MODULES[name]}, and {error.name} is not installed: "
            f"pip install {package}",
            name=error.name,
        ) from error
    return getattr(loaded, member) if member else loaded


def installed() -> list[str]:
    """The names of `MODULES` whose package can be imported; none of them is imported."""
    packages = {_package_of(target) for target in MODULES.values()}
    found = {p for p in packages if sys.modules.get(p) or importlib.util.find_spec(p) is not None}
    return [name for name, target in MODULES.items() if _package_of(target) in found]


def _package_of(target: str) -> str:
    return target.partition(":")[0].partition(".")[0]


def absent(name: str, known: list[str]) -> str:
    """What to say of a name that is not there: which edition has it, or which names are like it."""
    from d2l.base.absent_names import explain

    near = difflib.get_close_matches(name, known, n=3)
    hint = f": did you mean {' or '.join(near)}?" if near else ""
    return explain(name) or f"d2l has no name {name!r}{hint}"
