"""What was chosen for a run, and why: a record to print, and to test."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """How the steps of a run are done.

    `step` is "plain" (one call after the other) or "replayed" (recorded once, launched as a whole);
    `data` is "resident" (in memory, on the device) or "streamed"; `why` is the reason for the step;
    `recorded_anew` names what changed where a step had to be recorded again.
    """

    device: str
    data: str
    step: str
    why: str
    recorded_anew: tuple[str, ...] = ()

    def __repr__(self) -> str:
        again = "".join(f"; recorded anew: {why}" for why in self.recorded_anew)
        return f"{self.step} step on {self.device}, data {self.data}: {self.why}{again}"
