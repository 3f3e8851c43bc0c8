"""Track parameters, gradients, graphs and evaluations of an observed program."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from d2l.core.unregistered import named_unregistered_layers, named_unregistered_tensors
from d2l.tutor.evidence import Call, Evidence, Step

MIN_PASSES = 4  # without a call under `no_grad`; steps that compute targets have one each


class Evaluation:
    """Tracks the calls of a model under `no_grad` until one is an evaluation.

    An evaluation is a call of the model, on inputs other than those of the previous step, after
    `MIN_PASSES` passes without such a call. It ends with the next training step or the program.
    Repeated calls on the same input sample on purpose (Monte Carlo dropout) and do not count.
    """

    def __init__(self) -> None:
        self._last_passes = 0
        self._inputs: tuple[Any, ...] | None = None
        self._is_repeated = False
        self._is_done = False

    def called(
        self,
        evidence: Evidence,
        num_passes: int,
        inputs: tuple[Any, ...],
        learned: tuple[Any, ...],
        calls: list[Call],
    ) -> None:
        """Record a call of the model; `learned` are the inputs of the previous step."""
        num_between, self._last_passes = num_passes - self._last_passes, num_passes
        if self._is_done or evidence.model is None:
            return
        if self._inputs is not None:
            self._is_repeated |= _are_equal(inputs, self._inputs)
        elif num_between >= MIN_PASSES and not _are_equal(inputs, learned):
            self._inputs = inputs
            evidence.evaluated_in = {n for n, m in evidence.model.named_modules() if m.training}
            evidence.validation_calls = calls

    def is_over(self) -> bool:
        """Whether an evaluation has ended; True only once."""
        if self._inputs is None or self._is_done:
            return False
        self._inputs, self._is_done = None, not self._is_repeated
        self._is_repeated = False
        return self._is_done


def _are_equal(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether the first inputs are the same tensor, or equal ones."""
    if not one or not other or not isinstance(one[0], Tensor) or not isinstance(other[0], Tensor):
        return False
    a, b = one[0], other[0]
    return a is b or (a.shape == b.shape and a.device == b.device and torch.equal(a, b))


MAX_NODES = 20_000  # visited at most
SIGN_PRESERVING = frozenset(  # functions that preserve the sign of their input
    {"MeanBackward0", "MeanBackward1", "SumBackward0", "SumBackward1", "ViewBackward0"}
    | {"SqueezeBackward0", "SqueezeBackward1", "IndexBackward0", "GatherBackward0"}
    | {"UnsqueezeBackward0", "ReshapeAliasBackward0", "SelectBackward0", "DiagonalBackward0"}
    | {"CloneBackward0", "DiagonalBackward", "ToCopyBackward0"}
)


def nodes(loss: Tensor) -> Iterator[Any]:
    """Yield the nodes of the graph of a loss, last function first."""
    waiting: list[Any] = [loss.grad_fn]
    seen: set[Any] = set()
    while waiting and len(seen) < MAX_NODES:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        yield node
        waiting += [child for child, _ in node.next_functions]


def leaves_of(loss: Tensor) -> dict[int, Tensor]:
    """Return the leaf tensors of a loss, by id."""
    if loss.grad_fn is None:
        return {id(loss): loss} if loss.requires_grad else {}
    ends = (node.variable for node in nodes(loss) if hasattr(node, "variable"))
    return {id(leaf): leaf for leaf in ends}


def signed_end(loss: Tensor) -> tuple[str, int, Any] | None:
    """Return the first function of a loss that is not a mean, sum, selection or negation.

    Returns its name, 1 or -1 by the number of negations passed, and its node.
    """
    node, sign = loss.grad_fn, 1
    while node is not None:
        name = node.name()
        if name == "NegBackward0":
            sign = -sign
        elif name not in SIGN_PRESERVING:
            return name, sign, node
        node = node.next_functions[0][0] if node.next_functions else None
    return None


def summed_examples(loss: Tensor) -> int | None:
    """Return the number of examples that a loss sums, if its last function is a sum."""
    node = loss.grad_fn
    while node is not None and node.name() in ("NegBackward0", "ToCopyBackward0", "ViewBackward0"):
        node = node.next_functions[0][0]
    if node is None or node.name() != "SumBackward0":
        return None
    sizes = getattr(node, "_saved_self_sym_sizes", None)
    return int(sizes[0]) if sizes else None


def saved(node: Any, name: str) -> Tensor | None:
    """Return a tensor that a node saved for its backward pass, or None once it was freed."""
    try:
        value = getattr(node, name, None)
    except RuntimeError:
        return None
    return value if isinstance(value, torch.Tensor) else None


MAX_ELEMENTS = 2**22  # per tensor; of larger ones a part is compared


@dataclass
class Snapshot:
    """Values and norm of a tensor before a step."""

    tensor: Tensor
    values: Tensor
    norm: float


