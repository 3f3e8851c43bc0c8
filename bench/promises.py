"""What the library promises of its speed, held against what was measured."""

from collections.abc import Callable
from typing import NamedTuple

from bench.rivals import HAND, OURS, RELEASED
from bench.rounds import Findings
from bench.size import Size


class Promise(NamedTuple):
    """A measured number and the bound that it keeps."""

    words: str
    measured: Callable[[Findings], float | None]
    bound: float
    at_least: bool = False

    def verdict(self, findings: Findings) -> tuple[bool, str]:
        """Whether it is not missed, and a line that says by how much it is kept or missed."""
        value = self.measured(findings)
        if value is None:  # it was left out, or this would be an error
            return True, f"open    {self.words}: not measured"
        is_kept = value >= self.bound if self.at_least else value <= self.bound
        side, share = ("least" if self.at_least else "most"), abs(value - self.bound) / self.bound
        room = f"{'kept with' if is_kept else 'missed by'} {share:.0%}"
        line = f"{self.words}: {value:.3g}, promised at {side} {self.bound:g}, {room}"
        return is_kept, f"{'kept  ' if is_kept else 'MISSED'}  {line}"


def _accuracy_gap(findings: Findings) -> float | None:
    ours, released = (findings.median("accuracy", rival) for rival in (OURS, RELEASED))
    return None if ours is None or released is None else abs(ours - released)


ANYWHERE = (
    Promise("ten-epoch fit, accuracy away from 1.0.3's", _accuracy_gap, 0.02),
    Promise("import, times `import torch`", lambda f: f.ratio("import", OURS, HAND), 1.15),
    Promise("100-epoch board, seconds", lambda f: f.median("board", OURS), 0.3),
    Promise("the same in a kernel, seconds", lambda f: f.median("kernel_board", OURS), 0.3),
    Promise("20,000 draws, seconds", lambda f: f.median("draws", OURS), 0.1),
)
ON_CPU = (
    Promise("a pass, times faster than 1.0.3", lambda f: f.ratio("pass"), 40, at_least=True),
    Promise("MLP epoch, times the hand loop's", lambda f: f.ratio("mlp", OURS, HAND), 1.10),
    Promise("ten-epoch fit, times faster than 1.0.3", lambda f: f.ratio("fit"), 11, at_least=True),
)
ON_GPU = (
    Promise("softmax epoch, seconds", lambda f: f.median("softmax", OURS), 0.015),
    Promise("MLP epoch, seconds", lambda f: f.median("mlp", OURS), 0.022),
    Promise("LeNet epoch, seconds", lambda f: f.median("lenet", OURS), 0.085),
    Promise("ten-epoch fit, seconds", lambda f: f.median("fit", OURS), 0.7),
    Promise("ten-epoch fit, times faster than 1.0.3", lambda f: f.ratio("fit"), 45, at_least=True),
    Promise("ResNet-18, times faster than 1.0.3", lambda f: f.ratio("resnet"), 1.5, at_least=True),
)


def verdicts(findings: Findings, size: Size) -> tuple[bool, list[str]]:
    """Whether no promise is missed, and a line for each."""
    promises = (ON_GPU if size.on_gpu else ON_CPU) + ANYWHERE
    kept, lines = zip(*(promise.verdict(findings) for promise in promises), strict=True)
    return all(kept), list(lines)
