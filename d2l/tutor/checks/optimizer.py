"""Checks on the optimizer: its parameters, the time of its steps, the use of gradients."""

from typing import Any

import torch
from torch import Tensor, nn

from d2l.tutor.evidence import Call, Check, Evidence, Finder, Finding, Step, When
from d2l.tutor.weights import are_rates_zero, has_unknown_leaves, moved, with_gradient

LOOP = "3.4 Linear regression implementation from scratch"
MIN_PASSES = 3  # backward passes in which the same has to be seen


def other_tensors(evidence: Evidence) -> Finding | None:
    """The optimizer has no parameter of the model, and the loss depends on none of its own."""
    model, step = evidence.model, evidence.step
    held = {id(p) for p in evidence.optimized}
    if model is None or not held or step.index < 1 or len(evidence.steps) < 2:
        return None
    own = {id(p) for p in nn.Module.parameters(model)}
    if held & own or any(id(leaf) in held for s in _newest(evidence) for leaf in s.leaves.values()):
        return None
    learns = {n for n, p in evidence.parameters.items() if n in with_gradient(step)}
    if not learns or has_unknown_leaves(evidence) or moved(evidence) & set(step.leaves):
        return None
    return Finding(
        f"None of the {len(held)} tensors of the optimizer is a parameter of the model, and none "
        f"of the model's {len(own)} parameters has moved.",
        f"Make it from this model, once the model is complete: `{_made(evidence.optimizer)}`.",
        {"held": len(held), "of the model": 0, "moved": 0},
    )


def no_step(evidence: Evidence) -> Finding | None:
    """Gradients are computed and cleared, and nothing changes."""
    step = evidence.step
    if not _are_still(evidence) or _num_steps_made(evidence) or has_unknown_leaves(evidence):
        return None
    cleared = [s for s in evidence.steps if s.cleared]
    if step.index < MIN_PASSES - 1 or len(cleared) < MIN_PASSES - 1:
        return None
    newest = _newest(evidence)
    if any(_has_update(s) or any(_is_rebinding(c, s) for c in s.calls) for s in newest):
        return None
    is_own = not isinstance(evidence.optimizer, torch.optim.Optimizer)
    fix = "Call `optimizer.step()` after `loss.backward()`, in each batch."
    if is_own:
        fix = "After `loss.backward()` change each one in place: `param -= lr * param.grad`."
    return Finding(
        f"After {step.index + 1} backward passes none of the {len(step.gradient_norms)} tensors "
        "that learn has moved, and their gradients were cleared unused.",
        fix,
        {"passes": step.index + 1, "moved": 0, "steps of the optimizer": 0},
    )


def not_in_place(evidence: Evidence) -> Finding | None:
    """Parameters do not change, but updated values are computed and bound to a new name."""
    step = evidence.step
    if step.index < 1 or not _are_still(evidence) or _num_steps_made(evidence):
        return None
    calls = [[c for c in s.calls if _is_rebinding(c, s)] for s in _newest(evidence)]
    if len(calls) < 2 or not all(calls):
        return None
    return Finding(
        f"After {step.index + 1} updates every parameter has its first value: the update "
        "computes a new tensor and binds it to a name.",
        "Change the parameter itself: `param -= lr * param.grad` instead of "
        "`param = param - lr * param.grad`.",
        {"updates": step.index + 1, "moved": 0},
    )


def step_before_backward(evidence: Evidence) -> Finding | None:
    """Each optimizer step is taken before the backward pass, the first without gradients."""
    steps = evidence.steps
    if len(steps) < MIN_PASSES or steps[0].index != 0 or not steps[0].num_early_empty_steps:
        return None
    if not all(s.num_early_steps and not s.num_optimizer_steps for s in steps):
        return None
    empty = sum(s.num_early_empty_steps for s in steps)
    return Finding(
        f"The optimizer steps before the backward pass: of its first {len(steps)} steps "
        f"{empty} found no gradient.",
        "The order in a batch is `optimizer.zero_grad()`, `loss.backward()`, `optimizer.step()`.",
        {"steps": len(steps), "without a gradient": empty},
    )


