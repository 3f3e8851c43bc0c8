"""All checks, in the order in which they look: causes before symptoms."""

from d2l.tutor.check import Check
from d2l.tutor.checks import layers, modes, numbers, optimizer, rates, structure

CHECKS: tuple[Check, ...] = (
    *numbers.CHECKS,
    *optimizer.CHECKS,
    *layers.CHECKS,
    *structure.CHECKS,
    *modes.CHECKS,
    *rates.CHECKS,
)
