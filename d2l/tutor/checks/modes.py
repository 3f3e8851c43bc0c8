"""Checks on training and evaluation mode, dropout, and the order of layers."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from d2l.tutor.evidence import DROPOUTS, Call, Check, Evidence, Finding, When
from d2l.tutor.weights import are_freshly_initialized, is_freshly_initialized, quoted, with_gradient

DROPS = nn.modules.dropout._DropoutNd
NORMALISES = nn.modules.batchnorm._BatchNorm
MIN_PASSES = 2


def in_validation(evidence: Evidence) -> Finding | None:
    """The model is evaluated in training mode, or uses dropout during evaluation."""
    model, in_training = evidence.model, evidence.evaluated_in
    if model is None or in_training is None:
        return None
    names = [n for n, layer in _moody(model) if n in in_training]
    if "" in in_training and names:
        return Finding(
            f"The model was evaluated in training mode: {quoted(names)} "
            f"{_what_happens(model, names)}.",
            "Call `model.eval()` before validation and `model.train()` after it.",
            {"layers in training mode": len(names)},
            names[0],
        )
    return None if names or "" in in_training else _of_function(evidence)


def _of_function(evidence: Evidence) -> Finding | None:
    """Functional dropout that ignores the mode."""
    found = [
        float(p)
        for call in evidence.validation_calls
        if call.name in DROPOUTS
        and call.argument(2, "training", True) is True
        and isinstance(p := call.argument(1, "p", 0.5), (int, float))
        and p > 0
    ]
    if not found:
        return None
    return Finding(
        f"In evaluation mode `F.dropout` still sets {found[0] * 100:.0f} of 100 units to zero.",
        f"Tell it the mode: `F.dropout(X, {found[0]:g}, training=self.training)`, or use "
        "`nn.Dropout`.",
        {"p": found[0]},
    )


def in_training(evidence: Evidence) -> Finding | None:
    """The whole model is trained in evaluation mode by mistake."""
    model, steps = evidence.model, evidence.steps
    if model is None or len(steps) < MIN_PASSES or model.training:
        return None
    if any(step.was_training for step in steps[-MIN_PASSES:]):
        return None
    layers = dict(_moody(model))
    if not layers or any(layer.training for layer in layers.values()):
        return None
    if not steps[0].was_training:
        begun = "from the first batch on"
        if not _is_wrong_from_the_start(evidence, layers):
            return None
    else:
        begun = "since it was evaluated"
    return Finding(
        f"The model learns in evaluation mode {begun}: {quoted(layers)} "
        f"{'are' if len(layers) > 1 else 'is'} switched off.",
        "Call `model.train()` at the beginning of each epoch.",
        {"layers in evaluation mode": len(layers)},
        next(iter(layers)),
    )


def _is_wrong_from_the_start(evidence: Evidence, layers: dict[str, nn.Module]) -> bool:
    """Whether nothing indicates a pretrained model that is fine-tuned on purpose."""
    assert evidence.model is not None
    norms = [layer for layer in layers.values() if isinstance(layer, NORMALISES)]
    if any(not _is_pristine(layer) for layer in norms):
        return False
    parameters = list(nn.Module.parameters(evidence.model))
    held = {id(p) for p in evidence.optimized}
    if not all(p.requires_grad and (id(p) in held or not held) for p in parameters):
        return False
    moved = with_gradient(evidence.steps[0])
    matrices = [p for n, p in evidence.parameters.items() if n in moved and p.ndim >= 2]
    return bool(norms) or are_freshly_initialized(matrices)


def _is_pristine(layer: nn.Module) -> bool:
    mean, var = layer.running_mean, layer.running_var
    if not isinstance(mean, Tensor) or not isinstance(var, Tensor):
        return False
    return not bool(mean.any()) and bool((var == 1).all())


def _moody(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Return the layers that behave differently in training mode."""
    for name, layer in model.named_modules():
        is_norm = isinstance(layer, NORMALISES) and isinstance(layer.running_mean, Tensor)
        if is_norm or (isinstance(layer, DROPS) and layer.p > 0):
            yield name, layer


