"""Errors of the backward pass and of updates: what the graph of the loss cannot do."""

import re

from torch import Tensor, nn

from d2l.core.unregistered import named_unregistered_tensors
from d2l.tutor.evidence import Call, Check, Finding, When
from d2l.tutor.failure import Failure, finder_of, shape_of, tensors_in

_OPERATORS = {"add_": "+=", "sub_": "-=", "mul_": "*=", "div_": "/=", "__setitem__": "[…] ="}
_OPERATORS |= {"__iadd__": "+=", "__isub__": "-=", "__imul__": "*=", "__itruediv__": "/="}
_COMPARISONS = frozenset({"eq", "ne", "gt", "lt", "ge", "le", "__eq__", "__ne__", "isclose"})
_CUTS = frozenset({"argmax", "argmin", "argsort", "detach", "round", "long", "int", "bool", "item"})


def _update(failure: Failure) -> Finding | None:
    if not failure.matches("leaf Variable that requires grad", "in-place operation"):
        return None
    call = failure.call
    changed = call.args[0] if call is not None and call.args else None
    if not isinstance(changed, Tensor) or not changed.requires_grad or not changed.is_leaf:
        return None
    assert call is not None
    name = failure.layer_of(changed) or "a tensor"
    if name.endswith(")"):  # a layer: name its tensor
        name = f"a parameter of {name}"
    written = f"`{_OPERATORS[call.name]}`" if call.name in _OPERATORS else f"`{call.name}`"
    seen = f"{written} changes {name}, of shape {shape_of(changed)}, outside `torch.no_grad()`."
    where = "the update" if changed.grad is not None else "it"
    fix = f"Put {where} into `with torch.no_grad():`."
    return Finding(seen, fix, {"shape": tuple(changed.shape)}, name)


def _loss(failure: Failure) -> Tensor | None:
    """Return the loss whose backward pass failed."""
    call = failure.call_of("backward")
    if call is not None:
        return call.args[0] if isinstance(call.args[0], Tensor) else None
    steps = reversed(failure.evidence.steps)
    return next((step.loss for step in steps if step.loss is not None), None)


def _not_differentiable(failure: Failure) -> Finding | None:
    if not failure.matches("does not require grad and does not have a grad_fn"):
        return None
    model = failure.model
    learns = model is None or any(p.requires_grad for p in model.parameters())
    has_parameters = model is not None and any(True for _ in model.parameters())
    if has_parameters and not learns:
        seen = "The loss depends on nothing that learns: every parameter has requires_grad=False."
        return Finding(seen, "Leave those to be trained at `requires_grad=True`.", {})
    cut = _cut(failure)
    if cut is None:
        seen = (
            "The loss has no grad_fn: it does not depend on the parameters in a "
            "way that PyTorch knows."
        )
        fix = (
            "Compute it with PyTorch from the outputs: no `.item()`, NumPy, `detach` or `no_grad`."
        )
        return Finding(seen, fix, {})
    what, fix = cut
    return Finding(f"The loss has no grad_fn: {what}.", fix, {})


def _cut(failure: Failure) -> tuple[str, str] | None:
    """Return what cut the graph between the parameters and the loss, and the fix."""
    calls = failure.step.calls if failure.step is not None else []
    makers = {id(call.result): call for call in calls if isinstance(call.result, Tensor)}
    waiting, seen = [_loss(failure)], set()
    while waiting:
        tensor = waiting.pop()
        call = makers.get(id(tensor))
        if call is None or id(call) in seen:
            continue
        seen.add(id(call))
        if any(t.requires_grad for t in call.tensors()):
            return _words_of(call)
        waiting += list(call.tensors())
    return None


def _words_of(call: Call) -> tuple[str, str] | None:
    result, name = call.result, call.name
    if name in _COMPARISONS:
        return f"`{name}`, a comparison, gives true or false", "Use a loss such as cross-entropy."
    if name in ("argmax", "argmin", "argsort"):
        return f"`{name}` gives positions, which do not change smoothly", (
            "Give the outputs themselves to a loss such as cross-entropy."
        )
    if name in ("detach", "data"):
        return f"`.{name}` cuts it off from the parameters", f"Leave out `.{name}`."
    if not result.is_floating_point():
        return f"`{name}` gives whole numbers", "Keep the numbers float up to the loss."
    if name not in _CUTS and any(t.is_leaf and t.requires_grad for t in call.tensors()):
        return f"`{name}` was called under `torch.no_grad()`", (
            "Compute outputs and loss outside of `torch.no_grad()`."
        )
    return None


