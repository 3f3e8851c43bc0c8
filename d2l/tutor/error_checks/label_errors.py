"""Errors of a loss about the labels of classes: their type, their shape and their range."""

import math

import torch
from torch import Tensor

from d2l.core.classifier import are_labels_from_one
from d2l.tutor.evidence import Call, Check, Finding, When
from d2l.tutor.failure import Failure, dtype_of, finder_of, is_integer, shape_of

OF_CLASSES = ("cross_entropy", "nll_loss")
_BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
_BOOK = "4.1 Softmax regression"


def loss_parts(call: Call | None) -> tuple[Tensor, Tensor] | None:
    """Return outputs and labels of a loss function, if both are tensors."""
    if call is None:
        return None
    y_hat, y = call.argument(0, "input"), call.argument(1, "target")
    return (y_hat, y) if isinstance(y_hat, Tensor) and isinstance(y, Tensor) else None


def _of_classes(failure: Failure) -> tuple[Tensor, Tensor] | None:
    """Return outputs (n, num_classes, …) and labels of cross-entropy."""
    parts = loss_parts(failure.call_of(*OF_CLASSES))
    return parts if parts is not None and parts[0].ndim >= 2 else None


def _dtype(failure: Failure) -> Finding | None:
    binary = failure.call_of(*_BINARY)
    parts = loss_parts(binary) or _of_classes(failure)
    if parts is None or not failure.matches(r"(?i)dtype|scalar type|result type"):
        return None
    y_hat, y = parts
    numbers = {"labels": dtype_of(y), "outputs": dtype_of(y_hat)}
    if binary is not None:
        if y.is_floating_point() or y.shape != y_hat.shape:
            return None
        seen = f"The labels of `{binary.name}` are {dtype_of(y)}, the outputs {dtype_of(y_hat)}."
        return Finding(seen, "Write `y.float()`.", numbers)
    is_of_classes = y.shape == (y_hat.shape[0], *y_hat.shape[2:])
    if (
        not is_of_classes
        or y.dtype in (torch.int64, torch.uint8)
        or not bool((y == y.long()).all())
    ):
        return None
    seen = f"The labels that cross-entropy was given are {dtype_of(y)}, of shape {shape_of(y)}."
    return Finding(seen, "Write `y.long()`, best where the data are made.", numbers)


def _one_hot(failure: Failure) -> Finding | None:
    parts = _of_classes(failure)
    if parts is None or not failure.matches("batch_size|class probabilities|multi-target|dtype"):
        return None
    y_hat, y = parts
    n, num_classes = y_hat.shape[:2]
    if y_hat.ndim != 2 or num_classes < 2 or y.numel() != y_hat.numel():
        return None
    rows = y.reshape(n, num_classes)
    if not bool((((rows == 0) | (rows == 1)).all()) & (rows.sum(1) == 1).all()):
        return None
    seen = f"The labels are one-hot: {num_classes} numbers for each of {n} examples, a single 1."
    return Finding(seen, "Write `y.argmax(1)`.", {"n": n, "num_classes": num_classes})


def _range(failure: Failure) -> tuple[int, int, int, int] | None:
    """Return the smallest and largest valid label, their number and the number of classes."""
    parts = _of_classes(failure)
    if parts is None or not failure.matches("out of bounds"):
        return None
    y_hat, y = parts
    assert failure.call is not None
    y = y[y != failure.call.argument(4, "ignore_index", -100)]
    if not is_integer(y) or y.numel() == 0:
        return None
    low, high, num_classes = int(y.min()), int(y.max()), y_hat.shape[1]
    return (low, high, y.numel(), num_classes) if low < 0 or high >= num_classes else None


def _are_from_one(failure: Failure) -> bool:
    parts = _of_classes(failure)
    seen_before = any(bool((labels == 0).any()) for labels in failure.evidence.labels)
    return (
        parts is not None and not seen_before and are_labels_from_one(parts[1], parts[0].shape[1])
    )


def _from_one(failure: Failure) -> Finding | None:
    found = _range(failure)
    if found is None or not _are_from_one(failure):
        return None
    low, high, _, num_classes = found
    seen = (
        f"The labels go from {low} to {high}, but the {num_classes} outputs are the classes "
        f"0 to {num_classes - 1}."
    )
    return Finding(seen, "Subtract 1: `y - 1`.", {"smallest": low, "largest": high})


def _out_of_range(failure: Failure) -> Finding | None:
    found = _range(failure)
    if found is None:
        return None
    low, high, _, num_classes = found
    seen = (
        f"The labels go from {low} to {high}, but the {num_classes} outputs are the classes "
        f"0 to {num_classes - 1}."
    )
    fix = f"Give the model {high + 1} outputs, or fix the labels."
    if num_classes == 1:
        seen = f"The labels go from {low} to {high}, but the model has one output only."
        fix = "Give the model 2 outputs, or use `binary_cross_entropy_with_logits`."
    elif low < 0 and high < num_classes:
        fix = f"If {low} means that there is no label, pass `ignore_index={low}`."
    numbers = {"smallest": low, "largest": high, "num_classes": num_classes}
    return Finding(seen, fix, numbers)


def _column(failure: Failure) -> Finding | None:
    parts = _of_classes(failure)
    if parts is None or not failure.matches("multi-target|0D or 1D target"):
        return None
    y_hat, y = parts
    if y_hat.ndim != 2 or y.shape != (y_hat.shape[0], 1):
        return None
    seen = (
        f"The labels have shape {shape_of(y)}, a column, where cross-entropy "
        f"reads {len(y)} numbers."
    )
    squeezed = "y.squeeze(1)" if y.dtype == torch.int64 else "y.squeeze(1).long()"
    return Finding(seen, f"Write `{squeezed}`.", {"labels": tuple(y.shape)})


