"""All checks, in the order in which they look: causes before symptoms."""

from d2l.tutor.check import Check
from d2l.tutor.checks import data, errors, labels, loss, optimizer, outputs, pairs, rows, signal

CHECKS: tuple[Check, ...] = (
    *data.CHECKS,
    *rows.CHECKS,
    *optimizer.CHECKS,
    *outputs.CHECKS,
    *labels.CHECKS,
    *loss.CHECKS,
    *signal.CHECKS,
    *pairs.CHECKS,
    *errors.CHECKS,
)