def _in_place(failure: Failure) -> Finding | None:
    if not failure.matches("modified by an inplace operation"):
        return None
    found = re.search(
        r"\[[\w.]+ \[([\d, ]*)\]\].*?output \d+ of (\w+?)(?:Backward\d*)?,", failure.message
    )
    shape = tuple(int(n) for n in found[1].split(",") if n.strip()) if found else None
    maker = found[2] if found else ""
    numbers = {"shape": shape, "needed_by": maker}
    called = _calls_in_place(failure, shape)
    if called is not None:
        operator = (
            f"`{_OPERATORS[called.name]}`" if called.name in _OPERATORS else f"`{called.name}`"
        )
        seen = f"{operator} changed a tensor of shape {shape} in place"
        seen += f", the result of {maker}." if maker not in ("", "AsStrided") else "."
        simple = _OPERATORS.get(called.name, "")
        fix = "Write `H = H + …` for `H += …`." if simple == "+=" else "Make a new tensor instead"
        if simple != "+=":
            fix += ", e.g. with `torch.where` or `torch.clamp`." if "[" in simple else "."
        return Finding(seen, fix, numbers)
    if shape is not None and _is_shape_of_parameter(failure, shape):
        seen = f"A weight of shape {shape} was changed between the forward pass and `backward`."
        return Finding(
            seen, "Call `optimizer.step()` after the last `backward` that needs it.", numbers
        )
    seen = f"A tensor of shape {shape} that the backward pass needs was changed in place."
    return Finding(seen, "Make a new tensor instead: `H = H + 1` for `H += 1`.", numbers)


def _calls_in_place(failure: Failure, shape: tuple[int, ...] | None) -> Call | None:
    """Return the last in-place call on a tensor of that shape, parameters excluded."""
    calls = failure.step.calls if failure.step is not None else []
    found = None
    for call in calls:
        changed = call.args[0] if call.args else None
        is_in_place = call.name in _OPERATORS or bool(re.fullmatch(r"[a-z]\w*[a-z\d]_", call.name))
        is_in_place = is_in_place or call.kwargs.get("inplace") is True
        if (
            is_in_place
            and isinstance(changed, Tensor)
            and not (changed.is_leaf and changed.requires_grad)
            and (shape is None or tuple(changed.shape) == shape)
        ):
            found = call
    return found


def _is_shape_of_parameter(failure: Failure, shape: tuple[int, ...]) -> bool:
    tensors = [] if failure.model is None else list(nn.Module.parameters(failure.model))
    return any(
        tuple(p.shape) in (shape, shape[::-1]) for p in (*tensors, *failure.evidence.optimized)
    )


def _twice(failure: Failure) -> Finding | None:
    if not failure.matches("backward through the graph a second time"):
        return None
    states = _states(failure)
    if states:
        name, tensor = states
        seen = (
            f"`self.{name}`, of shape {shape_of(tensor)}, still has the graph of the batch before."
        )
        fix = f"Write `self.{name} = self.{name}.detach()` before it is used again."
        return Finding(seen, fix, {"shape": tuple(tensor.shape)}, name)
    loss = _loss(failure)
    earlier = [step.loss for step in failure.evidence.steps if step.loss is not None]
    if loss is not None and sum(other is loss for other in earlier) > 1:
        seen = "`backward` was called twice on the same loss."
        return Finding(seen, "Compute the loss in each step, and call `backward` once.", {})
    seen = "The loss depends on a tensor whose graph was used by an earlier `backward`."
    fix = "Compute it again in each step; `.detach()` a state that is kept from batch to batch."
    return Finding(seen, fix, {})


def _states(failure: Failure) -> tuple[str, Tensor] | None:
    model = failure.model
    if model is None:
        return None
    named = named_unregistered_tensors(model)
    return next(((name, t) for name, t in named if t.grad_fn is not None), None)


