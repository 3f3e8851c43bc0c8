"""Errors of a loss or a model about what it is given: swapped parts, other shapes, logits."""

import math
from typing import Any

from torch import Tensor

from d2l.tutor.error_checks.label_errors import OF_CLASSES, loss_parts
from d2l.tutor.evidence import LOSSES, Check, Finding, When
from d2l.tutor.failure import Failure, dtype_of, finder_of, is_integer, shape_of


def _loss_shapes(failure: Failure) -> Finding | None:
    call = failure.call_of(*(LOSSES - set(OF_CLASSES)))
    parts = loss_parts(call)
    if call is None or parts is None or not failure.matches("(?i)size"):
        return None
    y_hat, y = parts
    if y_hat.shape == y.shape:
        return None
    seen = (
        f"`{call.name}` got outputs of shape {shape_of(y_hat)} and labels of shape {shape_of(y)}."
    )
    numbers = {"outputs": tuple(y_hat.shape), "labels": tuple(y.shape)}
    if y_hat.numel() == y.numel():
        return Finding(seen, "Write `y.reshape(y_hat.shape)`.", numbers)
    if is_integer(y) and y_hat.ndim == 2 and y.shape == y_hat.shape[:1] and y_hat.shape[1] > 1:
        return Finding(seen, "For class numbers, use `cross_entropy(y_hat, y)`.", numbers)
    return None


def _logits(failure: Failure) -> Finding | None:
    parts = loss_parts(failure.call_of("binary_cross_entropy"))
    if parts is None or not failure.matches("between 0 and 1"):
        return None
    y_hat, y = parts
    low, high = float(y_hat.min()), float(y_hat.max())
    if not (low < 0 or high > 1) or not math.isfinite(low + high):
        return None
    if not bool(((y >= 0) & (y <= 1)).all()):
        return None
    seen = f"`binary_cross_entropy` got outputs from {low:.3g} to {high:.3g}."
    fix = "Use `binary_cross_entropy_with_logits(y_hat, y)`, or apply `sigmoid` first."
    return Finding(seen, fix, {"smallest": low, "largest": high})


def _loss_swapped(failure: Failure) -> Finding | None:
    parts = loss_parts(failure.call_of(*OF_CLASSES))
    if parts is None:
        return None
    first, second = parts
    if not is_integer(first) or not second.is_floating_point() or second.ndim < 2:
        return None
    seen = (
        f"The first argument of the loss is {dtype_of(first)} {shape_of(first)}, the second "
        f"{dtype_of(second)} {shape_of(second)}."
    )
    return Finding(seen, "Write `loss(y_hat, y)`: the outputs first.", {})


def _parts_swapped(failure: Failure) -> Finding | None:
    """The model received the labels; the inputs are in the same batch."""
    outer = failure.outer
    labels = outer.input if outer is not None else None
    if outer is None or not isinstance(labels, Tensor) or not 1 <= labels.ndim <= 2:
        return None
    if labels.ndim == 2 and (labels.shape[1] > 1 or labels.shape[0] == 1):
        return None
    if not _is_read_first(failure, labels):
        return None
    for X in failure.given():
        is_inputs = X.ndim >= 2 and len(X) == len(labels) and math.prod(X.shape[1:]) > 1
        if not is_inputs or any(X is arg for arg in outer.args) or labels._base is X:
            continue
        if X.is_floating_point() and (is_integer(labels) or _fits(failure, X)):
            seen = (
                f"The model was given {dtype_of(labels)} of shape {shape_of(labels)}, which are "
                f"labels; the inputs are {shape_of(X)}."
            )
            fix = "Write `X, y = batch`, and give `(X, y)` in this order to `get_tensorloader`."
            return Finding(seen, fix, {"given": tuple(labels.shape), "inputs": tuple(X.shape)})
    return None


def _is_read_first(failure: Failure, given: Tensor) -> bool:
    """Whether the model failed in its first layer."""
    args: list[Any] = [] if failure.call is None else [failure.call.argument(0, "input")]
    inner = failure.inner
    if inner is not None and type(inner.layer).__name__ != "Embedding":
        args.append(inner.input)
    is_lookup = failure.call_of("embedding") is not None
    return not is_lookup and any(arg is given for arg in args)


def _fits(failure: Failure, X: Tensor) -> bool:
    """Whether the failed layer expects as many features as `X` has per example."""
    inner = failure.inner
    size = getattr(inner.layer, "in_features", None) if inner is not None else None
    return size == math.prod(X.shape[1:])


CHECKS = (
    Check(
        kind="inputs-and-labels-swapped",
        when=When.ERROR,
        find=finder_of(_parts_swapped),
        title="Inputs and labels are swapped",
        why="A batch is (X, y): inputs first, labels last.",
        threshold="The model failed on its own input, of shape (n,) or (n, 1), while the batch has "
        "another tensor of n rows: floats where the input is whole numbers, or as many as the "
        "layer takes.",
        book="3.3 Synthetic regression data",
        wrong="y, X = batch\nl = self.loss(self(X), y)",
        right="X, y = batch\nl = self.loss(self(X), y)",
    ),
    Check(
        kind="loss-arguments-swapped",
        when=When.ERROR,
        find=finder_of(_loss_swapped),
        title="Outputs and labels of the loss are swapped",
        why="Cross-entropy reads the outputs first, then the labels.",
        threshold="The first argument is whole numbers, the second floats of two axes or more.",
        book="4.1 Softmax regression",
        wrong="l = F.cross_entropy(y, y_hat)",
        right="l = F.cross_entropy(y_hat, y)",
    ),
    Check(
        kind="loss-shapes",
        when=When.ERROR,
        find=finder_of(_loss_shapes),
        title="Outputs and labels differ in shape",
        why="The loss compares them element by element, so their shapes must be equal.",
        threshold="The two differ in shape, have as many elements or are logits and class numbers; "
        "PyTorch raised.",
        book="3.1 Linear regression",
        wrong="l = F.binary_cross_entropy_with_logits(y_hat, y)  # (n, 1) and (n,)",
        right="l = F.binary_cross_entropy_with_logits(y_hat, y.reshape(y_hat.shape))",
    ),
    Check(
        kind="bce-of-logits",
        when=When.ERROR,
        find=finder_of(_logits),
        title="Binary cross-entropy is given logits",
        why="It reads probabilities, from 0 to 1.",
        threshold="Outputs are finite, below 0 or above 1, and the labels are not; PyTorch "
        "raised an error.",
        book="4.1 Softmax regression",
        wrong="l = F.binary_cross_entropy(self.net(X), y)",
        right="l = F.binary_cross_entropy_with_logits(self.net(X), y)",
    ),
)