class Tracker:
    """Tracks the trainable tensors of a program from one backward pass to the next."""

    def __init__(self, model: nn.Module | None, optimized: list[Tensor]) -> None:
        self.names: dict[int, str] = {}
        self._tensors: dict[str, Tensor] = {}
        self._before: dict[str, Snapshot] = {}
        self._used: dict[str, tuple[Tensor, Tensor]] = {}  # gradients of the previous step
        self._model, self._optimized = model, optimized
        self.complete()

    def complete(self) -> None:
        """Track the tensors that had no shape yet."""
        tensors = [*named_tensors(self._model), *_numbered(self._optimized)]
        self.is_complete = not any(is_lazy(tensor) for _, tensor in tensors)
        for name, tensor in tensors:
            self.add(name, tensor)

    def add(self, name: str, tensor: Tensor) -> None:
        """Track one more trainable tensor."""
        if id(tensor) not in self.names and tensor.is_leaf and not is_lazy(tensor):
            self.names[id(tensor)] = name
            self._tensors[name] = tensor

    @torch.no_grad()
    def before_backward(self, step: Step) -> None:
        """Record which gradients are stale or cleared, and store the values of the tensors."""
        stale, cleared = [], []
        for name, (grad, values) in self._used.items():
            tensor = self._tensors[name]
            has_moved = name in self._before and _update(self._before[name]) > 0
            if not bool(values.any()):
                continue
            if not has_moved and (tensor.grad is None or not bool(tensor.grad.any())):
                cleared.append(name)
            elif has_moved and tensor.grad is not None and tensor.grad.shape == grad.shape:
                stale += [name] if torch.equal(_part(tensor.grad), values) else []
        step.stale, step.cleared = frozenset(stale), frozenset(cleared)
        self._before = {n: _snapshot(t) for n, t in self._tensors.items() if _is_dense(t)}
        step.norms = {name: snapshot.norm for name, snapshot in self._before.items()}

    @torch.no_grad()
    def after_backward(self, step: Step) -> None:
        """Record the norms of the gradients."""
        self._used = {}
        for name, tensor in self._tensors.items():
            grad = tensor.grad
            if grad is None or not _is_dense(grad):
                step.gradient_norms[name] = None
                continue
            step.gradient_norms[name] = float(grad.float().norm())
            self._used[name] = grad, _part(grad).clone()

    @torch.no_grad()
    def after_step(self, step: Step) -> None:
        """Record how much each tensor has changed since `before_backward`, and the direction."""
        step.updates = {name: _update(snapshot) for name, snapshot in self._before.items()}
        for name, (_, grad) in self._used.items():
            if step.updates.get(name, 0) > 0 and not math.isnan(step.updates[name]):
                step.gradient_cosines[name] = _cosine(self._before[name], grad)

    def forget(self) -> None:
        """Discard stored gradients and values after steps that were not observed."""
        self._used, self._before = {}, {}


def named_tensors(model: nn.Module | None) -> Iterator[tuple[str, Tensor]]:
    """Yield all trainable tensors of a model with names, registered or not."""
    if model is None:
        return
    yield from ((n, p) for n, p in nn.Module.named_parameters(model) if p.requires_grad)
    yield from named_hidden_parameters(model)
    yield from ((n, t) for n, t in named_unregistered_tensors(model) if t.requires_grad)


def named_hidden_parameters(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield parameters of layers in a plain list, tuple or dict of the model."""
    known = {id(p) for p in nn.Module.parameters(model)}
    for name, layer in named_unregistered_layers(model):
        if "._" in f".{name}":  # private attributes
            continue
        for n, p in nn.Module.named_parameters(layer):
            if id(p) not in known:
                known.add(id(p))
                yield f"{name}.{n}", p


def _numbered(tensors: list[Tensor]) -> Iterator[tuple[str, Tensor]]:
    return ((f"params[{i}]", tensor) for i, tensor in enumerate(tensors) if tensor.requires_grad)


def _is_dense(tensor: Tensor) -> bool:
    return tensor.layout is torch.strided and tensor.device.type != "meta"


def _part(tensor: Tensor) -> Tensor:
    """Return all of a tensor, or evenly spaced elements of a large one."""
    flat = tensor.detach().reshape(-1)
    return flat if len(flat) <= MAX_ELEMENTS else flat[:: len(flat) // MAX_ELEMENTS + 1]


def _snapshot(tensor: Tensor) -> Snapshot:
    values = _part(tensor).clone()
    return Snapshot(tensor, values, float(values.float().norm()))


def _update(snapshot: Snapshot) -> float:
    """Return the relative change of a tensor since the snapshot."""
    new = _part(snapshot.tensor)
    if new.shape != snapshot.values.shape:
        return math.inf
    change = float((new - snapshot.values).float().norm())
    if change == 0:
        return 0.0
    return change / snapshot.norm if snapshot.norm else math.inf


def _cosine(snapshot: Snapshot, grad: Tensor) -> float:
    """Return the cosine of the angle between a change and a gradient; 0 if unknown."""
    new = _part(snapshot.tensor)
    if not new.shape == snapshot.values.shape == grad.shape:
        return 0.0
    change, grad = (new - snapshot.values).float(), grad.float()
    size = float(change.norm() * grad.norm())
    return float(change @ grad) / size if size else 0.0
