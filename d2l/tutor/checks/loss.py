"""Checks on the loss itself: its sign, how it is reduced, its logarithms, its graph."""

import math

import torch
from torch import Tensor

from d2l.tutor import tracker
from d2l.tutor.evidence import Call, Check, Evidence, Finding, Step, When
from d2l.tutor.weights import is_freshly_initialized

ROSE = 1.6  # times the loss of the first step: threshold of a summed loss
NAMES = {
    "NllLossBackward0": "cross-entropy",
    "MseLossBackward0": "squared error",
    "LogSoftmaxBackward0": "log-likelihood",
    "LogBackward0": "log-likelihood",
    "BinaryCrossEntropyBackward0": "cross-entropy",
    "BinaryCrossEntropyWithLogitsBackward0": "cross-entropy",
    "PowBackward0": "squared error",
}
LIKELIHOODS = ("LogSoftmaxBackward0", "LogBackward0")


def loss_negated(evidence: Evidence) -> Finding | None:
    """The graph of the loss has the wrong sign: minimizing it makes the error larger."""
    step = evidence.step
    if step.loss is None or not step.loss_value < 0:
        return None
    end = tracker.signed_end(step.loss)
    if end is None or end[0] not in NAMES or _may_climb(evidence):
        return None
    name, sign, node = end
    if sign != (1 if name in LIKELIHOODS else -1) or not _is_of_probabilities(name, node):
        return None
    what = NAMES[name]
    return Finding(
        f"The loss is {step.loss_value:.3g}: "
        + ("a log-likelihood without its minus sign." if sign == 1 else f"a negated {what}."),
        "Put the sign right: `-torch.log(p).mean()`." if sign == 1 else "Leave the minus out.",
        {"loss": step.loss_value},
    )


def _may_climb(evidence: Evidence) -> bool:
    """Whether steps may maximize on purpose; unknown for custom updates."""
    is_own_update = evidence.optimizer is None or isinstance(evidence.optimizer, (list, tuple))
    return is_own_update or evidence.maximizes


def _is_of_probabilities(name: str, node: object) -> bool:
    """Whether a logarithm is that of a softmax or a sigmoid, and not of 1 - p or a density."""
    if name != "LogBackward0":
        return True
    argument = node.next_functions[0][0]  # type: ignore[attr-defined]
    while argument is not None and argument.name() in tracker.SIGN_PRESERVING:
        argument = argument.next_functions[0][0]
    return argument is not None and argument.name() in (
        *("SoftmaxBackward0", "SigmoidBackward0", "DivBackward0"),
    )


def loss_summed(evidence: Evidence) -> Finding | None:
    """The loss is a sum over the batch, and steps of that size make it rise."""
    steps = evidence.steps
    first, step = steps[0], evidence.step
    n = _summed(first) or _summed(step)
    step.summed = step.summed or _summed(step)
    if n is None or len(steps) < 2 or not first.loss_value > 0 or len(_parts(steps)) > 1:
        return None
    if any(not s.summed for s in steps[1:]):
        return None  # a different loss in another pass
    values = [s.loss_value for s in steps]
    has_risen = any(not v < ROSE * first.loss_value for v in values[1:])
    if not has_risen:
        return None
    rate = f" The rate {step.rates[0]:g} acts as {step.rates[0] * n:g}." if step.rates else ""
    return Finding(
        f"The loss is summed over the {n} examples of the batch and rose from "
        f"{first.loss_value:.3g} to {max(values, key=_finite_last):.3g}.{rate}",
        'Average it: `l.mean()`, or `reduction="mean"`.',
        {"examples": n, "first": first.loss_value, "now": step.loss_value},
    )


def _parts(steps: list[Step]) -> set[frozenset[str]]:
    """Return the sets of tensors that losses depend on: a GAN has two losses."""
    return {frozenset(step.leaves) for step in steps if step.leaves}


def _finite_last(value: float) -> float:
    return value if math.isfinite(value) else math.inf


def _summed(step: Step) -> int | None:
    """Return the number of examples that the loss sums, or None."""
    call = step.loss_call
    X = step.X
    num_examples = len(X) if isinstance(X, Tensor) and X.ndim else None
    if call is not None and call.argument(99, "reduction") == "sum":
        target = call.argument(1, "target")
        return len(target) if isinstance(target, Tensor) and target.ndim else None
    if step.loss is None:
        return step.summed
    n = tracker.summed_examples(step.loss)
    step.summed = n if n is not None and n > 1 and n == num_examples else None
    return step.summed


