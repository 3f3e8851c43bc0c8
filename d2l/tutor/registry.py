"""All checks, in the order in which they look: causes before symptoms."""

from d2l.tutor.check import Check
from d2l.tutor.checks import layers, modes, optimizer, rates, structure

CHECKS: tuple[Check, ...] = (
    *optimizer.CHECKS,
    *layers.CHECKS,
    *structure.CHECKS,
    *modes.CHECKS,
    *rates.CHECKS,
)
