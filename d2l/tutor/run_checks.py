"""Run the checks that are due, and those that explain an error."""

import warnings
from collections.abc import Callable
from dataclasses import replace

import torch

from d2l.errors import D2LError, mistake
from d2l.tutor.evidence import Check, Evidence, Finding, When
from d2l.tutor.hint import Hint
from d2l.tutor.registry import CHECKS, ERROR_CHECKS

MAX_HINTS = 3  # per run of the checks


class CheckRunner:
    """Runs the checks of one program; `on_hint` is called with each new hint."""

    def __init__(self, on_hint: Callable[[Hint], None]) -> None:
        self.hints: list[Hint] = []
        self._on_hint = on_hint
        self._failed: set[str] = set()  # kinds of checks that raised an error

    def run(self, when: When, evidence: Evidence, *, show: bool = True) -> None:
        """Run the checks of a moment; symptoms are skipped once a cause was found.

        With `show=False`, hints are recorded without calling `on_hint`.
        """
        num_new = 0
        for check in CHECKS:
            if check.when is not when or any(hint.kind == check.kind for hint in self.hints):
                continue
            if self.hints and (check.symptom or when is When.NOT_FINITE):
                continue
            finding = None if check.kind in self._failed else self._run_check(check, evidence)
            if finding is not None and num_new < MAX_HINTS:
                num_new += 1
                hint = as_hint(check, finding)
                self.note(hint)
                if show:
                    self._on_hint(hint)

    def note(self, hint: Hint) -> None:
        """Record a hint without showing it, unless its kind is known."""
        if all(hint.kind != known.kind for known in self.hints):
            self.hints.append(hint)

    def hints_of(self, when: When) -> list[Hint]:
        """Return the hints of the checks of a moment."""
        kinds = {check.kind for check in CHECKS if check.when is when}
        return [hint for hint in self.hints if hint.kind in kinds]

    def _run_check(self, check: Check, evidence: Evidence) -> Finding | None:
        """Return the finding of a check; a check that raises an error is disabled."""
        try:
            return check.find(evidence)
        except Exception as error:
            self._failed.add(check.kind)
            warn_about_failure(check, error)
            return None


def warn_about_failure(check: Check, error: Exception) -> None:
    """Warn that a check raised an error; the observed program is not affected."""
    warnings.warn(
        f"the tutor's check {check.kind!r} failed and was skipped: {type(error).__name__}: {error}",
        RuntimeWarning,
        stacklevel=2,
    )


def as_hint(check: Check, finding: Finding) -> Hint:
    """Return the hint of a finding: what was found, why it matters, how to fix it."""
    message = " ".join(part for part in (finding.seen, check.why, finding.fix) if part)
    where = ", ".join(part for part in (check.when.value, finding.where) if part)
    return Hint(check.kind, message, finding.evidence, where)


def explained(error: Exception, evidence: Evidence) -> tuple[Hint, Exception] | None:
    """Return the hint about an error and the error to raise from it; None if the cause is unknown.

    An error of d2l with a `kind` is returned itself, with its `hint` set.
    """
    if isinstance(error, D2LError):
        if not error.kind:
            return None
        error.hint = Hint(error.kind, str(error), where=When.ERROR.value)
        return error.hint, error
    evidence = replace(evidence, error=error)
    for check in ERROR_CHECKS:
        finding = _run_error_check(check, evidence)
        if finding is not None:
            hint = as_hint(check, finding)
            explained_error = mistake(error, hint.message, check.kind)
            explained_error.hint = hint
            return hint, explained_error
    return None


def _run_error_check(check: Check, evidence: Evidence) -> Finding | None:
    """Return the finding of a check; warn and return None if the check raises an error."""
    try:
        with torch.no_grad():
            return check.find(evidence)
    except Exception as error:
        warn_about_failure(check, error)
        return None