def log_of_zero(evidence: Evidence) -> Finding | None:
    """A logarithm of 0 made the loss infinite or nan."""
    node = _bad_node(evidence, "LogBackward0", "_saved_self", _is_not_positive)
    if node is None:
        return None
    argument, num = node
    is_low = float(argument.detach().nan_to_num(0).min()) < 0
    return Finding(
        f"`torch.log` was given {num} values of 0" + (" or less." if is_low else "."),
        "Use the loss that takes logits (`F.cross_entropy`, "
        "`F.binary_cross_entropy_with_logits`), or `torch.log(p.clamp_min(1e-12))`.",
        {"zeros": num},
    )


def exp_overflow(evidence: Evidence) -> Finding | None:
    """An exponential became infinite."""
    node = _bad_node(evidence, "ExpBackward0", "_saved_result", torch.isinf)
    if node is None:
        return None
    return Finding(
        f"`torch.exp` gave inf for {node[1]} values: float32 ends at exp(88).",
        "Subtract the largest logit of each row first, or use `F.cross_entropy`, which does: "
        "`torch.exp(X - X.max(1, keepdim=True).values)`.",
        {"infinite": node[1]},
    )


def _is_not_positive(tensor: Tensor) -> Tensor:
    return tensor <= 0


def _bad_node(
    evidence: Evidence, name: str, attribute: str, is_bad: object
) -> tuple[Tensor, int] | None:
    """Return the first tensor of functions of that name with bad values, and their number."""
    loss = evidence.step.loss
    if loss is None or loss.grad_fn is None or _inputs_are_bad(evidence.step):
        return None
    for node in tracker.nodes(loss):
        if node.name() == name:
            tensor = tracker.saved(node, attribute)
            if tensor is not None and bool((bad := is_bad(tensor)).any()):  # type: ignore[operator]
                return tensor, int(bad.sum())
    return None


def _inputs_are_bad(step: Step) -> bool:
    batch = step.batch if isinstance(step.batch, (list, tuple)) else ()
    tensors = [t for t in (*step.inputs, *batch) if isinstance(t, Tensor)]
    return any(t.is_floating_point() and not bool(t.isfinite().all()) for t in tensors)


def loss_without_graph(evidence: Evidence) -> Finding | None:
    """The loss is a new tensor without a graph."""
    step = evidence.step
    if step.loss is None or not (step.loss.is_leaf and step.loss.requires_grad) or step.index:
        return None
    return Finding(
        "The loss is a new tensor without a graph, so no parameter gets a gradient.",
        "Return the loss as it was computed, without `.item()`, `float(…)` or `torch.tensor(…)`.",
    )


def graph_cut(evidence: Evidence) -> Finding | None:
    """Parameters get no gradient because a value on their way to the loss was detached."""
    if len(evidence.steps) < 2 or evidence.model is None:
        return None
    steps = evidence.steps
    registered = evidence.parameters
    dead = [n for n in registered if all(s.gradient_norms.get(n) is None for s in steps)]
    alive = [n for n in registered if n not in dead]
    tensors = {id(registered[name]): name for name in dead}
    cuts = ((c, _behind(c, tensors)) for s in steps for c in _cuts(s))
    cut, lost = next(((c, names) for c, names in cuts if names), (None, []))
    if not lost:
        lost = _under_no_grad(evidence, tensors)
    if not alive or not lost:
        return None
    if any(is_freshly_initialized(registered[n]) is False for n in lost):
        return None  # pretrained: frozen on purpose
    name = "torch.no_grad()" if cut is None else "data" if cut.name == "data" else f"{cut.name}()"
    how = f"`{name}`" if cut is None else f"`.{name}`"
    who = lost[0] if len(lost) == 1 else f"{lost[0]} and {len(lost) - 1} more"
    return Finding(
        f"No gradient reaches {who}: {how} cuts the graph on the way to the loss.",
        "Leave it out in `forward` and in the loss, and use PyTorch's functions throughout.",
        {"without gradient": lost},
    )


def _under_no_grad(evidence: Evidence, tensors: dict[int, str]) -> list[str]:
    """The optimizer's parameters were used only where no graph is recorded."""
    held = {id(p) for p in evidence.optimized}
    used: set[int] | None = None
    for step in evidence.steps[-2:]:
        found = {
            id(t)
            for call in step.calls
            if isinstance(call.result, Tensor) and not call.result.requires_grad
            for t in call.tensors()
            if id(t) in tensors and id(t) in held and not call.is_after_backward
        }
        used = found if used is None else used & found
    return [tensors[number] for number in used or ()]


def _cuts(step: Step) -> list[Call]:
    """Return the calls that detach a value which a trainable layer then uses."""
    comes_back = any(_reads_from_outside(step, call) for call in step.calls)
    left = {id(t) for c in step.calls_of("numpy", "__array__", "tolist") for t in c.tensors()}
    found = []
    for call in step.calls_of("detach", "data"):
        through_numpy = comes_back and id(call.result) in left
        if through_numpy or _is_read_by_layer(step, call.result):
            found.append(call)
    return found


