"""Checks on the flow of values and gradients: mixed examples, dead units, vanishing gradients."""

import math

import torch
from torch import Tensor, nn

from d2l.tutor.evidence import Call, Check, Evidence, Finding, Step, When

DEAD_SHARE = 0.9  # of a layer's units that were active for no example
DEAD_EXAMPLES = 48
DEAD_UNITS = 8
VANISHED = 2.5e-4  # of the last layer: correct programs have 1.8e-3 and more, eight sigmoids 1.7e-4
RESHAPES = ("reshape", "view", "unflatten")
NORMS = (nn.modules.batchnorm._BatchNorm,)


def reshape_for_transpose(evidence: Evidence) -> Finding | None:
    """A reshape is used to swap two axes of a batch, which mixes the elements."""
    step = evidence.step
    X = step.X
    if X is None or X.ndim < 2:
        return None
    for call in step.calls_of(*RESHAPES):
        source = next(iter(call.tensors()), None)
        if source is None or not isinstance(call.result, Tensor) or _is_weight(source):
            continue
        before, after = list(source.shape), list(call.result.shape)
        if _swaps_axes(before, after) and len(X) in before[:2] and _leads_on(step, call):
            return Finding(
                f"`{call.name}` turned shape {tuple(before)} into {tuple(after)}: the numbers of "
                f"{'different examples' if before[0] != after[0] else 'each example'} are mixed.",
                f"Swap axes with `{_transpose(before, after)}`.",
                {"before": before, "after": after},
            )
    return None


def _swaps_axes(before: list[int], after: list[int]) -> bool:
    """Whether the same axes, longer than 1, come in another order."""
    a, b = [n for n in before if n > 1], [n for n in after if n > 1]
    return a != b and sorted(a) == sorted(b) and len(a) >= 2 and len(before) == len(after)


def _transpose(before: list[int], after: list[int]) -> str:
    differing = [i for i, (m, n) in enumerate(zip(before, after, strict=True)) if m != n]
    if before[:1] == after[:1] and len(before) == 4 and before[3] == after[1]:
        return "X.permute(0, 3, 1, 2)"  # channels last to channels first
    if len(differing) == 2:
        return f"X.transpose({differing[0]}, {differing[1]})"
    return "X.permute(…)"


def _leads_on(step: Step, call: Call) -> bool:
    """Whether something was computed from the result."""
    return any(any(t is call.result for t in c.tensors()) for c in step.calls if c is not call)


def _is_weight(tensor: Tensor) -> bool:
    return tensor.is_leaf and tensor.requires_grad


def examples_mix(evidence: Evidence) -> Finding | None:
    """An output of one example depends on another example of the batch."""
    step = evidence.step
    h, y_hat = _first_hidden(step), _per_example(step)
    if h is None or y_hat is None or _has_batch_norm(evidence.model):
        return None
    n = len(y_hat)
    if _relates_rows(step, n):
        return None
    i = n // 2
    grad = _gradient(y_hat, (i,), h)
    if grad is None or grad.shape != h.shape or len(grad) != n:
        return None
    sizes = grad.reshape(n, -1).abs().amax(1)
    own = float(sizes[i])
    others = torch.cat((sizes[:i], sizes[i + 1 :]))
    num = int((others > 1e-3 * max(own, float(others.max()))).sum())
    if not num or not float(others.max()) > 0:
        return None
    return Finding(
        f"The output of example {i} depends on {num} other examples of the batch.",
        "Look in `forward` for a `reshape`, for a mean, softmax or normalization over axis 0, or "
        "for a layer that wants `batch_first=True`.",
        {"others": num, "examples": n},
    )


def future_is_visible(evidence: Evidence) -> Finding | None:
    """A model uses the next token, which it should predict."""
    step = evidence.step
    X, y, y_hat = step.X, _labels(step), step.outputs
    y_hat = y_hat[0] if isinstance(y_hat, (list, tuple)) and y_hat else y_hat
    if not _predicts_next(X, y) or not isinstance(y_hat, Tensor) or y_hat.ndim != 3:
        return None
    assert X is not None
    num_steps = X.shape[1]
    if y_hat.shape[:2] != X.shape or num_steps < 4 or not y_hat.requires_grad:
        return None
    h = next((c.result for c in step.calls_of("embedding") if _is_of(c.result, X)), None)
    if h is None:
        return None
    t = num_steps // 2
    grad = _gradient(y_hat, (0, t), h)
    if grad is None:
        return None
    of_first = grad[0] if h.shape[:2] == X.shape else grad[:, 0]
    sizes = of_first.abs().amax(-1)
    later = int((sizes[t + 1 :] > 1e-3 * float(sizes.max())).sum())
    if not later or not float(sizes.max()) > 0:
        return None
    return Finding(
        f"The prediction after token {t + 1} depends on {later} tokens that come later.",
        "Mask them in the attention (`torch.tril`, `is_causal=True`), or read in one direction.",
        {"later tokens": later},
    )


