"""Detects what keeps a training step from being captured once and replayed.

A replay repeats what reached the device and nothing else. So a step cannot be captured if it reads
a value back, makes shapes that depend on values, prints, draws random numbers on the host, or asks
the run where it is. All of these are noticed while the step runs as usual.
"""

import io
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

READS = {"_local_scalar_dense", "is_nonzero", "equal"}
_MISSING = object()
SHAPED_BY_VALUES = {"nonzero", "masked_select", "_unique2", "unique_dim", "unique_consecutive"}


class CaptureBlockers(list[str]):
    """Why a step cannot be captured; empty if it can."""

    def note(self, reason: str) -> None:
        """Remember a reason, once."""
        if reason not in self:
            self.append(reason)


@contextmanager
def detect_uncapturable(blockers: CaptureBlockers, baked_in: Callable[[], Any]) -> Iterator[None]:
    """Note in `blockers` what the block does that a replay would not.

    `baked_in()` is whatever Python state the step may not change; it is compared before and
    after the block.
    """
    before, drawn_before = baked_in(), _host_generators()
    with _PROBE.watching() as has_printed, _Operations(blockers):
        yield
    if has_printed():
        blockers.note("it prints")
    if _host_generators() != drawn_before:
        blockers.note("it draws random numbers on the host")
    for name in changed_names(before, baked_in()):
        blockers.note(f"it changes {name}")


def changed_names(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The names whose value is not what it was."""
    names = sorted({*before, *after})
    return [name for name in names if before.get(name, _MISSING) != after.get(name, _MISSING)]


class TrainerProxy:
    """Stands in for the trainer while a step is watched, and notes what the step asks of it.

    `allowed` are attributes that stay right in a replay.
    """

    def __init__(self, run: Any, blockers: CaptureBlockers, allowed: frozenset[str]) -> None:
        vars(self).update(_run=run, _blockers=blockers, _allowed=allowed)

    def __getattr__(self, name: str) -> Any:
        if name not in self._allowed:
            self._blockers.note(f"it reads trainer.{name}")
        return getattr(self._run, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._blockers.note(f"it sets trainer.{name}")
        setattr(self._run, name, value)


class _Operations(TorchDispatchMode):
    def __init__(self, blockers: CaptureBlockers) -> None:
        super().__init__()
        self._blockers = blockers

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = func.overloadpacket.__name__
        if name in READS:
            self._blockers.note("it reads a value back (.item(), float(), print, or an if on it)")
        elif name in SHAPED_BY_VALUES:
            self._blockers.note(f"it makes a shape that depends on values ({name})")
        elif name in ("index", "index_put_") and _has_mask(args[1]):
            self._blockers.note("it makes a shape that depends on values (a boolean index)")
        elif name == "_to_copy" and _leaves_device(args, kwargs or {}):
            self._blockers.note("it copies a tensor to another device")
        return func(*args, **(kwargs or {}))


def _has_mask(indices: Any) -> bool:
    return any(isinstance(i, torch.Tensor) and i.dtype == torch.bool for i in indices)


def _leaves_device(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    target = kwargs.get("device")
    return target is not None and torch.device(target).type != args[0].device.type


def _host_generators() -> tuple[Any, ...]:
    numpy_state = np.random.get_state(legacy=False)
    return (random.getstate(), str(numpy_state["state"]))


class _StdoutProbe(io.TextIOBase):
    """Stands in for stdout, passes on what is printed, and counts what each thread prints.

    There is one for good: the `print` of another thread may use it, without counting its reference,
    while it is being replaced.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._num_writes: Counter[int] = Counter()
        self.target: Any = None

    @contextmanager
    def watching(self) -> Iterator[Callable[[], bool]]:
        """Inside, stdout is watched; gives a function that says whether this thread printed."""
        thread = threading.get_ident()
        with self._lock:
            before, num_before = sys.stdout, self._num_writes[thread]
            if before is not self:
                self.target = sys.stdout
                sys.stdout = self
            try:
                yield lambda: self._num_writes[thread] > num_before
            finally:
                sys.stdout = before

    def write(self, text: str) -> int:
        self._num_writes[threading.get_ident()] += 1
        return int(self.target.write(text))

    def flush(self) -> None:
        self.target.flush()


_PROBE = _StdoutProbe()
