"""Checks on training and evaluation mode of the layers in which it matters."""

from collections.abc import Iterator
from dataclasses import replace

from torch import Tensor, nn

from d2l.tutor.check import Check, Finding, When
from d2l.tutor.evidence import DROPOUTS, Evidence
from d2l.tutor.freshness import look_fresh
from d2l.tutor.movement import quoted, with_gradient

DROPS = nn.modules.dropout._DropoutNd
NORMALISES = nn.modules.batchnorm._BatchNorm
ENOUGH_PASSES = 2


def in_validation(evidence: Evidence) -> Finding | None:
    """The whole model is in training mode where it is evaluated, or it drops all the same."""
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
    """Dropout as a function that does not know of the mode."""
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
    """The whole model learns in evaluation mode, in which it did not begin or is not to begin."""
    model, steps = evidence.model, evidence.steps
    if model is None or len(steps) < ENOUGH_PASSES or model.training:
        return None
    if any(step.was_training for step in steps[-ENOUGH_PASSES:]):
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
    """Whether nothing speaks for a model that was trained before and is tuned on purpose."""
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
    return bool(norms) or look_fresh(matrices)


def _is_pristine(layer: nn.Module) -> bool:
    mean, var = layer.running_mean, layer.running_var
    if not isinstance(mean, Tensor) or not isinstance(var, Tensor):
        return False
    return not bool(mean.any()) and bool((var == 1).all())


def _moody(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The layers that do something else in training mode."""
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
    "By facts. In validation: the model itself and a dropout with p > 0 or a batch normalisation "
    "with running statistics were in training mode; or in evaluation mode a dropout was called "
    "with training=True. In a loop by hand a call under no_grad is a validation after four steps "
    "without one, on other inputs than the last step's, unless an input is repeated: targets "
    "within a step and Monte-Carlo dropout are right. In training: in two steps the whole model "
    "was in evaluation mode, and either it was not in the first one, or it is new: batch "
    "normalisation has seen no batch, or all weights learn and look as they were drawn. A "
    "pretrained model with frozen statistics is right.",
    "5.6 Dropout",
    "for X, y in val_iter:\n    with torch.no_grad(): ...",
    "model.eval()\nfor X, y in val_iter:\n    with torch.no_grad(): ...\nmodel.train()",
)  # fmt: skip
CHECKS = (
    IN_VALIDATION,
    replace(
        IN_VALIDATION,
        when=When.STEPS,
        look=in_training,
        why="Dropout does nothing then, and batch normalisation does not read its batch.",
    ),
)
