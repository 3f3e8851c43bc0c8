"""Errors about the tensors that a layer is given: their type, device, range and shape."""

import re

import torch
from torch import Tensor, nn

from d2l.tutor.evidence import Check, Finding, When
from d2l.tutor.failure import Failure, capitalized, dtype_of, finder_of, is_integer, shape_of

_PRODUCTS = frozenset(
    {"linear", "matmul", "__matmul__", "mm", "bmm", "addmm", "mv", "dot", "einsum"}
    | {f"conv{transposed}{d}d" for transposed in ("", "_transpose") for d in (1, 2, 3)}
)
_DEVICE = r"(?:cuda|mps|xpu|cpu|meta)(?::\d+)?"

PRODUCT_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def _dtype(failure: Failure) -> Finding | None:
    pair = _typed_pair(failure)
    if pair is None:
        return None
    X, W, name = pair
    if X.dtype == W.dtype:
        return None
    shown, wanted = dtype_of(X), dtype_of(W)
    seen = (
        f"{capitalized(name)} has weights of {wanted} and was given {shown}, of "
        f"shape {shape_of(X)}."
    )
    numbers = {"given": shown, "weights": wanted}
    if W.dtype != torch.float32:
        return Finding(seen, f"Write `X.to(torch.{wanted})`.", numbers, name)
    fix = "Write `X.float()`, best where the data are made."
    if X.dtype == torch.float64:
        fix = "NumPy makes float64: write `X.float()`, best where the data are made."
    elif X.dtype == torch.uint8:
        fix = "Write `X.float() / 255`, best where the data are made."
    elif failure.inner is not None and isinstance(failure.inner.layer, nn.RNNBase):
        fix = "Write `F.one_hot(X, vocab_size).float()`, or put an `nn.Embedding` before it."
    return Finding(seen, fix, numbers, name)


def _typed_pair(failure: Failure) -> tuple[Tensor, Tensor, str] | None:
    """Return the input and weight of a product that failed due to dtypes, and its name."""
    inner = failure.inner
    if inner is not None and isinstance(inner.layer, nn.RNNBase):
        if not isinstance(inner.input, Tensor) or not failure.matches("dtype|must have the type"):
            return None
        W = inner.layer._flat_weights[0]
        return (inner.input, W, failure.layer_name(inner.layer)) if W is not None else None
    call = failure.call_of(*_PRODUCTS)
    if not failure.matches("dtype|scalar type|should be the same|not implemented for"):
        return None
    if call is None:  # before anything was recorded, as where lazy layers get their shapes
        return _pair_of_layer(failure)
    tensors = list(call.tensors())[:2]
    weights = [t for t in tensors if t.requires_grad and t.is_leaf]
    if len(tensors) < 2 or len(weights) != 1:
        return None
    W = weights[0]
    X = tensors[0] if tensors[1] is W else tensors[1]
    return X, W, failure.layer_of(W) or f"`{call.name}`"


def _pair_of_layer(failure: Failure) -> tuple[Tensor, Tensor, str] | None:
    inner = failure.inner
    if inner is None or not isinstance(inner.layer, PRODUCT_LAYERS):
        return None
    return (
        (inner.input, inner.layer.weight, failure.layer_name(inner.layer))
        if isinstance(inner.input, Tensor)
        else None
    )


def _device(failure: Failure) -> Finding | None:
    words = r"(?i)same device|expected device|not at the same device|type \(torch\.(cuda|mps)"
    if not failure.matches(words):
        return None
    call = failure.call
    tensors = list(call.tensors()) if call is not None else []
    tensors = [t for t in tensors if t.ndim or t.device.type != "cpu"]
    home = next(nn.Module.parameters(failure.model), None) if failure.model is not None else None
    devices = list(dict.fromkeys(str(t.device) for t in tensors))
    if call is None or len(devices) < 2:
        return _device_by_words(failure)
    at = str(home.device) if home is not None else devices[0]
    stray = next((t for t in tensors if str(t.device) != at), tensors[0])
    other = next(t for t in tensors if t.device != stray.device)
    name = failure.layer_of(stray)
    seen = (
        f"`{call.name}` got {name or 'a tensor'} {shape_of(stray)} on {stray.device} and "
        f"{failure.layer_of(other) or 'one'} {shape_of(other)} on {other.device}."
    )
    fix = (
        "Make it there: `torch.zeros(…, device=X.device)`, or move it with "
        f"`.to({str(other.device)!r})`."
    )
    if name and failure.attribute_of(stray):
        attribute = failure.attribute_of(stray).partition("[")[0]
        fix = f"Write `self.register_buffer('{attribute}', …)`, so that it moves with the model."
        if stray.requires_grad:
            fix = f"Write `self.{attribute} = nn.Parameter(…)`, so that it moves with the model."
    elif not name and _is_of_batch(failure, stray, at):
        fix = f"Move the batch: `X, y = X.to({at!r}), y.to({at!r})`."
    return Finding(seen, fix, {"devices": devices})


