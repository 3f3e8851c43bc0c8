"""Errors about objects in the place of tensors: tuples, layers, classes, arrays and numbers."""

import re
from typing import Any

from torch import Tensor, nn

from d2l.tutor.evidence import Check, Finding, When
from d2l.tutor.failure import Failure, capitalized, finder_of

_LOOPS = (nn.RNNBase, nn.MultiheadAttention)


def _given(failure: Failure) -> tuple[Any, str] | None:
    """Return the non-tensor input of a PyTorch layer or function, and its name."""
    if not isinstance(failure.error, (TypeError, AttributeError)):
        return None
    call, inner = failure.call, failure.inner
    if call is not None and isinstance(failure.error, TypeError):
        wrong = [v for v in call.args[:2] if not isinstance(v, Tensor)]
        if wrong and failure.matches("must be Tensor"):
            return wrong[0], f"`{call.name}`"
    if inner is not None and not isinstance(inner.input, Tensor) and inner.input is not None:
        is_packed = isinstance(inner.input, nn.utils.rnn.PackedSequence)
        if failure.is_raised_by("torch.nn.") and not is_packed:
            return inner.input, failure.layer_name(inner.layer)
    return None


def _tuple(failure: Failure) -> Finding | None:
    found, model = _given(failure), failure.model
    loops = [m for m in model.modules() if isinstance(m, _LOOPS)] if model is not None else []
    if found is None and loops and _attribute_of(failure, "tuple"):
        found = (), ""
    if found is None or not isinstance(found[0], tuple):
        return None
    value, name = found
    what = f"a tuple of {len(value)}" if value else "a tuple"
    seen = (
        f"{capitalized(name)} was given {what}, not a tensor."
        if name
        else f"{capitalized(what)} was used as a tensor."
    )
    if not loops:
        return Finding(seen, "Pick the part that is meant: `H[0]`.", {}, name)
    layer = failure.layer_name(loops[0])
    fix = f"Write `outputs, state = …` where {layer} is called, and give on `outputs`."
    return Finding(seen, fix, {}, name)


def _attribute_of(failure: Failure, kind: str) -> bool:
    """Whether an attribute of tensors was accessed on an object of another type."""
    words = re.fullmatch(rf"'{kind}' object has no attribute '(\w+)'", failure.message)
    return (
        isinstance(failure.error, AttributeError)
        and words is not None
        and hasattr(Tensor, words[1])
    )


def _not_called(failure: Failure) -> nn.Module | None:
    """Return the layer that was used in place of its result."""
    found = _given(failure)
    if found is not None and isinstance(found[0], nn.Module):
        return found[0]
    error = failure.error
    layer = getattr(error, "obj", None)
    if isinstance(error, AttributeError) and isinstance(layer, nn.Module) and error.name:
        is_initialized = "_modules" in vars(layer)
        if (
            is_initialized
            and hasattr(Tensor, error.name)
            and type(layer).__module__.startswith("torch.")
        ):
            return layer
    return None


def _layer(failure: Failure) -> Finding | None:
    layer, model = _not_called(failure), failure.model
    if layer is None or model is None or not any(layer is m for m in model.modules()):
        return None
    seen = f"The layer {failure.layer_name(layer)} was used as if it were a tensor."
    return Finding(seen, "Call it: `H = self.layer(X)`, not `H = self.layer`.", {})


def _class(failure: Failure) -> Finding | None:
    layer, model = _not_called(failure), failure.model
    if layer is not None and model is not None and all(layer is not m for m in model.modules()):
        kind = type(layer).__name__
        seen = f"An object of `{kind}` was made and used as if it were a tensor."
        return Finding(seen, f"Write `nn.{kind}()(X)`: make it, then call it.", {})
    found = re.fullmatch(
        r"([\w.]+?)\.?(\w+)\(\) missing 1 required positional argument: 'self'", failure.message
    )
    if found is not None and isinstance(failure.error, TypeError):
        seen = f"`{found[2]}` was called on a class, not on an object of it."
        return Finding(seen, "Make one first: `net = Net()`, then `net.parameters()`.", {})
    found = re.fullmatch(r"([\w.]+) is not a Module subclass", failure.message)
    if found is not None and failure.raised_in("add_module"):
        name = found[1].rpartition(".")[2]
        seen = f"`{name}` was given as a layer, which it is not."
        return Finding(seen, f"If it is a class, make an object: `nn.{name}()`.", {})
    return None


def _no_tensor(failure: Failure) -> Finding | None:
    found = _given(failure)
    if found is None or found[0] is None or isinstance(found[0], (tuple, nn.Module)):
        return None
    value, name = found
    kind = type(value).__name__
    seen = f"{capitalized(name)} was given an object of type `{kind}`, not a tensor."
    if isinstance(value, list) and value and all(isinstance(part, Tensor) for part in value):
        seen = f"{capitalized(name)} was given a list of {len(value)} tensors."
        return Finding(seen, "If it is a batch, write `X, y = batch` and `net(X)`.", {}, name)
    if kind == "ndarray":
        return Finding(seen, "Write `torch.from_numpy(X).float()`.", {}, name)
    if not isinstance(value, (int, float, list)):
        return None
    return Finding(seen, "Write `torch.tensor(X)`.", {}, name)


CHECKS = (
    Check(
        kind="layer-returns-a-tuple",
        when=When.ERROR,
        find=finder_of(_tuple),
        title="A layer's tuple of results is used as a tensor",
        why="Recurrent and attention layers return a tuple: the outputs and something more.",
        threshold="A tuple is where a tensor should be; PyTorch raised TypeError or "
        "AttributeError.",
        book="9.6 Concise implementation of recurrent neural networks",
        wrong="H = self.rnn(X)\nY = self.head(H)",
        right="H, state = self.rnn(X)\nY = self.head(H)",
    ),
    Check(
        kind="layer-not-called",
        when=When.ERROR,
        find=finder_of(_layer),
        title="A layer is used in place of its result",
        why="A layer is a function: only its call gives a tensor.",
        threshold="A layer of the model is where a tensor should be.",
        book="6.1 Layers and modules",
        wrong="H = self.hidden",
        right="H = self.hidden(X)",
    ),
    Check(
        kind="class-instead-of-instance",
        when=When.ERROR,
        find=finder_of(_class),
        title="A class is used in place of an instance",
        why="A class must be instantiated before it is used.",
        threshold="A layer that is none of the model's is where a tensor should be, or Python "
        "reports "
        "that `self` is missing.",
        book="6.1 Layers and modules",
        wrong="H = nn.ReLU(self.hidden(X))",
        right="H = nn.ReLU()(self.hidden(X))",
    ),
    Check(
        kind="not-a-tensor",
        when=When.ERROR,
        find=finder_of(_no_tensor),
        title="The input of a layer is not a tensor",
        why="PyTorch's layers take tensors only.",
        threshold="An array, a number or a list is where a tensor should be; PyTorch raised an "
        "error.",
        book="2.1 Data manipulation",
        wrong="net(X.numpy())",
        right="net(X)",
    ),
)
