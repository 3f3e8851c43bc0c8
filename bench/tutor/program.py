"""What the corpus is made of: causes, wrong programs with their right twins, and right programs."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Host = Literal["trainer", "own loop", "by hand"]
HOSTS: tuple[Host, ...] = ("trainer", "own loop", "by hand")
Visible = Literal["before training", "first batch", "second step", "first epoch", "never"]


@dataclass(frozen=True)
class Cause:
    """One way to be wrong: `number` counts the list of mistakes, `kind` is its slug.

    `evidence` says how it can be seen, `visible` when at the earliest; `why_never` and `not_in`
    give the reason where it cannot be seen, or cannot be made in a host. `error` is an expression
    that errors match which come from this cause.
    """

    number: int
    kind: str
    visible: Visible
    evidence: str
    why_never: str = ""
    not_in: dict[Host, str] = field(default_factory=dict)
    error: str = ""


@dataclass
class Outcome:
    """What a program came to. `score` is measured on examples that it did not train on.

    Scores are accuracies, R² or the negative of a loss: higher is better. `before` is the score of
    a right program before it trained. `trainer` and `watcher` are what hints are read from.
    """

    score: float = math.nan
    before: float = math.nan
    facts: dict[str, float] = field(default_factory=dict)
    model: Any = None
    trainer: Any = None
    watcher: Any = None


class Verdict(NamedTuple):
    """Whether a measurement shows what was claimed, and the numbers."""

    holds: bool
    numbers: str


Program = Callable[[], Outcome]
Proof = Callable[[Outcome, Outcome], Verdict]


def worse(by: float) -> Proof:
    """The wrong program's score is lower than its twin's by at least `by`; nan is lowest."""

    def proof(wrong: Outcome, right: Outcome) -> Verdict:
        is_worse = math.isnan(wrong.score) or wrong.score <= right.score - by
        return Verdict(is_worse, f"{wrong.score:.3f} against {right.score:.3f}")

    return proof


def fact(name: str, wrong_at_least: float, right_at_most: float) -> Proof:
    """The number `name` is high in the wrong program and low in its twin."""

    def proof(wrong: Outcome, right: Outcome) -> Verdict:
        a, b = wrong.facts[name], right.facts[name]
        holds = a >= wrong_at_least and b <= right_at_most
        return Verdict(holds, f"{name} {a:.3g} against {b:.3g}")

    return proof


WORSE = worse(0.05)


@dataclass(frozen=True)
class Mistake:
    """A wrong program, `run`, and the same without the mistake, `right`.

    With `raises` it ends in an error; else `proof` compares what the two came to. `variant` tells
    programs of one cause in one host apart.
    """

    cause: Cause
    host: Host
    run: Program
    right: Program
    proof: Proof = WORSE
    raises: bool = False
    variant: str = ""

    @property
    def name(self) -> str:
        """The number in the list of mistakes, and the slug of the cause."""
        return f"{self.cause.number:02d}-{self.kind}" + (f"-{self.variant}" if self.variant else "")

    @property
    def kind(self) -> str:
        """The slug of the cause."""
        return self.cause.kind

    @property
    def evidence(self) -> str:
        """How the mistake can be seen."""
        return self.cause.evidence

    @property
    def visible(self) -> Visible:
        """When it can be seen at the earliest."""
        return self.cause.visible


@dataclass(frozen=True)
class RightProgram:
    """A program about which there is nothing to say.

    It trains: its score rises by at least `gain`, from what it was before, or to `reaches`.
    """

    family: str
    name: str
    run: Program
    gain: float = 0.1
    reaches: float = math.inf

    def verdict(self, outcome: Outcome) -> Verdict:
        """Whether it has trained, and the numbers."""
        rose = outcome.score - outcome.before >= self.gain
        numbers = f"{outcome.before:.3f} → {outcome.score:.3f}"
        return Verdict(rose or outcome.score >= self.reaches, numbers)
