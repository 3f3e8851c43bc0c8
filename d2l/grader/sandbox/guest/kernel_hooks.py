"""What is called in the kernel: before the first cell, between cells, after the last.

It shares the kernel with untrusted code, so all of it is loaded before that, with built-in
functions of its own; nothing that it reports is trusted.
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
    """Load a module once more, whose `len`, `isinstance`, … stay what they are now."""
    spec = module.__spec__
    assert spec is not None
    assert spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    copy.__dict__["__builtins__"] = dict(vars(builtins))
    spec.loader.exec_module(copy)
    return copy


_loaded: dict[str, Any] = {"fetch": _with_own_builtins(shared_fetch).fetch}


def begin(seed_offset: int, may_install: bool) -> None:
    """Seed the random numbers and move every seed that the notebook will set by `seed_offset`."""
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
    """Give the notebook's names these values."""
    _loaded["names"].update(values)


def fetch(expressions: list[str], inputs: Mapping[str, str], limit: int) -> None:
    """Publish the value of the first expression that works; `inputs` are names and their files."""
    reseed.reseed()
    _loaded["fetch"](_loaded["publish"], _loaded["names"], expressions, inputs, limit)
