"""How training steps are executed: eager or captured, and with which precision."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

PRECISIONS = ("32-true", "tf32", "bf16-mixed")


def check_precision(precision: str) -> None:
    """Raise `ValueError` unless `precision` is one of `PRECISIONS`."""
    if precision not in PRECISIONS:
        raise ValueError(
            f"precision must be one of {', '.join(PRECISIONS)}; found {precision!r}. "
            'E.g. d2l.Trainer(max_epochs=10, precision="bf16-mixed")'
        )


@contextmanager
def autocast_for(precision: str, device: torch.device) -> Iterator[None]:
    """Context that sets the precision, and restores it at its end.

    "32-true" does not change PyTorch's settings. "tf32" multiplies float32 matrices on NVIDIA's
    tensor cores with 10 bits of mantissa. "bf16-mixed" computes layers in bfloat16; weights, their
    updates and reductions stay in float32.
    """
    if precision == "tf32":
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("high")
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(before)
    elif precision == "bf16-mixed":
        # no cache of cast weights: it would be stale after the step that changes them
        with torch.autocast(device.type, torch.bfloat16, cache_enabled=False):
            yield
    else:
        yield


@dataclass(frozen=True)
class Plan:
    """How the training steps of a run are executed.

    `step` is "eager" or "replayed" (captured once, launched as a whole); `data` is "resident" (in
    the memory of the device) or "streamed"; `why` is the reason for the choice of `step`;
    `recaptured` lists the changes that made another capture necessary.
    """

    device: str
    data: str
    step: str
    why: str
    recaptured: tuple[str, ...] = ()

    def __repr__(self) -> str:
        again = "".join(f"; captured again: {why}" for why in self.recaptured)
        return f"{self.step} step on {self.device}, data {self.data}: {self.why}{again}"
