"""Errors of linear layers, convolutions and norms about the shape of their input."""

import math
from typing import Any

from torch import Tensor, nn

from d2l.tutor.evidence import Check, Finding, When
from d2l.tutor.failure import Failure, capitalized, finder_of, shape_of

_CONV = ("conv1d", "conv2d", "conv3d")
_POOL = tuple(f"{kind}_pool{d}d" for kind in ("max", "avg") for d in (1, 2, 3))
_PRODUCT = (
    r"cannot be multiplied|size mismatch|[Ee]xpected size|must match|inconsistent tensor size"
)


def _product(failure: Failure) -> tuple[Tensor, Tensor, int, int, str] | None:
    """Return input, weight, numbers of inputs and outputs, and name of a failed product."""
    call = failure.call_of("linear", "matmul", "__matmul__", "mm")
    if call is None or len(call.args) < 2 or not failure.matches(_PRODUCT):
        return None
    X, W = call.args[:2]
    if not isinstance(X, Tensor) or not isinstance(W, Tensor) or W.ndim != 2 or X.ndim < 1:
        return None
    if not (W.requires_grad and W.is_leaf):
        return None
    takes, gives = (W.shape[1], W.shape[0]) if call.name == "linear" else (W.shape[0], W.shape[1])
    if X.shape[-1] == takes:
        return None
    return X, W, takes, gives, failure.layer_of(W) or f"the weight {shape_of(W)}"


def _is_layer(failure: Failure) -> bool:
    """Whether the product belongs to a linear layer, not to a user-defined weight."""
    return failure.inner is not None and isinstance(failure.inner.layer, nn.Linear)


def _flatten(failure: Failure) -> Finding | None:
    found = _product(failure)
    if found is None:
        return None
    X, _, takes, _, name = found
    features = math.prod(X.shape[1:])
    if X.ndim < 3 or (features != takes and not _are_pictures(failure, X)):
        return None
    seen = f"{capitalized(name)} takes {takes} numbers for an example and was given {shape_of(X)}."
    fix = "Put `nn.Flatten()` before it." if _is_layer(failure) else "Write `X.flatten(1)` first."
    if features != takes:
        fix = fix[:-1] + f", and let it take {features} numbers."
    return Finding(seen, fix, {"takes": takes, "given": tuple(X.shape)}, name)


def _are_pictures(failure: Failure, X: Tensor) -> bool:
    """Whether the input of a layer is that of the model, or comes from a convolution."""
    if X.ndim != 4 or failure.step is None:
        return False
    is_of_batch = failure.outer is not None and failure.outer.input is X
    return is_of_batch or bool(failure.step.calls_of(*_CONV, *_POOL, "adaptive_avg_pool2d"))


def _flat_batch(failure: Failure) -> Finding | None:
    found, n = _product(failure), failure.num_examples
    if found is None or n is None or n < 2:
        return None
    X, _, takes, _, name = found
    if X.ndim != 1 or X.numel() != n * takes:
        return None
    seen = (
        f"{capitalized(name)} was given {X.numel()} numbers in one row, all {n} examples together."
    )
    fix = "Write `X.flatten(1)` or `nn.Flatten()`, which keep the first axis."
    return Finding(seen, fix, {"examples": n, "takes": takes}, name)


def _in_features(failure: Failure) -> Finding | None:
    found = _product(failure)
    if found is None:
        return None
    X, _, takes, gives, name = found
    if X.ndim == 1 and failure.num_examples is not None and X.shape[0] % takes == 0:
        return None
    size, is_layer, own = X.shape[-1], _is_layer(failure), name.strip("`")
    seen = f"{capitalized(name)} takes {takes} numbers for an example and was given {shape_of(X)}."
    if size == gives:
        fix = f"The sizes are the other way round: `nn.Linear({size}, {takes})`."
        if not is_layer:
            fix = f"Its axes are the other way round: write `X @ {own}.T`."
    elif is_layer:
        fix = f"Make it `nn.Linear({size}, {gives})`, or `nn.LazyLinear({gives})`."
    else:
        fix = f"Make `{own}` of shape ({size}, {gives})."
    return Finding(seen, fix, {"takes": takes, "given": size, "fits": size}, name)


