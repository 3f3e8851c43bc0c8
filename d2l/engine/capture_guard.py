"""Detects what keeps a training step from being captured, and what a replay would leave out.

A capture fails where a step waits for the device: where it reads a value back, makes a shape that
depends on values, or copies from the host. A replay repeats what reached the device and nothing
else: no printing, no random numbers drawn on the host, no change of Python values. All of these are
noticed while the step runs as usual. Whether the numbers are right is not judged here but by
comparing (`comparison`).
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
WAITS = "called a synchronizing CUDA operation"  # PyTorch's words for it
_MISSING = object()


class Place(NamedTuple):
    """Where a tensor is that a step knows by a name, and of what kind it is."""

    shape: tuple[int, ...] | None
    dtype: torch.dtype
    device: torch.device
    address: int | None
    requires_grad: bool

    def __repr__(self) -> str:
        return repr(tuple(self))


class CaptureBlockers(list[str]):
    """Why a step cannot be captured; empty if it can."""

    def note(self, reason: str) -> None:
        """Remember a reason, once."""
        if reason not in self:
            self.append(reason)


@contextmanager
def detect_uncapturable(
    blockers: CaptureBlockers,
    baked_in: Callable[[], Any],
    device: torch.device,
    replaced: set[str] | None = None,
) -> Iterator[None]:
    """Note in `blockers` what the block does that cannot be captured, or that a replay would not.

    `baked_in()` is whatever Python state the step may not change; it is compared before and
    after the block. The names of tensors that the block replaces by others are added to `replaced`.
    """
    before, drawn_before = baked_in(), _host_generators()
    waits = _waits(blockers) if device.type == "cuda" else nullcontext()
    with _PROBE.watching() as has_printed, _Operations(blockers), waits:
        yield
    if has_printed():
        blockers.note("it prints")
    if _host_generators() != drawn_before:
        blockers.note("it draws random numbers on the host")
    after = baked_in()
    for name in changed_names(before, after):
        is_tensor = isinstance(before.get(name), Place) and isinstance(after.get(name), Place)
        if is_tensor and replaced is not None:
            replaced.add(name)
        else:
            blockers.note(f"it changes {name}")


@contextmanager
def _waits(blockers: CaptureBlockers) -> Iterator[None]:
    """Note where the block waits for the device, which PyTorch warns of when asked to."""
    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("ignore", "Synchronization debug mode is a prototype")
        warnings.filterwarnings("always", WAITS)
        torch.cuda.set_sync_debug_mode("warn")
        try:
            yield
        finally:
            torch.cuda.set_sync_debug_mode(before)
    for warning in caught:
        if WAITS in str(warning.message):
            line = f"{warning.filename.rpartition('/')[2]}, line {warning.lineno}"
            blockers.note(f"it waits for the device ({line})")
        else:
            w = warning
            warnings.warn_explicit(w.message, w.category, w.filename, w.lineno, source=w.source)


def changed_names(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The names whose value is not what it was."""
    pairs = {n: (before.get(n, _MISSING), after.get(n, _MISSING)) for n in (*before, *after)}
    return sorted(
        name for name, (old, new) in pairs.items() if old != new and not _is_nan(old, new)
    )


def _is_nan(*values: Any) -> bool:
    return all(isinstance(value, float) and math.isnan(value) for value in values)


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
        elif _crosses_devices(name, args, kwargs or {}):
            self._blockers.note("it copies a tensor to another device")
        return func(*args, **(kwargs or {}))


def _has_mask(indices: Any) -> bool:
    return any(isinstance(i, torch.Tensor) and i.dtype == torch.bool for i in indices)


def _crosses_devices(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether an operation copies between devices, a list's indices from the host included."""
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