def cleared_before_step(evidence: Evidence) -> Finding | None:
    """The backward pass computes gradients, but the following step finds none."""
    if len(evidence.steps) < MIN_PASSES:
        return None
    if isinstance(evidence.optimizer, torch.optim.Optimizer):
        held = {id(p) for p in evidence.optimized}
        names = {n for n, p in evidence.step.leaves.items() if id(p) in held}
        for step in evidence.steps:
            is_empty = 0 < step.num_optimizer_steps == step.num_empty_steps
            if not is_empty or not names & with_gradient(step):
                return None
    elif not _are_still(evidence) or not all(map(_has_update, _newest(evidence))):
        return None
    return Finding(
        f"The backward pass gives gradients, but in each of {len(evidence.steps)} batches they "
        "were cleared before the optimizer's step.",
        "Clear them before the backward pass: `optimizer.zero_grad()`, `loss.backward()`, "
        "`optimizer.step()`.",
        {"steps": len(evidence.steps), "without a gradient": len(evidence.steps)},
    )


def no_zero_grad(evidence: Evidence) -> Finding | None:
    """Each backward pass adds to gradients that a step has already used."""
    newest = _newest(evidence)
    if len(newest) < 2 or newest[0].index + 1 != newest[1].index:
        return None
    shares = []
    for step in newest:
        used = {n for n in with_gradient(step) if step.updates.get(n)}
        if not used:
            return None
        shares.append(len(used & step.stale) / len(used))
    if min(shares) < 0.5:
        return None
    step, has_method = newest[1], hasattr(evidence.optimizer, "zero_grad")
    fix = "Call `optimizer.zero_grad()` before `loss.backward()`, in each batch."
    if has_method and not isinstance(evidence.optimizer, torch.optim.Optimizer):
        fix = "Clear them in each batch; in your `zero_grad` write `param.grad.zero_()`."
    return Finding(
        f"In backward pass {step.index + 1} the gradients of {len(step.stale)} of "
        f"{len(step.gradient_norms)} parameters were added to those of the batch before, "
        "which a step had used.",
        fix,
        {"not cleared": len(step.stale), "parameters": len(step.gradient_norms)},
    )


def uphill(evidence: Evidence) -> Finding | None:
    """An update follows the gradient of an error, which should be minimized."""
    newest = _newest(evidence)
    if [step.index for step in newest] != [
        0,
        1,
    ]:  # with momentum, later steps may go uphill
        return None
    for step in newest:
        known = step.gradient_cosines
        cosines = [known[n] for n in with_gradient(step) if known.get(n)]
        if not cosines or not min(cosines) >= MAX_UPHILL or not _is_an_error(step):
            return None
    return Finding(
        f"Each update goes along the gradient: the cosine between the two is "
        f"{min(newest[-1].gradient_cosines.values()):.2f}, where it should be -1, and the loss "
        f"rises.",
        "Subtract: `param -= lr * param.grad`"
        + (", and leave `maximize=True` out." if evidence.maximizes else "."),
        {"cosine": min(newest[-1].gradient_cosines.values())},
    )


MAX_UPHILL = 0.99


def _newest(evidence: Evidence) -> list[Step]:
    """Return the two newest steps, whose calls and leaves are stored."""
    return evidence.steps[-2:]


def _are_still(evidence: Evidence) -> bool:
    """Whether there are gradients, but no trainable tensor has changed."""
    step = evidence.step
    if any(step.updates.values()) or not with_gradient(step):
        return False
    return not moved(evidence) and not are_rates_zero(evidence)


def _num_steps_made(evidence: Evidence) -> int:
    return sum(s.num_optimizer_steps + s.num_early_steps for s in evidence.steps)


def _has_update(step: Step) -> bool:
    """Whether parameters were changed in place after the backward pass."""
    return any(
        call.is_after_backward
        and call.name in {"sub_", "add_", "copy_", "__isub__", "__iadd__"}
        and bool(call.args)
        and (_shares_memory(call.args[0], step))
        for call in step.calls
    )


def _shares_memory(tensor: Any, step: Step) -> bool:
    """Whether a tensor is a parameter, or its `data`."""
    if not isinstance(tensor, Tensor) or tensor.layout is not torch.strided:
        return False
    return any(
        tensor is leaf or (tensor.shape == leaf.shape and _address(tensor) == _address(leaf) != 0)
        for leaf in step.leaves.values()
        if leaf.layout is torch.strided
    )


def _address(tensor: Tensor) -> int:
    return tensor.data_ptr() if type(tensor) in (Tensor, nn.Parameter) else 0


def _is_rebinding(call: Call, step: Step) -> bool:
    """Whether a call after the backward pass computes a new value of a parameter."""
    if not call.is_after_backward or call.name not in {"sub", "add", "subtract", "rsub"}:
        return False
    return bool(call.args) and _shares_memory(call.args[0], step)


