"""Run the checks that are due, and those that explain an error."""

import warnings
from collections.abc import Callable
from dataclasses import replace

import torch

from d2l.errors import D2LError, mistake
from d2l.tutor.evidence import Check, Evidence, Finding, When
from d2l.tutor.hint import Hint
from d2l.tutor.registry import CHECKS, ERROR_CHECKS

MOST_HINTS = 3  # at a time


class Looking:
    """The hints of one program. `say` is called with each new one."""

    def __init__(self, say: Callable[[Hint], None]) -> None:
        self.hints: list[Hint] = []
        self._say = say
        self._failed: set[str] = set()  # kinds of checks that raised an error

    def look(self, when: When, evidence: Evidence, *, says: bool = True) -> None:
        """Have the checks of a moment look; after a cause was found, symptoms follow from it.

        With `says=False` the hints are noted, for a caller that has its own words for them.
        """
        num_said = 0
        for check in CHECKS:
            if check.when is not when or any(hint.kind == check.kind for hint in self.hints):
                continue
            if self.hints and (check.symptom or when is When.NOT_FINITE):
                continue
            finding = None if check.kind in self._failed else self._found(check, evidence)
            if finding is not None and num_said < MOST_HINTS:
                num_said += 1
                hint = as_hint(check, finding)
                self.note(hint)
                if says:
                    self._say(hint)

    def note(self, hint: Hint) -> None:
        """Keep a hint, unless its kind is known; who raises it as an error says it."""
        if all(hint.kind != known.kind for known in self.hints):
            self.hints.append(hint)

    def hints_of(self, when: When) -> list[Hint]:
        """The hints that checks of a moment gave."""
        kinds = {check.kind for check in CHECKS if check.when is when}
        return [hint for hint in self.hints if hint.kind in kinds]

    def _found(self, check: Check, evidence: Evidence) -> Finding | None:
        """What a check finds; one that fails is left out from then on."""
        try:
            return check.look(evidence)
        except Exception as error:
            self._failed.add(check.kind)
            warn_about_failure(check, error)
            return None


def warn_about_failure(check: Check, error: Exception) -> None:
    """Say that a check raised an error, which does not concern the program that is watched."""
    warnings.warn(
        f"the tutor's check {check.kind!r} failed and is left out: {type(error).__name__}: {error}",
        RuntimeWarning,
        stacklevel=2,
    )


def as_hint(check: Check, finding: Finding) -> Hint:
    """The hint that a finding becomes: what was seen, why it matters, what to write."""
    message = " ".join(part for part in (finding.seen, check.why, finding.fix) if part)
    where = ", ".join(part for part in (check.when.value, finding.where) if part)
    return Hint(check.kind, message, finding.evidence, where)


def explained(error: Exception, evidence: Evidence) -> tuple[Hint, Exception] | None:
    """The hint about an error and the error to raise from it; None where the cause is not known.

    An error of d2l that names its mistake explains itself: it comes back with its `hint`.
    """
    if isinstance(error, D2LError):
        if not error.kind:
            return None
        error.hint = Hint(error.kind, str(error), where=When.ERROR.value)
        return error.hint, error
    evidence = replace(evidence, error=error)
    for check in ERROR_CHECKS:
        finding = _look(check, evidence)
        if finding is not None:
            hint = as_hint(check, finding)
            told = mistake(error, hint.message, check.kind)
            told.hint = hint
            return hint, told
    return None


def _look(check: Check, evidence: Evidence) -> Finding | None:
    """What a check finds; one that fails says so and finds nothing."""
    try:
        with torch.no_grad():
            return check.look(evidence)
    except Exception as error:
        warn_about_failure(check, error)
        return None
