"""How the steps of a run are executed, and why: a record to print, and to test."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """How the steps of a run are executed.

    `step` is "eager" (one call after the other) or "replayed" (captured once, launched as a whole);
    `data` is "resident" (in memory, on the device) or "streamed"; `why` is the reason for the step;
    `recaptured` names what changed where a step had to be captured again.
    """

    device: str
    data: str
    step: str
    why: str
    recaptured: tuple[str, ...] = ()

    def __repr__(self) -> str:
        again = "".join(f"; captured again: {why}" for why in self.recaptured)
        return f"{self.step} step on {self.device}, data {self.data}: {self.why}{again}"
