"""The checks that look at an error, in the order in which they look: the surest first."""

from d2l.tutor.check import Check
from d2l.tutor.checks import (
    error_graph,
    error_inputs,
    error_labels,
    error_losses,
    error_objects,
    error_python,
    error_shapes,
)

CHECKS: tuple[Check, ...] = (
    *error_python.CHECKS,  # how a model or a loop is put together
    *error_losses.CHECKS,  # swapped parts, other shapes
    *error_labels.CHECKS,  # labels of classes
    *error_objects.CHECKS,  # objects that are not tensors
    *error_inputs.CHECKS,  # types, devices, ranges
    *error_shapes.CHECKS,  # shapes
    *error_graph.CHECKS,  # the backward pass and updates
)
