"""A hint: what was seen in a run, why it matters, and what to write instead."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Hint:
    """One mistake that was named.

    `kind` is its name in docs/reference/tutor.md, `evidence` the numbers that it was seen by,
    `message` two or three sentences, `where` the place in the run or the model: "batch 1 of epoch
    1, layer net.3".
    """

    kind: str
    message: str
    evidence: dict[str, Any] = field(default_factory=dict)
    where: str = ""

    def __str__(self) -> str:
        return self.message