def _is_an_error(step: Step) -> bool:
    """Whether a loss is the result of a loss function, or a mean of squares."""
    call, loss = step.loss_call, step.loss
    if call is not None and isinstance(call.result, Tensor):
        mean = float(call.result.detach().float().mean())
        return step.loss_value >= 0 and abs(mean - step.loss_value) <= 1e-5 * abs(mean)
    node: Any = None if loss is None else loss.grad_fn
    for _ in range(5):
        name = type(node).__name__
        if name.startswith("Pow"):
            return step.loss_value >= 0
        if node is None or not name.startswith(("Mean", "Sum", "Div", "Mul")):
            return False
        node = node.next_functions[0][0] if node.next_functions else None
    return False


def _made(optimizer: Any) -> str:
    kind = type(optimizer).__name__
    kind = f"torch.optim.{kind}" if isinstance(optimizer, torch.optim.Optimizer) else kind
    return f"{kind}(model.parameters(), lr=…)"


def _check(kind: str, find: Finder, title: str, why: str, threshold: str, code: tuple[str, str]
           ) -> Check:  # fmt: skip
    return Check(kind, When.STEPS, find, title, why, threshold, LOOP, *code)


CHECKS = (
    _check(
        "optimizer-of-other-tensors", other_tensors,
        "The optimizer holds other tensors than the model's",
        "What it steps is not what the loss depends on, so the model cannot learn.",
        "Exact: in the second backward pass: no tensor of the optimizer is one of the model or "
        "a leaf of the loss, all leaves are known, and none has moved. Correct programs: 0 of 161.",
        ("optimizer = torch.optim.SGD(net.parameters(), lr=0.1)\nnet = make_net()",
         "net = make_net()\noptimizer = torch.optim.SGD(net.parameters(), lr=0.1)"),
    ),
    _check(
        "update-not-in-place", not_in_place, "The update creates new tensors",
        "The model uses its own tensors, which are unchanged.",
        "Exact: nothing has moved, and in two steps a difference or sum of a parameter was "
        "computed after the backward pass. Correct programs: all of them move something.",
        ("for param in params:\n    param = param - lr * param.grad",
         "for param in params:\n    param -= lr * param.grad"),
    ),
    _check(
        "step-before-backward", step_before_backward, "The optimizer steps before the gradient",
        "A step uses the gradients that are there; those of this batch come with `backward`.",
        "Exact: in three backward passes and more each step came before, none after, and the "
        "first found no gradient. Correct programs step after the backward pass.",
        ("optimizer.zero_grad()\noptimizer.step()\nloss.backward()",
         "optimizer.zero_grad()\nloss.backward()\noptimizer.step()"),
    ),
    _check(
        "gradients-cleared-before-step", cleared_before_step,
        "Gradients are cleared before the step",
        "A step without gradients changes nothing.",
        "Exact: in three backward passes and more the loss gave gradients, and each step of the "
        "optimizer found none. Correct programs: 0 of 161 have such a step.",
        ("loss.backward()\noptimizer.zero_grad()\noptimizer.step()",
         "optimizer.zero_grad()\nloss.backward()\noptimizer.step()"),
    ),
    _check(
        "no-step", no_step, "The optimizer never steps",
        "Gradients give the direction; only the optimizer's step changes the parameters.",
        "Exact: three backward passes, no tensor has moved, the optimizer made no step, and the "
        "gradients were cleared in between, which accumulating over batches does not do.",
        ("loss.backward()", "loss.backward()\noptimizer.step()"),
    ),
    _check(
        "no-zero-grad", no_zero_grad, "Gradients are not cleared",
        "PyTorch adds each gradient to the one that is there, so steps follow the sum of all.",
        "Exact: in two steps in a row: half or more of the tensors that moved had kept, bit by "
        "bit, a gradient which the step before had used. Correct programs: none has one such step, "
        "those that accumulate, use closures or two optimizers included.",
        ("loss.backward()\noptimizer.step()",
         "optimizer.zero_grad()\nloss.backward()\noptimizer.step()"),
    ),
    _check(
        "update-uphill", uphill, "The update adds the gradient",
        "The gradient points in the direction in which the loss grows; a step goes the other way.",
        "In the first two steps the cosine of every update and its gradient is 0.99 or more, and "
        "the loss is what a loss function or a mean of squares returned. Then every optimizer of "
        "PyTorch has a negative cosine; later on momentum may climb.",
        ("param += lr * param.grad", "param -= lr * param.grad"),
    ),
)  # fmt: skip
