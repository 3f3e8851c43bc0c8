"""Checks on the values of the data: nan and inf, unscaled inputs, a last batch of one example."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from d2l.tutor.evidence import Call, Check, Evidence, Finding, Step, When
from d2l.tutor.loader_data import stored

MAX_ELEMENTS = 2**26  # of a stored tensor that are searched for nan: 30 ms
LARGE = 10.0  # root mean square; of the corpus' 161 correct programs 0.2 to 1.4
TOO_HIGH = 3.0  # times the loss of chance; of correct programs with a mean 0.5 to 1.11
TOO_FAR = 3.0  # times the loss: linear estimate of the change by the first step
GRADIENT_DESCENT = frozenset({"sgd", "asgd"})
LINEAR = frozenset(
    {"linear", "conv1d", "conv2d", "conv3d", "matmul", "mm", "addmm", "bmm", "einsum", "bilinear"}
    | {"__matmul__", "lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell", "mv", "dot"}
)


def find_not_finite(evidence: Evidence) -> Finding | None:
    """The loss is not finite, and neither are the data it was computed from."""
    if not evidence.steps:
        return None
    step = evidence.step
    bad = [(name, tensor) for name, tensor in _given(step) if not _is_finite(tensor)]
    for name, tensor in bad:
        if _reaches_the_loss(step, tensor):
            return _not_finite(tensor, name, _stored_like(evidence, tensor))
    return None if bad else _look_at_stored(evidence)


def _look_at_stored(evidence: Evidence) -> Finding | None:
    """Search the stored examples, because the batch may no longer be available."""
    data = stored(evidence.train_loader)
    for i, tensor in enumerate(data.tensors if data else ()):
        if tensor.is_floating_point() and not _is_finite(tensor):
            is_last = data is not None and len(data.tensors) > 1 and i == len(data.tensors) - 1
            return _not_finite(tensor, "labels" if is_last else "inputs", tensor)
    return None


def _given(step: Step) -> Iterator[tuple[str, Tensor]]:
    """Return the float tensors of the data, with descriptions."""
    parts = list(_tensors(step.batch))
    y = step.y
    for part in (*_tensors(step.inputs), *parts):
        if part.is_floating_point() and part is not y and not part.requires_grad:
            is_last = len(parts) > 1 and part is parts[-1]
            yield ("labels" if is_last else "inputs"), part
    if y is not None and y.is_floating_point() and not y.requires_grad:
        yield "labels", y


def _tensors(value: Any, depth: int = 0) -> Iterator[Tensor]:
    """Yield the tensors of a nested batch."""
    if isinstance(value, Tensor):
        if value.layout is torch.strided and value.device.type != "meta":
            yield value
    elif isinstance(value, (list, tuple)) and depth < 4:
        for item in value:
            yield from _tensors(item, depth + 1)
    elif isinstance(value, dict) and depth < 4:
        yield from _tensors(list(value.values()), depth + 1)


def _is_finite(tensor: Tensor) -> bool:
    if tensor.numel() == 0 or not tensor.is_floating_point():
        return True
    flat = tensor.detach().reshape(-1)[:MAX_ELEMENTS]
    low, high = torch.aminmax(flat)  # nan, if there is one
    return math.isfinite(low) and math.isfinite(high)


def _reaches_the_loss(step: Step, tensor: Tensor) -> bool:
    """Whether nan of a tensor was used unchanged: a program may fill or mask it."""
    if tensor is step.y:
        return True
    call = first_linear(step)
    read = None if call is None else data_of(call)
    if read is not None and not read.requires_grad and not _is_finite(read):
        return True
    return bool(tensor.isnan().any()) and (read is None or not _is_first(step, tensor))


def _is_first(step: Step, tensor: Tensor) -> bool:
    """Whether the first layer's input is computed from this tensor."""
    return tensor is step.X or (isinstance(step.batch, (list, tuple)) and tensor is step.batch[0])


def _stored_like(evidence: Evidence, tensor: Tensor) -> Tensor | None:
    """Return the stored tensor with the same kind of rows, to count over the whole data set."""
    data = stored(evidence.train_loader)
    rows = [t for t in (data.tensors if data else ()) if t.shape[1:] == tensor.shape[1:]]
    return next((t for t in rows if t.is_floating_point() and not _is_finite(t)), None)