def _gradient(y_hat: Tensor, place: tuple[int, ...], h: Tensor) -> Tensor | None:
    """Return the gradient of an output with respect to a result; None if it fails."""
    with torch.enable_grad():
        try:
            found = torch.autograd.grad(
                y_hat[place].float().sum(), h, retain_graph=True, allow_unused=True
            )
        except RuntimeError:  # so will the program's own pass, whose error is explained
            return None
    return found[0]


def _labels(step: Step) -> Tensor | None:
    """Return the labels of a batch if they have the shape of its inputs."""
    X, batch = step.X, step.batch
    if isinstance(batch, (list, tuple)) and batch and isinstance(batch[-1], Tensor):
        return batch[-1]
    y = step.y
    return y.reshape(X.shape) if X is not None and y is not None and y.numel() == X.numel() else y


def _predicts_next(X: Tensor | None, y: Tensor | None) -> bool:
    """Whether labels are the inputs, shifted by one position."""
    if X is None or y is None or X.ndim != 2 or X.is_floating_point() or X.shape != y.shape:
        return False
    if X.shape[1] < 4 or bool((X[:, :1] == X).all()):
        return False
    return bool((X[:, 1:] == y[:, :-1]).float().mean() > 0.95)


def _is_of(h: object, X: Tensor) -> bool:
    """Whether a result has a vector for each token."""
    if not isinstance(h, Tensor) or h.ndim != 3 or not h.requires_grad:
        return False
    return h.shape[:2] in (X.shape, X.T.shape) and X.shape[0] != X.shape[1]


def _relates_rows(step: Step, n: int) -> bool:
    """Whether rows are related on purpose: nodes of a graph by a matrix, items by attention."""
    X = step.X
    if X is not None and X.ndim == 2 and step.calls_of(*ATTENTION):
        return True  # not batched: the rows are the items
    return any(t.shape[-2:] == (n, n) for c in step.calls for t in c.tensors() if t.ndim >= 2)


ATTENTION = ("multi_head_attention_forward", "scaled_dot_product_attention")


def _first_hidden(step: Step) -> Tensor | None:
    """Return the first result of the step with a graph and one row per example."""
    X = step.X
    if X is None or X.ndim < 1 or len(X) < 3:
        return None
    for call in step.calls:
        h = call.result
        if call.is_after_backward or not isinstance(h, Tensor) or not h.requires_grad:
            continue
        if h.ndim < 2 or len(h) != len(X) or call.name not in ("linear", "matmul", "conv2d"):
            return None  # a layer whose first axis may be time
        return h
    return None


def _per_example(step: Step) -> Tensor | None:
    """Return the outputs of the model's only call, with one row per example."""
    y_hat, X = step.outputs, step.X
    if not isinstance(y_hat, Tensor) or X is None or not y_hat.requires_grad:
        return None
    is_given = isinstance(step.batch, (list, tuple)) is False or X is step.batch[0]
    return y_hat if y_hat.ndim >= 1 and len(y_hat) == len(X) and is_given else None


def _has_batch_norm(model: nn.Module | None) -> bool:
    return model is None or any(isinstance(m, NORMS) and m.training for m in model.modules())


def dead_relus(evidence: Evidence) -> Finding | None:
    """Most units of a layer are 0 for every example of the first batch."""
    step = evidence.step
    for call in step.calls_of("relu", "relu_"):
        H = call.result
        if not isinstance(H, Tensor) or H.ndim < 2 or H.ndim > 4 or H is step.y_hat:
            continue
        units = H.detach().transpose(0, 1).reshape(H.shape[1], -1)
        if H.ndim == 3 or len(units) < DEAD_UNITS or len(H) < DEAD_EXAMPLES:
            continue
        before = next(iter(call.tensors()), None)
        if isinstance(before, Tensor) and bool((before == before[:, :1]).all()):
            continue  # all units are the same: that is the cause
        share = float((units.amax(1) <= 0).float().mean())
        if share >= DEAD_SHARE:
            return Finding(
                f"{share:.0%} of the {len(units)} units of a ReLU are 0 for all {len(H)} examples "
                "of the batch.",
                "Draw the weights around 0 (`nn.init.kaiming_uniform_`) and begin with biases "
                "of 0.",
                {"share": share, "units": len(units)},
            )
    return None


