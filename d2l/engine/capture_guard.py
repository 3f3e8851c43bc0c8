"""Detect what prevents a training step from being captured, and what a replay would leave out.

A capture fails if a step synchronizes with the device: if it reads a value back, creates a shape
that depends on values, or copies from the host. A replay repeats the work on the device only: it
does not print, draw random numbers on the host or change Python values. All of these are detected
during an eager step. Whether the numbers are correct is checked by `graphed_epoch.difference`.
"""

import io
import math
import random
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

READS = {"_local_scalar_dense", "is_nonzero", "equal"}
SHAPED_BY_VALUES = {
    *("nonzero", "masked_select", "_unique2", "unique_dim", "unique_consecutive"),
    *("bincount", "repeat_interleave"),
}
SYNC_WARNING = "called a synchronizing CUDA operation"  # PyTorch's message
_MISSING = object()


class Place(NamedTuple):
    """The address and type of a tensor that a step uses by name."""

    shape: tuple[int, ...] | None
    dtype: torch.dtype
    device: torch.device
    address: int | None
    requires_grad: bool

    def __repr__(self) -> str:
        return repr(tuple(self))


class CaptureBlockers(list[str]):
    """The reasons why a step cannot be captured; empty if it can."""

    def note(self, reason: str) -> None:
        """Add a reason, once."""
        if reason not in self:
            self.append(reason)


@contextmanager
def detect_uncapturable(
    blockers: CaptureBlockers,
    baked_in: Callable[[], Any],
    device: torch.device,
    replaced: set[str] | None = None,
) -> Iterator[None]:
    """Add to `blockers` what the block does that cannot be captured, or that a replay omits.

    `baked_in()` returns the Python state that the step may not change; it is compared before and
    after the block. The names of tensors that the block replaces by others are added to `replaced`.
    """
    before, random_before = baked_in(), _host_generators()
    syncs = _detect_syncs(blockers) if device.type == "cuda" else nullcontext()
    with _PROBE.watching() as has_printed, _Operations(blockers), syncs:
        yield
    if has_printed():
        blockers.note("it prints")
    if _host_generators() != random_before:
        blockers.note("it draws random numbers on the host")
    after = baked_in()
    for name in changed_names(before, after):
        is_tensor = isinstance(before.get(name), Place) and isinstance(after.get(name), Place)
        if is_tensor and replaced is not None:
            replaced.add(name)
        else:
            blockers.note(f"it changes {name}")


@contextmanager
def _detect_syncs(blockers: CaptureBlockers) -> Iterator[None]:
    """Detect where the block synchronizes with the device, by PyTorch's sync debug mode."""
    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("ignore", "Synchronization debug mode is a prototype")
        warnings.filterwarnings("always", SYNC_WARNING)
        torch.cuda.set_sync_debug_mode("warn")
        try:
            yield
        finally:
            torch.cuda.set_sync_debug_mode(before)
    for warning in caught:
        if SYNC_WARNING in str(warning.message):
            line = f"{warning.filename.rpartition('/')[2]}, line {warning.lineno}"
            blockers.note(f"it synchronizes with the device ({line})")
        else:
            w = warning
            warnings.warn_explicit(w.message, w.category, w.filename, w.lineno, source=w.source)


def changed_names(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return the names whose values changed."""
    pairs = {n: (before.get(n, _MISSING), after.get(n, _MISSING)) for n in (*before, *after)}
    return sorted(
        name for name, (old, new) in pairs.items() if old != new and not _is_nan(old, new)
    )


def _is_nan(*values: Any) -> bool:
    return all(isinstance(value, float) and math.isnan(value) for value in values)


class TrainerProxy:
    """Replaces the trainer during a step, and records which attributes the step reads and sets.

    `allowed` are attributes that stay valid in a replay.
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
            self._blockers.note(f"it creates a shape that depends on values ({name})")
        elif name in ("index", "index_put_") and _has_mask(args[1]):
            self._blockers.note("it creates a shape that depends on values (a boolean index)")
        elif _crosses_devices(name, args, kwargs or {}):
            self._blockers.note("it copies a tensor to another device")
        return func(*args, **(kwargs or {}))


def _has_mask(indices: Any) -> bool:
    return any(isinstance(i, torch.Tensor) and i.dtype == torch.bool for i in indices)


def _crosses_devices(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether an operation copies between devices, including index lists from the host."""
    if name == "_to_copy":
        target = kwargs.get("device")
        return target is not None and torch.device(target).type != args[0].device.type
    if name == "copy_":
        return args[1].device.type != args[0].device.type
    if name in ("index", "index_put_"):
        indices = (i for i in args[1] if isinstance(i, torch.Tensor))
        return any(i.device.type != args[0].device.type for i in indices)
    return False


def _host_generators() -> tuple[Any, ...]:
    numpy_state = np.random.get_state(legacy=False)
    return (random.getstate(), str(numpy_state["state"]))


class _StdoutProbe(io.TextIOBase):
    """Replaces stdout, forwards what is printed, and counts the writes of each thread.

    One instance exists for the life of the program, because the `print` of another thread may
    still use it, without a reference, while stdout is being restored.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._num_writes: Counter[int] = Counter()
        self.target: Any = None

    @contextmanager
    def watching(self) -> Iterator[Callable[[], bool]]:
        """Context that watches stdout; yields a function: whether this thread has printed."""
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

    def close(self) -> None:
        """Close nothing: Python calls this at exit, and the target may be in use or closed."""


_PROBE = _StdoutProbe()