def _not_finite(tensor: Tensor, name: str, whole: Tensor | None) -> Finding:
    counted = tensor if whole is None else whole
    flat = counted.detach().reshape(len(counted), -1) if counted.ndim else counted.reshape(1, 1)
    bad = ~flat.isfinite()
    what = "nan" if bool(flat.isnan().any()) else "inf"
    rows, columns = int(bad.any(1).sum()), bad.any(0).nonzero().reshape(-1)
    where = f"column {int(columns[0])} of the {name}" if flat.shape[1] > 1 else f"the {name}"
    if len(columns) > 1:
        where = f"{len(columns)} columns of the {name}, column {int(columns[0])} the first,"
    of_all = "of the training set" if whole is not None else "of this batch"
    has = "have" if len(columns) > 1 or flat.shape[1] == 1 else "has"
    seen = f"{where} {has} {what} in {rows:,} of {len(flat):,} rows {of_all}."
    return Finding(
        f"The loss is not finite: {seen}",
        _NO_SPREAD if rows == len(flat) else _FILL if what == "nan" else _NO_INF,
        {"rows": rows, "columns": len(columns), "first_column": int(columns[0])},
        f"rows {bad.any(1).nonzero().reshape(-1)[:5].tolist()} {of_all}",
    )


_FILL = (
    "Fill or drop the empty cells before training, e.g. `X = torch.nan_to_num(X)` or "
    "`table.fillna(table.mean())`."
)
_NO_SPREAD = (
    "No row is left of such a column: leave it out, or, if all its values were the same, do not "
    "divide by their deviation of 0, e.g. `(X - X.mean(0)) / X.std(0).clamp_min(1e-6)`."
)
_NO_INF = (
    "Look for a logarithm of 0 or a division by 0 where the data are made, e.g. write "
    "`torch.log1p(x)` for `torch.log(x)`."
)


def first_linear(step: Step) -> Call | None:
    """Return the first call that multiplies by a trainable weight."""
    for call in step.calls:
        if call.is_after_backward or call.name not in LINEAR:
            continue
        if any(t.requires_grad for t in call.tensors()) and data_of(call) is not None:
            return call
    return None


def data_of(call: Call) -> Tensor | None:
    """Return the argument of a linear call that is not a trainable leaf."""
    tensors = list(call.tensors())[:2]
    return next((t for t in tensors if not (t.requires_grad and t.is_leaf)), None)


def find_scale(evidence: Evidence) -> Finding | None:
    """Large inputs, a first loss far above chance, and a step that is much too large."""
    step = evidence.step
    read = _large_inputs(step)
    if read is None or not _descends(evidence) or not math.isfinite(step.loss_value):
        return None
    chance = _chance(step)
    if chance is not None and step.loss_value < TOO_HIGH * chance:
        return None
    overshoot = _overshoot(step)
    if overshoot is None or overshoot < TOO_FAR:
        return None
    return _not_scaled(read, step, chance)


def find_scale_of_nan(evidence: Evidence) -> Finding | None:
    """The loss is nan or inf after some steps by gradient descent on large inputs."""
    if not evidence.steps or evidence.step.index == 0 or not _descends(evidence):
        return None
    read = _large_inputs(evidence.step)
    return None if read is None else _not_scaled(read, evidence.step, None)


def _large_inputs(step: Step) -> Tensor | None:
    """Return the input of the first layer with weights, if it is data with large values."""
    call = first_linear(step)
    data = None if call is None else data_of(call)
    if data is None or data.requires_grad or not data.is_floating_point() or not data.numel():
        return None
    size = float(data.detach().float().square().mean().sqrt())
    return data if math.isfinite(size) and size >= LARGE else None


def _descends(evidence: Evidence) -> bool:
    """Whether steps scale with gradients; those of Adam and similar optimizers do not."""
    optimizer = evidence.optimizer
    if optimizer is None or isinstance(optimizer, (list, tuple)):
        return True
    return type(optimizer).__name__.lower() in GRADIENT_DESCENT


def _chance(step: Step) -> float | None:
    """Return the cross-entropy of uniform predictions; None for another loss."""
    call = step.loss_call
    y_hat = step.y_hat
    if call is None or y_hat is None or y_hat.ndim < 2:
        return None
    if call.name not in ("cross_entropy", "nll_loss"):
        return None
    if call.argument(6, "reduction", "mean") == "sum":
        return math.log(max(2, y_hat.shape[1])) * len(y_hat)
    return math.log(max(2, y_hat.shape[1]))


def _overshoot(step: Step) -> float | None:
    """Return the linear estimate of the relative decrease of the loss by the step, or None."""
    grads = [leaf.grad for leaf in step.leaves.values() if leaf.grad is not None]
    if not step.rates or not grads or step.loss_value <= 0:
        return None
    squares = sum(float(g.detach().float().square().sum()) for g in grads)
    return min(step.rates) * squares / step.loss_value


