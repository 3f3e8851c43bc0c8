"""All checks, in the order in which they look: causes before symptoms."""

from d2l.tutor.check import Check
from d2l.tutor.checks import (
    data,
    errors,
    labels,
    layers,
    loss,
    modes,
    numbers,
    optimizer,
    outputs,
    pairs,
    rates,
    rows,
    signal,
    structure,
)

CHECKS: tuple[Check, ...] = (
    *data.CHECKS,
    *rows.CHECKS,
    *optimizer.CHECKS,
    *numbers.CHECKS,
    *layers.CHECKS,
    *structure.CHECKS,
    *outputs.CHECKS,
    *labels.CHECKS,
    *loss.CHECKS,
    *signal.CHECKS,
    *modes.CHECKS,
    *pairs.CHECKS,
    *rates.CHECKS,
    *errors.CHECKS,
)
