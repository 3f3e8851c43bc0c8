"""All checks, in the order in which they look: causes before symptoms."""

from d2l.tutor.check import Check
from d2l.tutor.checks import optimizer

CHECKS: tuple[Check, ...] = (*optimizer.CHECKS,)
