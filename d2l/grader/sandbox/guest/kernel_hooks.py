"""Functions called in the kernel: before the first cell, between cells, and after the last.

They share the kernel with untrusted code, so they are loaded before it, with their own copy of the
built-in functions. Nothing that they report is trusted.
"""

import builtins
import importlib.util
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from IPython import get_ipython

from d2l.grader.sandbox.guest import fetch as shared_fetch
from d2l.grader.sandbox.guest import installs, reseed, stand_ins


def _with_own_builtins(module: ModuleType) -> ModuleType:
    """Load a copy of a module with its own built-in functions, which notebooks cannot change."""
    spec = module.__spec__
    assert spec is not None
    assert spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    copy.__dict__["__builtins__"] = dict(vars(builtins))
    spec.loader.exec_module(copy)
    return copy


_loaded: dict[str, Any] = {"fetch": _with_own_builtins(shared_fetch).fetch}


def begin(seed_offset: int, may_install: bool) -> None:
    """Install the stand-ins, seed the generators, and add `seed_offset` to later seeds."""
    shell = get_ipython()
    _loaded["publish"] = shell.display_pub.publish
    _loaded["names"] = shell.user_ns
    stand_ins.install()
    reseed.begin(seed_offset)
    if not may_install:
        shell.system = installs.explain_failed_installs(
            shell.system, lambda: shell.user_ns.get("_exit_code")
        )


def assign(values: Mapping[str, Any]) -> None:
    """Assign these values to names of the notebook."""
    _loaded["names"].update(values)


def fetch(expressions: list[str], inputs: Mapping[str, str], limit: int) -> None:
    """Publish the value of the first valid expression; `inputs` maps names to npy files."""
    reseed.reseed()
    _loaded["fetch"](_loaded["publish"], _loaded["names"], expressions, inputs, limit)