def _channels(failure: Failure) -> Finding | None:
    call = failure.call_of(*_CONV)
    if (
        call is None
        or len(call.args) < 2
        or not failure.matches("(?i)channels|unbatched|dimension")
    ):
        return None
    X, W = call.args[:2]
    if not isinstance(X, Tensor) or not isinstance(W, Tensor):
        return None
    num_axes, groups = W.ndim - 2, call.argument(6, "groups", 1)
    channels, kind = W.shape[1] * groups, f"Conv{W.ndim - 2}d"
    name = failure.layer_of(W) or f"`{call.name}`"
    numbers = {"takes": channels, "given": tuple(X.shape)}
    seen = f"{capitalized(name)} takes inputs of {channels} channels and was given {shape_of(X)}."
    if X.ndim == num_axes + 2 and X.shape[1] != channels:
        fix = f"Make it `nn.{kind}({X.shape[1]}, {W.shape[0]}, …)`."
        if X.shape[-1] == channels and X.ndim == 4:
            fix = "Here they come last: write `X.permute(0, 3, 1, 2)`."
        return Finding(seen, fix, numbers, name)
    if X.ndim == num_axes + 1 and X.shape[0] != channels and channels == 1:
        return Finding(seen, "Add the axis of channels: `X.unsqueeze(1)`.", numbers, name)
    if X.ndim == 2 and num_axes == 2:
        side = math.isqrt(X.shape[1] // channels)
        is_square = channels * side * side == X.shape[1]
        size = f"{side}, {side}" if is_square else "height, width"
        fix = f"Give it images: `X.reshape(-1, {channels}, {size})`, without flattening before it."
        return Finding(seen, fix, numbers, name)
    return None


def _kernel(failure: Failure) -> Finding | None:
    call = failure.call_of(*_CONV, *_POOL)
    if call is None or not failure.matches(
        "(?i)kernel size can't be greater|output size is too small"
    ):
        return None
    X, kernel = call.argument(0, "input"), call.argument(1, "kernel_size")
    if not isinstance(X, Tensor):
        return None
    name = f"`{call.name}`"
    if isinstance(kernel, Tensor):
        name, kernel = failure.layer_of(kernel) or name, tuple(kernel.shape[2:])
        axes = X.shape[-len(kernel) :]
    else:
        name = failure.layer_name(failure.inner.layer) if failure.inner is not None else name
        axes = X.shape[-int(call.name[-2]) :]
    size = kernel if isinstance(kernel, tuple) else (kernel,) * len(axes)
    seen = (
        f"{capitalized(name)} has a window of {_times(size)}, but its input is "
        f"{_times(axes)} large."
    )
    fix = "Use fewer layers that halve it, `padding=`, or larger images."
    return Finding(seen, fix, {"input": tuple(axes), "kernel": tuple(size)}, name)


def _norm_size(failure: Failure) -> Finding | None:
    layer_norm, batch_norm = failure.call_of("layer_norm"), failure.call_of("batch_norm")
    name = failure.layer_name(failure.inner.layer) if failure.inner is not None else ""
    if layer_norm is not None and failure.matches("normalized_shape"):
        X, size = layer_norm.args[0], tuple(layer_norm.argument(1, "normalized_shape"))
        if tuple(X.shape[-len(size) :]) == size:
            return None
        given: Any = X.shape[-1] if len(size) == 1 else tuple(X.shape[-len(size) :])
        made = size[0] if len(size) == 1 else size
        seen = (
            f"{capitalized(name or 'layer_norm')} is for {made} numbers and was "
            f"given {shape_of(X)}."
        )
        numbers = {"size": made, "given": given}
        return Finding(seen, f"Make it `nn.LayerNorm({given})`.", numbers, name)
    if batch_norm is not None and failure.matches("should contain"):
        X, mean = batch_norm.args[0], batch_norm.argument(1, "running_mean")
        mean = mean if isinstance(mean, Tensor) else batch_norm.argument(3, "weight")
        if not isinstance(mean, Tensor) or X.shape[1] == mean.numel():
            return None
        kind = type(failure.inner.layer).__name__ if failure.inner is not None else "BatchNorm2d"
        seen = (
            f"{capitalized(name or 'batch_norm')} is for {mean.numel()} channels "
            f"and was given {shape_of(X)}."
        )
        numbers = {"size": mean.numel(), "given": X.shape[1]}
        return Finding(seen, f"Make it `nn.{kind}({X.shape[1]})`.", numbers, name)
    return _norm_axes(failure, name)


def _norm_axes(failure: Failure, name: str) -> Finding | None:
    inner = failure.inner
    kind = type(inner.layer).__name__ if inner is not None else ""
    if (
        inner is None
        or not kind.startswith("BatchNorm")
        or not failure.raised_in("_check_input_dim")
    ):
        return None
    X = inner.input
    if not isinstance(X, Tensor) or X.ndim not in (2, 3, 4, 5):
        return None
    seen = f"{capitalized(name)} was given an input of {X.ndim} axes, {shape_of(X)}."
    right = {2: "1d", 3: "1d", 4: "2d", 5: "3d"}[X.ndim]
    fix = f"Make it `nn.BatchNorm{right}({X.shape[1]})`."
    return Finding(seen, fix, {"axes": X.ndim, "given": tuple(X.shape)}, name)


def _one_example(failure: Failure) -> Finding | None:
    call = failure.call_of("batch_norm")
    X = call.argument(0, "input") if call is not None else None
    if not isinstance(X, Tensor) or not failure.matches("more than 1 value per channel"):
        return None
    name = failure.layer_name(failure.inner.layer) if failure.inner is not None else "`batch_norm`"
    size = failure.evidence.batch_size
    seen = f"{capitalized(name)} was given one example, {shape_of(X)}, in training."
    fix = "Use a batch_size of 2 or more, and `drop_last=True` in the DataLoader."
    if len(X) == 1 and isinstance(size, int) and size > 1:
        seen = f"The last batch has one example, and {name} was given {shape_of(X)} in training."
        fix = f"Use another batch_size than {size}, or `drop_last=True` in the DataLoader."
    numbers = {"examples": len(X), "batch_size": size}
    return Finding(seen, fix, numbers, name)


def _times(sizes: Any) -> str:
    return "×".join(str(size) for size in sizes)


CHECKS = (
    Check(
        kind="flatten-forgotten",
        when=When.ERROR,
        find=finder_of(_flatten),
        title="A linear layer is given images",
        why="A linear layer reads the last axis only, so images must become rows first.",
        threshold="The input has 3 axes or more, and an example has as many numbers as the layer "
        "takes, or it is images of 4 axes; PyTorch raised an error.",
        book="4.5 Concise implementation of softmax regression",
        wrong="nn.Sequential(nn.Linear(784, 10))",
        right="nn.Sequential(nn.Flatten(), nn.Linear(784, 10))",
    ),
    Check(
        kind="batch-flattened",
        when=When.ERROR,
        find=finder_of(_flat_batch),
        title="The examples of a batch were flattened into one row",
        why="The first axis counts the examples and has to stay.",
        threshold="One axis of n times the numbers that the layer takes, for n examples.",
        book="4.5 Concise implementation of softmax regression",
        wrong="H = X.flatten()",
        right="H = X.flatten(1)",
    ),
    Check(
        kind="wrong-in-features",
        when=When.ERROR,
        find=finder_of(_in_features),
        title="The input has the wrong number of features for a layer",
        why="The number of inputs of a layer is the number of outputs of the one before.",
        threshold="The last axis of the input is not the number that the weight takes.",
        book="5.1 Multilayer perceptrons",
        wrong="nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(128, 10))",
        right="nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))",
    ),
    Check(
        kind="wrong-in-channels",
        when=When.ERROR,
        find=finder_of(_channels),
        title="The input of a convolution has the wrong number of channels",
        why="A convolution reads (examples, channels, height, width).",
        threshold="Axis 1 of the input is not the number of channels that the weight takes, or the "
        "axis is not there.",
        book="7.4 Multiple input and multiple output channels",
        wrong="nn.Sequential(nn.Conv2d(1, 6, 5), nn.Conv2d(16, 16, 5))",
        right="nn.Sequential(nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5))",
    ),
    Check(
        kind="kernel-larger-than-input",
        when=When.ERROR,
        find=finder_of(_kernel),
        title="The window of a layer is larger than its input",
        why="Each convolution and each pooling makes the image smaller; nothing is left here.",
        threshold="PyTorch reports that the kernel is larger than its padded input, or no output "
        "left.",
        book="7.3 Padding and stride",
        wrong="nn.Sequential(*[nn.Sequential(nn.LazyConv2d(8, 3), nn.MaxPool2d(2))] * 5)",
        right="nn.Sequential(*[nn.LazyConv2d(8, 3, padding=1)] * 5)",
    ),
    Check(
        kind="norm-size",
        when=When.ERROR,
        find=finder_of(_norm_size),
        title="A normalization layer was created for another shape",
        why="It keeps a scale and a shift for each feature, so it must know how many there are.",
        threshold="The size of the layer is not that of the axis it normalizes, or the input has "
        "another number of axes than the layer reads.",
        book="8.5 Batch normalization",
        wrong="nn.Sequential(nn.Linear(784, 256), nn.BatchNorm1d(64))",
        right="nn.Sequential(nn.Linear(784, 256), nn.BatchNorm1d(256))",
    ),
    Check(
        kind="batchnorm-of-one-example",
        when=When.ERROR,
        find=finder_of(_one_example),
        title="Batch normalization of one example",
        why="Its mean is the example itself, so the result would be 0 whatever the input.",
        threshold="PyTorch reports that there is one value for each channel.",
        book="8.5 Batch normalization",
        wrong="loader = DataLoader(data, 64)  # of 1025 examples",
        right="loader = DataLoader(data, 64, drop_last=True)",
    ),
)