def _class_axis(failure: Failure) -> Finding | None:
    parts = _of_classes(failure)
    if parts is None or not failure.matches("(?i)target|shape"):
        return None
    y_hat, y = parts
    is_last = y_hat.ndim >= 3 and y.shape == y_hat.shape[:-1]
    if not is_last or y.shape == (y_hat.shape[0], *y_hat.shape[2:]):
        return None
    seen = (
        f"The outputs have shape {shape_of(y_hat)} and the labels {shape_of(y)}: classes come last."
    )
    k = y_hat.shape[-1]
    fix = f"Write `cross_entropy(y_hat.reshape(-1, {k}), y.reshape(-1))`."
    return Finding(seen, fix, {"outputs": tuple(y_hat.shape), "labels": tuple(y.shape)})


def _rows(failure: Failure) -> Finding | None:
    """A reshape in forward changed the number of examples."""
    parts, n = _of_classes(failure), failure.num_examples
    if parts is None or n is None or not failure.matches("batch_size"):
        return None
    y_hat, y = parts
    step = failure.step
    if step is None or len(y) != n or len(y_hat) == n:
        return None
    reshapes = step.calls_of("view", "reshape", "flatten")
    made = [c for c in reshapes if isinstance(c.result, Tensor) and _changes_rows(c, n)]
    if not made or len(made[0].result) != len(y_hat):
        return None
    before, after = made[0].args[0], made[0].result
    seen = f"`{made[0].name}` made {len(after)} rows {tuple(after.shape)} of {n} examples."
    features = math.prod(before.shape[1:])
    fix = f"Write `X.flatten(1)`, which keeps them apart: {features} numbers each."
    return Finding(seen, fix, {"examples": n, "rows": len(after), "features": features})


def _changes_rows(call: Call, n: int) -> bool:
    given = call.args[0] if call.args else None
    is_of_examples = isinstance(given, Tensor) and given.ndim > 1 and len(given) == n
    return is_of_examples and call.result.ndim > 0 and len(call.result) != n


CHECKS = (
    Check(
        kind="one-hot-labels",
        when=When.ERROR,
        find=finder_of(_one_hot),
        title="Labels are one-hot vectors",
        why="Cross-entropy reads one number for each example, the class.",
        threshold="As many labels as outputs, all 0 or 1, with one 1 in each row; PyTorch raised "
        "an error.",
        book=_BOOK,
        wrong="y = F.one_hot(y, 10)\nl = F.cross_entropy(y_hat, y)",
        right="l = F.cross_entropy(y_hat, y)",
    ),
    Check(
        kind="label-shape",
        when=When.ERROR,
        find=finder_of(_column),
        title="Labels are a column",
        why="Cross-entropy expects one class per example, in one axis.",
        threshold="Labels of shape (n, 1) and outputs (n, num_classes); PyTorch raised an error.",
        book=_BOOK,
        wrong="y = y.reshape(-1, 1)\nl = F.cross_entropy(y_hat, y)",
        right="l = F.cross_entropy(y_hat, y.squeeze(1))",
    ),
    Check(
        kind="class-axis",
        when=When.ERROR,
        find=finder_of(_class_axis),
        title="The class axis is the last instead of the second",
        why="Cross-entropy reads the classes from axis 1, with the labels in all other axes.",
        threshold="Labels have the outputs' shape without its last axis; PyTorch raised an error.",
        book="9.5 Recurrent neural network implementation from scratch",
        wrong="l = F.cross_entropy(y_hat, y)  # (n, num_steps, vocab_size)",
        right="l = F.cross_entropy(y_hat.reshape(-1, vocab_size), y.reshape(-1))",
    ),
    Check(
        kind="label-dtype",
        when=When.ERROR,
        find=finder_of(_dtype),
        title="Labels have the wrong type",
        why="Cross-entropy reads class numbers as int64, the binary losses read floats.",
        threshold="The labels that the loss was given are of a type that it does not read.",
        book=_BOOK,
        wrong="y = torch.tensor(labels, dtype=torch.float32)",
        right="y = torch.tensor(labels)  # int64",
    ),
    Check(
        kind="labels-from-one",
        when=When.ERROR,
        find=finder_of(_from_one),
        title="Labels count from 1",
        why="A label is the index of an output, starting at 0.",
        threshold="The largest label is the number of outputs, the smallest is 1 or more, and "
        "there "
        "are at least twice as many labels as classes: of so many, 13 % would lack a 0.",
        book=_BOOK,
        wrong="y = torch.arange(1, 11)",
        right="y = torch.arange(1, 11) - 1",
    ),
    Check(
        kind="labels-out-of-range",
        when=When.ERROR,
        find=finder_of(_out_of_range),
        title="Labels are outside the range of the outputs",
        why="A label is the index of an output, starting at 0.",
        threshold="A label that is not `ignore_index` is negative, or the number of outputs "
        "or more.",
        book=_BOOK,
        wrong="self.net = nn.LazyLinear(2)  # labels 0, 1 and 2",
        right="self.net = nn.LazyLinear(3)",
    ),
    Check(
        kind="batch-size-changed",
        when=When.ERROR,
        find=finder_of(_rows),
        title="A reshape in forward mixes the examples",
        why="Then one row does not hold one example, and outputs and labels do not match.",
        threshold="A recorded reshape turned n examples into the rows that the loss was given.",
        book="7.6 Convolutional neural networks (LeNet)",
        wrong="H = H.reshape(-1, 256)",
        right="H = H.flatten(1)",
    ),
)