def _is_of_batch(failure: Failure, stray: Tensor, home: str) -> bool:
    """Whether a tensor is of the batch, or computed from one on another device."""
    given = failure.outer.input if failure.outer is not None else None
    is_elsewhere = isinstance(given, Tensor) and str(given.device) != home
    return is_elsewhere or any(stray is part for part in failure.given())


def _device_by_words(failure: Failure) -> Finding | None:
    devices = list(dict.fromkeys(re.findall(rf"\b{_DEVICE}\b", failure.message)))
    if len(devices) < 2:
        return None
    seen = (
        f"Two tensors of one computation are on different devices: {devices[0]} and {devices[1]}."
    )
    fix = "Move model and batch to the same one: `net.to(device)`, `X.to(device)`."
    return Finding(seen, fix, {"devices": devices[:2]})


def _embedding(failure: Failure) -> Finding | None:
    call = failure.call_of("embedding")
    if call is None or len(call.args) < 2:
        return None
    X, W = call.args[:2]
    if not isinstance(X, Tensor) or not isinstance(W, Tensor):
        return None
    name, rows = failure.layer_of(W) or "the embedding", W.shape[0]
    if X.is_floating_point() and failure.matches("scalar types"):
        seen = f"{capitalized(name)} was given {dtype_of(X)}, of shape {shape_of(X)}."
        return Finding(
            seen, "Give it the numbers of the tokens: `X.long()`.", {"given": dtype_of(X)}, name
        )
    if not is_integer(X) or X.numel() == 0 or not failure.matches("out of range"):
        return None
    low, high = int(X.min()), int(X.max())
    if low >= 0 and high < rows:
        return None
    seen = (
        f"{capitalized(name)} has {rows} rows, 0 to {rows - 1}, and was given "
        f"numbers from {low} to {high}."
    )
    fix = f"Make it `nn.Embedding({high + 1}, {W.shape[1]})` or larger: the size of the vocabulary."
    if low < 0:
        fix = "Give padding a number of its own, of 0 or more."
    return Finding(seen, fix, {"rows": rows, "smallest": low, "largest": high}, name)


def _rnn_input(failure: Failure) -> Finding | None:
    inner = failure.inner
    if (
        inner is None
        or not isinstance(inner.layer, nn.RNNBase)
        or not isinstance(inner.input, Tensor)
    ):
        return None
    X, layer, name = inner.input, inner.layer, failure.layer_name(inner.layer)
    numbers = {"takes": layer.input_size, "given": tuple(X.shape)}
    if X.ndim > 3 and failure.matches("to be 2D or 3D|must have 3 dimensions|dimension"):
        seen = f"{capitalized(name)} was given an input of {X.ndim} axes, {shape_of(X)}."
        return Finding(
            seen, "Make it three: for images, `X.squeeze(1)` or `X.flatten(2)`.", numbers, name
        )
    if X.shape[-1] == layer.input_size or not failure.matches("input_size|input.size"):
        return None
    seen = (
        f"{capitalized(name)} takes {layer.input_size} numbers in each step and "
        f"was given {shape_of(X)}."
    )
    fix = f"Make its input_size {X.shape[-1]}."
    if layer.input_size in X.shape[1:-1]:
        fix = "They have to be the last axis: write `X.transpose(1, 2)`."
    return Finding(seen, fix, numbers, name)


def _rnn_state(failure: Failure) -> Finding | None:
    inner = failure.inner
    if (
        inner is None
        or not isinstance(inner.layer, nn.RNNBase)
        or not failure.matches("hidden|cell")
    ):
        return None
    found = re.search(r"size \(([\d, ]+)\), got \[([\d, ]+)\]", failure.message)
    if found is None or not isinstance(inner.input, Tensor):
        return None
    wanted, given = (tuple(int(n) for n in text.split(",")) for text in found.groups())
    name = failure.layer_name(inner.layer)
    seen = (
        f"{capitalized(name)} needs a state of shape {wanted} for this batch and was given {given}."
    )
    fix = "Make the state for the batch at hand: (num_layers, batch_size, num_hiddens)."
    X = inner.input
    if not inner.layer.batch_first and given[1:2] == tuple(X.shape[:1]) and X.ndim == 3:
        fix = "Its input is (num_steps, batch_size, …), unless made with `batch_first=True`."
    return Finding(seen, fix, {"needs": wanted, "given": given}, name)


