"""Looks over a step's shoulder while it runs: could this step be recorded once and replayed?

A recording repeats what reached the device and nothing else. So a step cannot be recorded if it
reads a value back, makes shapes that depend on values, prints, draws random numbers on the host,
or asks the run where it is. All of these are noticed while the step runs as usual.
"""

import io
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

READS = {"_local_scalar_dense", "is_nonzero", "equal"}
SHAPED_BY_VALUES = {"nonzero", "masked_select", "_unique2", "unique_dim", "unique_consecutive"}


class Findings(list[str]):
    """Why a step cannot be recorded; empty if it can."""

    def note(self, reason: str) -> None:
        """Remember a reason, once."""
        if reason not in self:
            self.append(reason)


@contextmanager
def watched(findings: Findings, host_state: Callable[[], Any]) -> Iterator[None]:
    """Note in `findings` what the block does that a replay would not.

    `host_state()` is whatever Python state the step may not change; it is compared before and
    after the block.
    """
    before, drawn_before = host_state(), _host_generators()
    printed = _Tee(sys.stdout)
    with redirect_stdout(printed), _Operations(findings):
        yield
    if printed.was_used:
        findings.note("it prints")
    if _host_generators() != drawn_before:
        findings.note("it draws random numbers on the host")
    for name in changed(before, host_state()):
        findings.note(f"it changes {name}")


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The names whose value is not what it was."""
    names = sorted({*before, *after})
    return [name for name in names if before.get(name) != after.get(name)]


class RunSeenByStep:
    """Stands in for the trainer while a step is watched, and notes what the step asks of it.

    `allowed` are attributes that stay right in a replay.
    """

    def __init__(self, run: Any, findings: Findings, allowed: frozenset[str]) -> None:
        vars(self).update(_run=run, _findings=findings, _allowed=allowed)

    def __getattr__(self, name: str) -> Any:
        if name not in self._allowed:
            self._findings.note(f"it reads trainer.{name}")
        return getattr(self._run, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._findings.note(f"it sets trainer.{name}")
        setattr(self._run, name, value)


class _Operations(TorchDispatchMode):
    def __init__(self, findings: Findings) -> None:
        super().__init__()
        self._findings = findings

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = func.overloadpacket.__name__
        if name in READS:
            self._findings.note("it reads a value back (.item(), float(), print, or an if on it)")
        elif name in SHAPED_BY_VALUES:
            self._findings.note(f"it makes a shape that depends on values ({name})")
        elif name in ("index", "index_put_") and _has_mask(args[1]):
            self._findings.note("it makes a shape that depends on values (a boolean index)")
        elif name == "_to_copy" and _leaves_device(args, kwargs or {}):
            self._findings.note("it copies a tensor to another device")
        return func(*args, **(kwargs or {}))


def _has_mask(indices: Any) -> bool:
    return any(isinstance(i, torch.Tensor) and i.dtype == torch.bool for i in indices)


def _leaves_device(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    target = kwargs.get("device")
    return target is not None and torch.device(target).type != args[0].device.type


def _host_generators() -> tuple[Any, ...]:
    numpy_state = np.random.get_state(legacy=False)
    return (random.getstate(), str(numpy_state["state"]))


class _Tee(io.TextIOBase):
    """Passes on what is printed, and remembers that something was."""

    def __init__(self, target: Any) -> None:
        self.target = target
        self.was_used = False

    def write(self, text: str) -> int:
        self.was_used = True
        return int(self.target.write(text))

    def flush(self) -> None:
        self.target.flush()
