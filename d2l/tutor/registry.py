"""All checks, in the order in which they look: causes before symptoms."""

from d2l.tutor.check import Check
from d2l.tutor.checks import data, labels, pairs, rows

CHECKS: tuple[Check, ...] = (*rows.CHECKS, *data.CHECKS, *labels.CHECKS, *pairs.CHECKS)
