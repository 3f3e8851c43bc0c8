"""All checks, in the order in which they look: causes before symptoms."""

from d2l.tutor.check import Check
from d2l.tutor.checks import errors, loss, outputs, signal

CHECKS: tuple[Check, ...] = (*outputs.CHECKS, *loss.CHECKS, *signal.CHECKS, *errors.CHECKS)