def _not_reduced(failure: Failure) -> Finding | None:
    if not failure.matches("grad can be implicitly created only for scalar outputs"):
        return None
    loss = _loss(failure)
    if loss is None or loss.numel() == 1:
        return None
    seen = f"The loss has shape {shape_of(loss)}, a number for each of {loss.numel()} elements."
    return Finding(seen, "Average it: `l.mean().backward()`.", {"shape": tuple(loss.shape)})


def _not_leaf(failure: Failure) -> Finding | None:
    if not failure.matches("can't optimize a non-leaf Tensor"):
        return None
    local = [t for frame in failure.frames for t in tensors_in(frame.f_locals.values())]
    tensor = next((t for t in local if not t.is_leaf), None)
    shape = f" of shape {shape_of(tensor)}" if tensor is not None else ""
    seen = f"The optimizer was given a tensor{shape} that is computed from another one."
    fix = "Write `(0.01 * torch.randn(2, 1)).requires_grad_()`, or wrap it in `nn.Parameter(…)`."
    return Finding(seen, fix, {})


CHECKS = (
    Check(
        kind="update-without-no-grad",
        when=When.ERROR,
        find=finder_of(_update),
        title="Parameters are changed in place while PyTorch records",
        why="PyTorch would have to differentiate the change itself.",
        threshold="PyTorch reports that a leaf that requires grad is changed in place.",
        book="3.4 Linear regression implementation from scratch",
        wrong="l.backward()\nw -= lr * w.grad",
        right="l.backward()\nwith torch.no_grad():\n    w -= lr * w.grad",
    ),
    Check(
        kind="loss-not-differentiable",
        when=When.ERROR,
        find=finder_of(_not_differentiable),
        title="The loss is cut off from the parameters",
        why="Without a gradient, no parameter can be improved.",
        threshold="PyTorch reports that the loss has no grad_fn; the recorded calls say where it "
        "ends.",
        book="2.5 Automatic differentiation",
        wrong="l = (y_hat.argmax(1) != y).float().mean()",
        right="l = F.cross_entropy(y_hat, y)",
    ),
    Check(
        kind="in-place-change",
        when=When.ERROR,
        find=finder_of(_in_place),
        title="A tensor that the backward pass needs was changed in place",
        why="The backward pass computes with the values of the forward pass, which are gone.",
        threshold="PyTorch reports this error; the call in place is one on a tensor of the shape "
        "it names.",
        book="2.5 Automatic differentiation",
        wrong="H = torch.sigmoid(X @ W)\nH += 1",
        right="H = torch.sigmoid(X @ W)\nH = H + 1",
    ),
    Check(
        kind="backward-twice",
        when=When.ERROR,
        find=finder_of(_twice),
        title="The backward pass goes through a graph a second time",
        why="The values that a backward pass needs are freed once it is done.",
        threshold="PyTorch reports this error; a state is named where the model holds a tensor "
        "with a "
        "grad_fn.",
        book="9.5 Recurrent neural network implementation from scratch",
        wrong="Y, self.state = self.rnn(X, self.state)",
        right="Y, state = self.rnn(X, self.state)\nself.state = state.detach()",
    ),
    Check(
        kind="loss-not-reduced",
        when=When.ERROR,
        find=finder_of(_not_reduced),
        title="The loss is not one number",
        why="Gradients are defined for a single number.",
        threshold="`backward` was called on a tensor of several elements without a gradient.",
        book="2.5 Automatic differentiation",
        wrong='l = F.cross_entropy(y_hat, y, reduction="none")',
        right="l = F.cross_entropy(y_hat, y)",
    ),
    Check(
        kind="parameter-not-leaf",
        when=When.ERROR,
        find=finder_of(_not_leaf),
        title="A parameter is the result of a computation",
        why="Gradients are kept for tensors that were made directly, not for results.",
        threshold="PyTorch's optimizer reports a tensor that is not a leaf.",
        book="3.4 Linear regression implementation from scratch",
        wrong="w = torch.randn(2, 1, requires_grad=True) * 0.01",
        right="w = (torch.randn(2, 1) * 0.01).requires_grad_()",
    ),
)