def _not_scaled(data: Tensor, step: Step, chance: float | None) -> Finding:
    low, high = (float(end) for end in torch.aminmax(data.detach()))
    loss = step.loss_value
    above = ""
    if chance is not None and math.isfinite(loss):
        above = f", {loss / chance:.0f} times that of guessing"
    where = "before the first step" if step.index == 0 else f"at step {step.index + 1}"
    is_bytes = low >= 0 and 100 < high <= 255
    return Finding(
        f"The first layer reads numbers from {low:.4g} to {high:.4g}, and {where} the loss is "
        f"{loss:.4g}{above}.",
        "Write `X = X / 255` where the data are made." if is_bytes else _STANDARDISE,
        {"low": low, "high": high, "loss": loss, "chance": chance},
        f"step {step.index + 1}",
    )


_STANDARDISE = (
    "Standardise each column by the training rows: `X = (X - X_train.mean(0)) / X_train.std(0)`."
)


def find_last_batch(evidence: Evidence) -> Finding | None:
    """Batch normalization over the batch alone, and a last batch that has one example."""
    data = stored(evidence.train_loader)
    if data is None or data.is_in_order is None or data.drops_last:
        return None
    size, n = data.batch_size, len(data)
    if size is None or size < 2 or n < size or n % size != 1:
        return None
    for call in evidence.step.calls_of("batch_norm"):
        X, training = call.argument(0, "input"), call.argument(5, "training", False)
        if isinstance(X, Tensor) and X.ndim >= 2 and X.numel() == len(X) * X.shape[1] and training:
            return Finding(
                f"{n:,} training examples in batches of {size} leave one example for the last "
                "batch, and the model has batch normalization.",
                f"Let `batch_size` be such that `{n} % batch_size` is not 1, or write "
                "`drop_last=True` in a DataLoader.",
                {"num_train": n, "batch_size": size},
                f"batch {n // size + 1}",
            )
    return None


_FINITE = Check(
    kind="data-not-finite",
    when=When.NOT_FINITE,
    find=find_not_finite,
    title="The data contain nan or inf",
    why="One such number makes the loss nan, and then every weight.",
    threshold=(
        "Certain: the loss is nan or inf, and so is a value of the batch that the first layer "
        "or the loss reads. Data with nan that the program fills or masks have a finite loss."
    ),
    book="2.2 Data preprocessing",
    wrong="table = pd.read_csv('houses.csv')  # with empty cells\nX = torch.tensor(table.values)",
    right="table = pd.read_csv('houses.csv')\nX = torch.tensor(table.fillna(table.mean()).values)",
)
_SCALE = Check(
    kind="inputs-not-scaled",
    when=When.FIRST_BACKWARD,
    find=find_scale,
    title="Inputs are not scaled",
    why="Gradients grow with the inputs, so with a usual learning rate the steps are too large.",
    threshold=(
        "With gradient descent: what the first layer with weights reads has a root mean square of "
        "10 or more, the cross-entropy is 3 times that of guessing, and learning rate times "
        "squared gradient norm is 3 times the loss. The corpus' 161 correct programs: 0.2 to 1.4, "
        "0.5 to 1.1 times, and 0 to 2.2 times where the loss is a cross-entropy or an error."
    ),
    book="4.2 The image classification dataset",
    wrong="X = images.float()  # 0 to 255",
    right="X = images.float() / 255",
)
_LONELY = Check(
    kind="batchnorm-of-one-example",
    when=When.FIRST_BACKWARD,
    find=find_last_batch,
    title="The last batch has one example, which batch normalization cannot normalize",
    why="The mean of one example is the example, so PyTorch raises an error there.",
    threshold=(
        "Certain: `len(training set) % batch_size` is 1, the short batch is not dropped, and a "
        "batch_norm in training mode reads one number a channel of each example."
    ),
    book="8.5 Batch normalization",
    wrong="net = nn.Sequential(nn.Linear(784, 64), nn.BatchNorm1d(64))\n"
    "loader = DataLoader(data, 64)  # len(data) is 1025",
    right="net = nn.Sequential(nn.Linear(784, 64), nn.BatchNorm1d(64))\n"
    "loader = DataLoader(data, 64, drop_last=True)",
)
CHECKS = (
    _FINITE,
    _SCALE,
    replace(_SCALE, when=When.NOT_FINITE, find=find_scale_of_nan),
    _LONELY,
)
