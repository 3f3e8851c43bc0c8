"""Checks on the layers' tensors: are they trained, registered, and initialized differently."""

import torch
from torch import Tensor, nn

from d2l.core.unregistered import named_unregistered_tensors
from d2l.tutor.evidence import Call, Check, Evidence, Finding, When
from d2l.tutor.tracker import named_hidden_parameters
from d2l.tutor.weights import (
    ConstantMatrix,
    are_freshly_initialized,
    are_in_other_optimizer,
    constant_matrices,
    quoted,
    still,
    with_gradient,
)

CHECK_AFTER = (2, 7, 8, 15)  # backward passes: an alternating optimizer has stepped by then
CHECK_AFTER_OWN = (7, 8, 15)  # with a custom optimizer, only updates can be observed
WEIGHT_AT = {"linear": 1, "conv1d": 1, "conv2d": 1, "conv3d": 1, "embedding": 1, "matmul": 1}
SMALL = 2048  # elements: a matrix of 768 looked drawn after 400 steps of training


def some_parameters(evidence: Evidence) -> Finding | None:
    """Registered parameters with gradients are in no group and have not moved."""
    held = {id(p) for p in evidence.optimized}
    if not any(id(p) in held for p in evidence.parameters.values()):
        return None  # the image may be what is optimized
    names = _forgotten(evidence, evidence.parameters)
    if not names or _may_be_tuned(evidence, names):
        return None
    num = len(evidence.parameters)
    return Finding(
        f"{len(names)} of the model's {num} parameters have gradients, but the optimizer does not "
        f"hold them and they have not moved: {quoted(names)}.",
        "Give it all of them: `model.parameters()`; what is to stay as it is, freeze by "
        "`requires_grad_(False)`.",
        {"not held": len(names), "parameters": num},
        names[0].rpartition(".")[0],
    )


def _may_be_tuned(evidence: Evidence, names: list[str]) -> bool:
    """Whether only a head is optimized, over a body too small to judge if it is pretrained."""
    is_body = [name in names for name in evidence.parameters]
    largest = max(evidence.parameters[name].numel() for name in names)
    return is_body == sorted(is_body, reverse=True) and largest < SMALL


def layers_in_a_list(evidence: Evidence) -> Finding | None:
    """Layers in a plain list or dict of the model have gradients and do not change."""
    if evidence.model is None or not _is_due(evidence):
        return None
    names = _forgotten(evidence, dict(named_hidden_parameters(evidence.model)))
    if not names:
        return None
    owner = names[0].partition("[")[0]
    kind = "nn.ModuleDict" if "['" in names[0] else "nn.ModuleList"
    return Finding(
        f"The layers in `{owner}` are not part of the model: {len(names)} of their parameters have "
        f"gradients, and none has moved.",
        f"Write `self.{owner} = {kind}(…)` instead of the plain one.",
        {"parameters": len(names), "moved": 0},
        owner,
    )


def not_registered(evidence: Evidence) -> Finding | None:
    """Plain tensors of the model have gradients and do not change."""
    if evidence.model is None or not _is_due(evidence):
        return None
    plain = {n: t for n, t in named_unregistered_tensors(evidence.model) if t.requires_grad}
    names = _forgotten(evidence, plain)
    if not names:
        return None
    return Finding(
        f"{quoted(names)} have gradients, but no optimizer holds them and they have not moved: "
        "plain tensors are not among the model's parameters.",
        f"Make them parameters: `self.{names[0]} = nn.Parameter(…)`.",
        {"tensors": len(names), "moved": 0},
        names[0],
    )


def made_in_forward(evidence: Evidence) -> Finding | None:
    """The loss depends on parameters of layers that are new in each step."""
    steps = evidence.steps[-2:]
    if evidence.model is None or len(steps) < 2 or steps[0].index + 1 != steps[1].index:
        return None
    new = [_strange_weights(evidence, step.calls, step.leaves) for step in steps]
    if not all(new) or {id(w) for w in new[0]} & {id(w) for w in new[1]}:
        return None
    if [w.shape for w in new[0]] != [w.shape for w in new[1]]:
        return None
    shape = tuple(new[1][0].shape)
    return Finding(
        f"{len(new[1])} layers are made again in each step: the model has no parameter that is the "
        f"weight of shape {shape}.",
        "Make the layer once, in `__init__`: `self.layer = nn.Linear(…)`, and call it in "
        "`forward`.",
        {"new layers": len(new[1])},
    )


def all_equal(evidence: Evidence) -> Finding | None:
    """All units of a hidden layer have the same weights and the same gradients."""
    step = evidence.step
    matrices = _matrices(evidence)
    same = constant_matrices(matrices)
    if len(matrices) < 2 or not same:
        return None
    are_all = len(same) == len(matrices)
    used = _used_as_weights(step.calls, matrices)
    hidden = [m for m in same if m.name in used[:-1] and (m.has_same_gradient or m.value)]
    found = same[0] if are_all and all(m.is_symmetric for m in same) else None
    found = hidden[0] if hidden and found is None else found
    if found is None:
        return None
    return _of_equal(found)


def _of_equal(found: ConstantMatrix) -> Finding:
    begin = f"all are {found.value:g}" if found.value is not None else "each has the same"
    return Finding(
        f"The {found.num_units} units of `{found.name}` begin with equal weights ({begin}).",
        "Draw them: `nn.init.xavier_uniform_(weight)`, or `torch.randn(…) * 0.01`.",
        {"units": found.num_units},
        found.name,
    )