def _what_happens(model: nn.Module, names: list[str]) -> str:
    layers = dict(model.named_modules())
    if any(isinstance(layers[name], DROPS) for name in names):
        return "then drops units" if len(names) == 1 else "then drop units or read the batch"
    return "then reads the batch" if len(names) == 1 else "then read the batch"


IN_VALIDATION = Check(
    "mode-not-switched", When.VALIDATION, in_validation,
    "The mode was not switched",
    "What is measured so is not what the trained model does.",
    "Exact. In validation: the model itself and a dropout with p > 0 or a batch normalization "
    "with running statistics were in training mode; or in evaluation mode a dropout was called "
    "with training=True. In a hand-written loop a call under no_grad is a validation after 4 steps "
    "without one, on other inputs than the last step's, unless an input is repeated: targets "
    "within a step and Monte-Carlo dropout are right. In training: in two steps the whole model "
    "was in evaluation mode, and either it was not in the first one, or it is new: batch "
    "normalization has seen no batch, or all weights learn and look as they were drawn. A "
    "pretrained model with frozen statistics is right.",
    "5.6 Dropout",
    "for X, y in val_iter:\n    with torch.no_grad(): ...",
    "model.eval()\nfor X, y in val_iter:\n    with torch.no_grad(): ...\nmodel.train()",
)  # fmt: skip
MODE_CHECKS = (
    IN_VALIDATION,
    replace(
        IN_VALIDATION,
        when=When.STEPS,
        find=in_training,
        why="Dropout does nothing then, and batch normalization does not read its batch.",
    ),
)


MAX_DROPPED = 0.9  # the book's sweep ends at 0.8
LINEAR = frozenset({"linear", "matmul", "mm"})
THROUGH = frozenset(
    {"reshape", "view", "flatten", "squeeze", "unsqueeze", "contiguous", "dropout", "add"}
)


def no_activation(evidence: Evidence) -> Finding | None:
    """The result of one linear layer is used only by another linear layer."""
    step = evidence.step
    calls = [call for call in step.calls if not call.is_after_backward]
    layers = [(call, weight) for call in calls if (weight := _weight(call, evidence)) is not None]
    weights = {id(weight): weight for _, weight in layers}
    if len(weights) < 2 or evidence.model is None or step.outputs is None:
        return None
    readers = _readers(calls)
    for number, weight in weights.items():
        results = [call.result for call, other in layers if id(other) == number]
        following = [_only_reader(result, readers, step.outputs, evidence) for result in results]
        found = {id(w): w for w in following if w is not None}
        if None in following or len(found) != 1 or number in found:
            continue
        finding = _of_pair(evidence, weight, next(iter(found.values())), layers)
        if finding is not None:
            return finding
    return None


def _of_pair(
    evidence: Evidence, one: Tensor, two: Tensor, layers: list[tuple[Call, Tensor]]
) -> Finding | None:
    names = [evidence.names[id(one)], evidence.names[id(two)]]
    (num_in, num_hidden), (_, num_out) = (_sizes(weight, layers) for weight in (one, two))
    if num_hidden < min(num_in, num_out) or _parent(names[0]) != _parent(names[1]):
        return None
    if is_freshly_initialized(one) is False:  # what was trained before may have a head put on it
        return None
    first, second = (name.removesuffix(".weight") for name in names)
    return Finding(
        f"`{first}` ({num_in} to {num_hidden}) is followed by `{second}` ({num_hidden} to "
        f"{num_out}) with no activation between them.",
        f"Put one between them, such as `nn.ReLU()` after `{first}`.",
        {"inputs": num_in, "hidden": num_hidden, "outputs": num_out},
        first,
    )


