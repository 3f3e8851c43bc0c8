"""What a check is: when it looks, at what, and how it is explained."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from d2l.tutor.evidence import Evidence


class When(Enum):
    """When a check looks. Each is a moment of `d2l.tutor.watch.Watch`."""

    BEFORE = "before training"
    FIRST_FORWARD = "first batch, before its backward pass"
    FIRST_BACKWARD = "first batch"  # after the first backward pass
    STEPS = "first steps"  # after each of the observed steps, the first included
    VALIDATION = "first validation batch"
    NOT_FINITE = "a loss of nan or inf"
    EPOCH = "end of the first epoch"
    ERROR = "when PyTorch raises an error"


@dataclass(frozen=True)
class Finding:
    """What a check has seen: three sentences at most, the numbers, and the place.

    `seen` says what was seen, with the number; `fix` what to write instead, with the reader's own
    names. The reason comes from the check.
    """

    seen: str
    fix: str
    evidence: dict[str, Any] = field(default_factory=dict)
    where: str = ""


Look = Callable[[Evidence], Finding | None]


@dataclass(frozen=True)
class Check:
    """A check: `look` finds the mistake in the evidence or returns None.

    `title`, `why` (one sentence, part of every message), `threshold` (how it is decided, with the
    measured spread of right programs) and the `wrong` and `right` code make its page. A `symptom`
    has several possible causes: it is looked at only where no cause was found.
    """

    kind: str
    when: When
    look: Look
    title: str
    why: str
    threshold: str
    book: str
    wrong: str
    right: str
    symptom: bool = False
