"""All checks, in the order in which they look: causes before symptoms."""

from d2l.tutor.check import Check

CHECKS: tuple[Check, ...] = ()