def _reshape(failure: Failure) -> Finding | None:
    call = failure.call_of("view", "reshape")
    X = call.args[0] if call is not None else None
    if (
        call is None
        or not isinstance(X, Tensor)
        or not failure.matches("is invalid for input of size")
    ):
        return None
    given = call.args[1] if len(call.args) == 2 else call.args[1:]
    target = tuple(given) if isinstance(given, (tuple, list)) else (given,)
    if X.ndim < 2 or len(target) < 2 or not all(isinstance(n, int) for n in target):
        return None
    numbers = {"given": tuple(X.shape), "asked": target}
    size = 1
    for n in target[1:]:
        size *= n
    seen = f"`{call.name}` asks for the shape {target}, but the tensor is {shape_of(X)}."
    if target[0] > 1 and len(X) != target[0] and len(X) * size == X.numel():
        fix = f"This batch has {len(X)} examples: write -1 for {target[0]}."
        return Finding(seen, fix, numbers)
    if len(target) == 2 and size > 0 and target[0] in (-1, len(X)):
        features = X.numel() // len(X)
        fix = f"An example has {features} numbers here, not {size}: write `X.flatten(1)`."
        return Finding(seen, fix, numbers)
    return None


def _view(failure: Failure) -> Finding | None:
    call = failure.call_of("view")
    if call is None or not failure.matches("view size is not compatible"):
        return None
    X = call.args[0]
    if not isinstance(X, Tensor) or X.is_contiguous():
        return None
    seen = f"`view` was called on a tensor of shape {shape_of(X)} whose axes were exchanged before."
    return Finding(seen, "Write `reshape` for `view`.", {"shape": tuple(X.shape)})


CHECKS = (
    Check(
        kind="device-mismatch",
        when=When.ERROR,
        find=finder_of(_device),
        title="Tensors are on different devices",
        why="A computation needs all its tensors on one device.",
        threshold="PyTorch reports this error; the failed call has tensors on two devices.",
        book="6.7 GPUs",
        wrong="net.to('cuda')\nnet(X)",
        right="net.to('cuda')\nnet(X.to('cuda'))",
    ),
    Check(
        kind="embedding-index",
        when=When.ERROR,
        find=finder_of(_embedding),
        title="An index is out of range for an embedding",
        why="An embedding looks up row i for the whole number i.",
        threshold="The failed call's numbers are negative, or the number of rows or more, or "
        "floats.",
        book="10.7 Sequence-to-sequence learning for machine translation",
        wrong="nn.Embedding(100, 32)  # tokens 0 to 100",
        right="nn.Embedding(len(vocab), 32)",
    ),
    Check(
        kind="dtype-mismatch",
        when=When.ERROR,
        find=finder_of(_dtype),
        title="The input of a layer has another dtype than its weights",
        why="PyTorch multiplies tensors of one dtype only.",
        threshold="The failed call has one weight, and an input of another type.",
        book="2.1 Data manipulation",
        wrong="X = torch.from_numpy(array)  # float64\nnet(X)",
        right="X = torch.from_numpy(array).float()\nnet(X)",
    ),
    Check(
        kind="rnn-input-size",
        when=When.ERROR,
        find=finder_of(_rnn_input),
        title="The input of a recurrent layer has the wrong number of features",
        why="A recurrent layer reads (num_steps, batch_size, input_size).",
        threshold="The last axis is not the layer's input_size, or there are more than 3 axes.",
        book="9.6 Concise implementation of recurrent neural networks",
        wrong="nn.RNN(32, 64)(X)  # (35, 16, 28)",
        right="nn.RNN(28, 64)(X)",
    ),
    Check(
        kind="rnn-state-size",
        when=When.ERROR,
        find=finder_of(_rnn_state),
        title="The state of a recurrent layer has the wrong shape",
        why="The state has a row for each example of the batch.",
        threshold="PyTorch reports which shape it expected and which it got.",
        book="9.6 Concise implementation of recurrent neural networks",
        wrong="state = torch.zeros(1, 64, num_hiddens)\nrnn(X, state)  # the last batch has 20",
        right="state = torch.zeros(1, X.shape[1], num_hiddens)\nrnn(X, state)",
    ),
    Check(
        kind="wrong-reshape",
        when=When.ERROR,
        find=finder_of(_reshape),
        title="A reshape to a shape with another number of elements",
        why="A reshape keeps all elements.",
        threshold="The requested shape has a fixed number of examples or of features that does not "
        "fit the tensor; PyTorch raised an error.",
        book="2.1 Data manipulation",
        wrong="H = H.view(-1, 800)",
        right="H = H.flatten(1)",
    ),
    Check(
        kind="view-not-contiguous",
        when=When.ERROR,
        find=finder_of(_view),
        title="A view of a tensor whose memory layout does not allow it",
        why="A view shares memory, so it needs its numbers in this order there.",
        threshold="`view` was called on a tensor that is not contiguous; PyTorch raised an error.",
        book="2.3 Linear algebra",
        wrong="X.transpose(0, 1).view(n, -1)",
        right="X.transpose(0, 1).reshape(n, -1)",
    ),
)