def _is_due(evidence: Evidence) -> bool:
    is_torch = isinstance(evidence.optimizer, torch.optim.Optimizer)
    return evidence.step.index in (CHECK_AFTER if is_torch else CHECK_AFTER_OWN)


def _forgotten(evidence: Evidence, tensors: dict[str, Tensor]) -> list[str]:
    """Return the names of the randomly initialized tensors that are not optimized."""
    step = evidence.step
    if not tensors or not _is_due(evidence) or not any(step.updates.values()):
        return []
    waiting, held = still(evidence), {id(p) for p in evidence.optimized}
    used = {id(leaf) for leaf in step.leaves.values()}
    names = [n for n, t in tensors.items() if n in waiting and id(t) in used - held]
    if not names or len(names) == len(with_gradient(step)):
        return []
    found = [tensors[name] for name in names]
    if not are_freshly_initialized(found) or are_in_other_optimizer(found, evidence.optimizer):
        return []
    return names


def _strange_weights(
    evidence: Evidence, calls: list[Call], leaves: dict[str, Tensor]
) -> list[Tensor]:
    """Return the weights used in the calls of a step that are not known parameters."""
    known, own = evidence.names, {id(p) for p in evidence.optimized}
    used = {id(leaf) for leaf in leaves.values()}
    weights: dict[int, Tensor] = {}
    for call in calls:
        if call.name not in WEIGHT_AT or call.is_after_backward:
            continue
        weight = call.argument(WEIGHT_AT[call.name], "weight")
        is_new = id(weight) in used and id(weight) not in known and id(weight) not in own
        if isinstance(weight, nn.Parameter) and is_new:
            weights[id(weight)] = weight
    return list(weights.values())


def _matrices(evidence: Evidence) -> dict[str, Tensor]:
    """Return the leaves of the loss that are matrices or kernels."""
    return {
        name: leaf
        for name, leaf in evidence.step.leaves.items()
        if leaf.ndim >= 2 and leaf.numel() and id(leaf) in evidence.names
    }


def _used_as_weights(calls: list[Call], matrices: dict[str, Tensor]) -> list[str]:
    """Return the names of the matrices used by layers, in the order of their last use."""
    names = {id(m): name for name, m in matrices.items() if min(m.shape[:2]) > 1}
    used: dict[str, None] = {}
    for call in calls:
        position = WEIGHT_AT.get(call.name)
        if position is not None and not call.is_after_backward:
            name = names.get(id(call.argument(position, "weight")))
            if name is not None:
                used.pop(name, None)
                used[name] = None
    return list(used)


CHECKS = (
    Check(
        "layers-in-a-list", When.STEPS, layers_in_a_list,
        "Layers in a plain list",
        "`parameters()` sees only layers that are attributes or in PyTorch's containers, so the "
        "optimizer never gets these.",
        "Exact: in backward pass 3: parameters of layers in a list, tuple or dict have a "
        "gradient, no optimizer of the program holds one, others have moved and they have not, and "
        "they look as they were drawn (see d2l/tutor/weights.py). A teacher kept in a tuple has "
        "no gradient or was trained.",
        "6.1 Layers and modules",
        "self.blocks = [nn.Linear(64, 64) for _ in range(3)]",
        "self.blocks = nn.ModuleList([nn.Linear(64, 64) for _ in range(3)])",
    ),
    Check(
        "parameter-not-registered", When.STEPS, not_registered,
        "A tensor that learns is not a parameter",
        "`parameters()` lists only tensors of the type `nn.Parameter`, so the optimizer never gets "
        "these.",
        "Exact, as for layers-in-a-list.",
        "6.1 Layers and modules",
        "self.W = torch.randn(64, 10, requires_grad=True)",
        "self.W = nn.Parameter(torch.randn(64, 10))",
    ),
    Check(
        "optimizer-of-some-parameters", When.STEPS, some_parameters,
        "The optimizer holds some of the parameters",
        "What the optimizer does not hold keeps its first, random values.",
        "Exact: in backward pass 3 (8 with an optimizer of one's own): registered parameters "
        "have a gradient, no optimizer of the program holds one, others have moved and they have "
        "not, and they look as they were drawn: no large singular value or row, and few changes in "
        "place (see d2l/tutor/weights.py for the spread).",
        "6.2 Parameter management",
        "optimizer = torch.optim.SGD(model.head.parameters(), lr=0.1)",
        "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)",
    ),
    Check(
        "layer-made-in-forward", When.STEPS, made_in_forward,
        "A layer is made in each step",
        "A new layer begins with new random weights, so nothing that it learns is kept.",
        "Exact: in two steps in a row the loss depends on weights (`nn.Parameter`) of linear "
        "layers, convolutions or embeddings that are not the model's, not optimized, and other "
        "objects in each.",
        "6.1 Layers and modules",
        "def forward(self, X):\n    return nn.Linear(64, 10)(self.body(X))",
        "def __init__(self):\n    ...\n    self.head = nn.Linear(64, 10)",
    ),
    Check(
        "weights-all-equal", When.FIRST_BACKWARD, all_equal,
        "All units begin equal",
        "Units that are equal and get equal gradients stay equal: the layer counts as one unit.",
        "Exact: in the first step of a model with two matrices or more: a hidden layer's units "
        "have equal weights, and all are one number that is not 0 or their gradients differ by "
        "less than 1e-4 of their size; or all matrices are so, with gradients within 0.1. A last "
        "layer from zeros has different gradients, and a table of ones is not a layer's weight.",
        "5.4 Numerical stability and initialization",
        "nn.init.constant_(layer.weight, 0.01)",
        "nn.init.xavier_uniform_(layer.weight)",
    ),
)  # fmt: skip