def _reads_from_outside(step: Step, call: Call) -> bool:
    """Whether a layer's input comes neither from a PyTorch function nor from the batch."""
    tensors = list(call.tensors())
    if call.is_after_backward:
        return False
    batch = step.batch if isinstance(step.batch, (list, tuple)) else (step.batch,)
    known = {id(t) for t in (*step.inputs, *batch)} | {id(c.result) for c in step.calls}
    if not any(id(t) not in known and not t.requires_grad and t.ndim > 1 for t in tensors):
        return False
    is_layer = any(t.is_leaf and t.requires_grad for t in tensors)
    return is_layer or _is_read_by_layer(step, call.result)


def _behind(call: Call, tensors: dict[int, str]) -> list[str]:
    """Return which of these parameters a detached value depends on."""
    source = next(iter(call.tensors()), None)
    if source is None or source.grad_fn is None:
        return []
    return [tensors[number] for number in tracker.leaves_of(source) if number in tensors]


def _is_read_by_layer(step: Step, result: object, depth: int = 6) -> bool:
    """Whether a result reaches a function with a weight."""
    for call in step.calls:
        if call.is_after_backward or not any(t is result for t in call.tensors()):
            continue
        others = [t for t in call.tensors() if t is not result]
        if any(t.is_leaf and t.requires_grad for t in others) or call.name in ("gru", "lstm"):
            return True
        is_on_the_way = isinstance(call.result, Tensor) and call.name not in ("sub", "mse_loss")
        if depth and is_on_the_way and _is_read_by_layer(step, call.result, depth - 1):
            return True
    return False


_LOSS = "3.1 Linear regression"
CHECKS = (
    Check(
        "loss-negated", When.FIRST_FORWARD, loss_negated,
        title="The loss has the wrong sign",
        why="The optimizer makes the loss smaller, so it would make the error larger.",
        threshold="The value is below 0, and the graph leads through means, sums and minus signs "
        "to a loss function of PyTorch, or to the logarithm of a softmax or sigmoid, with the "
        "wrong sign. Densities, rewards and sums of losses have other graphs.",
        book="4.1 Softmax regression",
        wrong="return torch.log(p[range(len(y)), y]).mean()",
        right="return -torch.log(p[range(len(y)), y]).mean()",
    ),
    Check(
        "loss-summed", When.STEPS, loss_summed,
        title="The loss is summed over the batch",
        why="A sum makes the step as many times larger as there are examples in the batch.",
        threshold="The last function of the loss is a sum over the examples, and one of the first "
        f"losses is more than {ROSE} times the first; a rate that is made for a sum does not.",
        book=_LOSS,
        wrong='F.cross_entropy(y_hat, y, reduction="sum")',
        right="F.cross_entropy(y_hat, y)",
    ),
    Check(
        "exp-overflow", When.NOT_FINITE, exp_overflow,
        title="An exponential overflows",
        why="inf / inf is nan, and every weight becomes nan with it.",
        threshold="The loss is nan or inf, and its graph has an exponential whose result is inf.",
        book="4.5 Concise implementation of softmax regression",
        wrong="X_exp = torch.exp(X)",
        right="X_exp = torch.exp(X - X.max(1, keepdim=True).values)",
    ),
    Check(
        "log-of-zero", When.NOT_FINITE, log_of_zero,
        title="A logarithm of zero",
        why="The logarithm of 0 is minus infinity, and its gradient is not finite either.",
        threshold="The loss is nan or inf, and its graph has a logarithm of numbers that are 0 or "
        "less, while the inputs are finite.",
        book="4.5 Concise implementation of softmax regression",
        wrong="-(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()",
        right="F.binary_cross_entropy_with_logits(y_hat, y)",
    ),
    Check(
        "graph-cut", When.FIRST_FORWARD, loss_without_graph,
        title="The graph is cut",
        why="Parameters before the cut are not trained.",
        threshold="`backward` is called on a tensor that has no graph.",
        book="2.5 Automatic differentiation",
        wrong="l = torch.tensor(l.item(), requires_grad=True)",
        right="l = self.loss(self(X), y)",
    ),
    Check(
        "graph-cut", When.STEPS, graph_cut,
        title="The graph is cut",
        why="Parameters before the cut are not trained.",
        threshold="Parameters that are as they were drawn had no gradient in two steps, others "
        "had one, and a `detach`, `.data`, `numpy` or `item` gave a value to a layer that learns.",
        book="2.5 Automatic differentiation",
        wrong="return self.head(self.body(X).detach())",
        right="return self.head(self.body(X))",
    ),
)  # fmt: skip