def keep_probability(evidence: Evidence) -> Finding | None:
    """A dropout layer that is used drops nine of ten units."""
    found = []
    for call in evidence.step.calls:
        p = call.argument(1, "p", 0.5)
        is_on = call.argument(2, "training", True) is True
        if call.name in DROPOUTS and is_on and isinstance(p, (int, float)):
            found.append(float(p))
    if not found or max(found) < MAX_DROPPED:
        return None
    p = max(found)
    kept = f"keep {p * 100:.0f} of 100" if p < 1 else "keep all"
    return Finding(
        f"Dropout with p = {p:g} sets {p * 100:.0f} of 100 units to zero in each batch.",
        f"To {kept}, write `nn.Dropout({max(0.0, 1 - p):.3g})`.",
        {"p": p},
    )


def _weight(call: Call, evidence: Evidence) -> Tensor | None:
    """Return the trainable matrix of a linear layer, built-in or custom."""
    if call.name not in LINEAR or len(call.args) < 2:
        return None
    weight = call.args[1]
    is_known = isinstance(weight, Tensor) and id(weight) in evidence.names
    return weight if is_known and weight.requires_grad and weight.ndim == 2 else None


def _readers(calls: list[Call]) -> dict[int, list[Call]]:
    """Return the calls that use a tensor, by its id."""
    readers: dict[int, list[Call]] = {}
    for call in calls:
        for number in {id(tensor) for tensor in call.tensors() if tensor is not call.result}:
            readers.setdefault(number, []).append(call)
    return readers


def _only_reader(
    result: Any, readers: dict[int, list[Call]], outputs: Any, evidence: Evidence
) -> Tensor | None:
    """Return the matrix of the only linear layer that uses a result, ignoring dropout."""
    for _ in range(6):
        calls = readers.get(id(result), [])
        if len(calls) != 1 or _is_among(result, outputs):
            return None
        call = calls[0]
        weight = _weight(call, evidence)
        if weight is not None:
            return weight if call.args[0] is result else None
        if call.name not in THROUGH or (call.name == "add" and not _adds_bias(call, evidence)):
            return None
        result = call.result
    return None


def _adds_bias(call: Call, evidence: Evidence) -> bool:
    tensors = list(call.tensors())
    return any(id(t) in evidence.names and t.ndim <= 1 for t in tensors)


def _is_among(result: Any, outputs: Any) -> bool:
    parts = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    if isinstance(outputs, dict):
        parts = list(outputs.values())
    return any(part is result for part in parts)


def _sizes(weight: Tensor, layers: list[tuple[Call, Tensor]]) -> tuple[int, int]:
    """Return the number of inputs and outputs; `linear` transposes its matrix."""
    name = next(call.name for call, other in layers if other is weight)
    rows, columns = weight.shape
    return (columns, rows) if name == "linear" else (rows, columns)


def _parent(name: str) -> str:
    """The module that has the layer as a part: "net" of "net.0.weight"; "" of "W1"."""
    owner = name.removesuffix(".weight")
    return owner.rpartition(".")[0]


CHECKS = (
    Check(
        "no-activation-between-layers", When.FIRST_BACKWARD, no_activation,
        "Two linear layers follow one another",
        "Together they can do no more than one linear layer.",
        "Exact: the result of a linear layer is read by one other linear layer of the same "
        "module and by nothing else, is not what the model returns, and is not narrower than both "
        "of the layer's sides; both learn, and the first does not look trained. Correct programs "
        "with such a pair, a low rank or a predictor on a representation, differ in one of these.",
        "5.1 Multilayer perceptrons",
        "nn.Sequential(nn.Linear(784, 256), nn.Linear(256, 10))",
        "nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))",
    ),
    Check(
        "dropout-as-keep-probability", When.FIRST_BACKWARD, keep_probability,
        "Nine of ten units are dropped",
        "`p` is the share that is dropped, not the one that is kept.",
        f"By the number: a dropout that was called in training has p of {MAX_DROPPED} or more. "
        "Correct programs: at most 0.8.",
        "5.6 Dropout",
        "nn.Dropout(0.95)",
        "nn.Dropout(0.05)",
    ),
)  # fmt: skip
