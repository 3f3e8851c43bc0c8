"""What is called in the kernel: before the first cell, between cells, after the last.

It shares the kernel with untrusted code, so it is loaded before that, with built-in functions of
its own; nothing that it reports is trusted.
"""

import builtins
import importlib.util
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from IPython import get_ipython

from . import installs, seeds, stand_ins

_loaded: dict[str, Any] = {}


def begin(seed_offset: int, may_install: bool) -> None:
    """Seed the random numbers and move every seed that the notebook will set by `seed_offset`."""
    shell = get_ipython()
    _loaded["shell"] = shell
    _loaded["fetch"] = _with_own_builtins(f"{__package__}.fetch").fetch
    _loaded["publish"] = shell.display_pub.publish
    _loaded["names"] = shell.user_ns
    stand_ins.install()
    seeds.begin(seed_offset)
    if not may_install:
        shell.system = installs.explain_failed_installs(
            shell.system, lambda: shell.user_ns.get("_exit_code")
        )


def assign(values: Mapping[str, Any]) -> None:
    """Give the notebook's names these values."""
    _loaded["names"].update(values)


def fetch(expressions: list[str], inputs: Mapping[str, str], limit: int) -> None:
    """Publish the value of the first expression that works; `inputs` are names and their files."""
    seeds.reseed()
    _loaded["fetch"](_loaded["publish"], _loaded["names"], expressions, inputs, limit)


def _with_own_builtins(name: str) -> ModuleType:
    """Load a module whose `len`, `isinstance`, … stay what they are now."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    module.__dict__["__builtins__"] = dict(vars(builtins))
    spec.loader.exec_module(module)
    return module
