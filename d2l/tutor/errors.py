"""PyTorch's own errors, translated where the cause is known: our sentence, PyTorch's after it."""

from dataclasses import replace

import torch

from d2l.errors import D2LError, mistake
from d2l.tutor.check import Check, Finding, When
from d2l.tutor.checks.errors import CHECKS
from d2l.tutor.evidence import Evidence
from d2l.tutor.hint import Hint
from d2l.tutor.looking import as_hint, warn_about_failure


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
    for check in CHECKS:
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