def vanishing_gradients(evidence: Evidence) -> Finding | None:
    """The first layer's gradient is a tiny part of the last one's, relative to the weights."""
    ratios = []
    for name, weight in evidence.parameters.items():
        norm = evidence.step.gradient_norms.get(name)
        if weight.ndim < 2 or norm is None:
            continue
        size = float(weight.detach().float().norm())
        ratios.append((name, norm / size if size else math.inf))
    if len(ratios) < 3 or not ratios[-1][1] > 0 or not math.isfinite(ratios[-1][1]):
        return None
    first, last = ratios[0], ratios[-1]
    if first[1] == 0 or first[1] >= VANISHED * last[1]:
        return None
    return Finding(
        f"The gradient of {first[0]} is {first[1]:.1e} of its weights, that of {last[0]} is "
        f"{last[1]:.1e}: {last[1] / first[1]:,.0f} times more.",
        "Use ReLU, an initialization made for it, batch normalization or residual connections.",
        {"first": first[1], "last": last[1]},
    )


CHECKS = (
    Check(
        "reshape-for-transpose", When.FIRST_FORWARD, reshape_for_transpose,
        title="reshape where transpose is meant",
        why="`reshape` keeps the order of the elements in memory, so the rows are mixed.",
        threshold="A reshape gives the same axes, longer than 1, in another order, one of them "
        "the batch. No correct program of 161 does.",
        book="9.5 Recurrent neural network implementation from scratch",
        wrong="X.reshape(num_steps, batch_size, -1)",
        right="X.transpose(0, 1)",
    ),
    Check(
        "examples-mix", When.FIRST_FORWARD, examples_mix,
        title="Examples of a batch affect each other",
        why="A prediction then depends on the other examples of the batch, and a single example "
        "cannot be predicted.",
        threshold="One extra backward pass, from one example's outputs to the first layer's "
        "results: another example's share is above 0.001 of its own. Models with batch "
        "normalization in training mode, and those with a matrix of examples by examples (graphs), "
        "are left out.",
        book="8.5 Batch normalization",
        wrong="H = H - H.mean(0)",
        right="H = H - H.mean(1, keepdim=True)",
        symptom=True,
    ),
    Check(
        "future-is-visible", When.FIRST_FORWARD, future_is_visible,
        title="A language model that sees the next token",
        why="It can copy the next token in training, but not when it generates text.",
        threshold="Labels are the inputs, shifted by one position, and one extra backward pass "
        "shows "
        "that a prediction depends on a later token, by more than 0.001 of what counts most.",
        book="11.7 The Transformer architecture",
        wrong="F.scaled_dot_product_attention(Q, K, V)",
        right="F.scaled_dot_product_attention(Q, K, V, is_causal=True)",
    ),
    Check(
        "dead-relus", When.FIRST_BACKWARD, dead_relus,
        title="Units that are never active",
        why="A unit that is 0 for every example has no gradient and never becomes anything else.",
        threshold=f"At least {DEAD_SHARE:.0%} of the units of a layer, for {DEAD_EXAMPLES} "
        "examples or more.",
        book="5.1 Multilayer perceptrons",
        wrong="nn.init.constant_(layer.bias, -10)",
        right="nn.init.zeros_(layer.bias)",
    ),
    Check(
        "vanishing-gradients", When.FIRST_BACKWARD, vanishing_gradients,
        title="Gradients that vanish",
        why="The first layers hardly learn while the last ones do.",
        threshold=f"|gradient| / |weight| of the first weight is below {VANISHED:g} of the last "
        "one's in the first step.",
        book="5.4 Numerical stability and initialization",
        wrong="[nn.Linear(64, 64), nn.Sigmoid()] * 8",
        right="[nn.Linear(64, 64), nn.ReLU()]",
        symptom=True,
    ),
)  # fmt: skip
