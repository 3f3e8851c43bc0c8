"""Checks on the inputs of the loss function: probabilities, logits, shapes."""

import math

import torch
from torch import Tensor

from d2l.tutor.evidence import Call, Check, Evidence, Finding, Step, When

SUM_TOLERANCE = 1e-3  # of a softmax in float32 over 10,000 classes; in bfloat16 it is not judged
LOG_LOSSES = ("cross_entropy", "nll_loss")
SQUARED_LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
WITH_LOGITS = ("binary_cross_entropy_with_logits",)


def softmax_before_cross_entropy(evidence: Evidence) -> Finding | None:
    """The input of `cross_entropy` has nonnegative rows that sum to 1."""
    for call in evidence.step.calls_of("cross_entropy"):
        y_hat = call.argument(0, "input")
        if _are_distributions(y_hat, dim=1) and len(y_hat) > 1:
            return Finding(
                f"The outputs given to `cross_entropy` are probabilities: each of the "
                f"{len(y_hat)} rows sums to 1.",
                "Give it the logits: leave the softmax out of the model.",
                {"rows": len(y_hat), "classes": int(y_hat.shape[1])},
            )
    return None


def nll_of_probabilities(evidence: Evidence) -> Finding | None:
    """The input of `nll_loss`, which expects log-probabilities, has rows that sum to 1."""
    for call in evidence.step.calls_of("nll_loss"):
        y_hat = call.argument(0, "input")
        if _are_distributions(y_hat, dim=1) and len(y_hat) > 1:
            return Finding(
                f"`nll_loss` was given probabilities: each of the {len(y_hat)} rows sums to 1.",
                "Give the logits to `F.cross_entropy`, or their `F.log_softmax(…, dim=1)` to "
                "`nll_loss`.",
                {"rows": len(y_hat), "classes": int(y_hat.shape[1])},
            )
        if isinstance(y_hat, Tensor) and not _is_normalized_log(y_hat) and _node(y_hat) in LAYERS:
            return Finding(
                "`nll_loss` was given the outputs of a layer, which are not log-probabilities.",
                "Use `F.cross_entropy(y_hat, y)`, which takes logits.",
            )
    return None


def sigmoid_before_logits_loss(evidence: Evidence) -> Finding | None:
    """The input of `binary_cross_entropy_with_logits` is the result of a sigmoid."""
    for call in evidence.step.calls_of(*WITH_LOGITS, "cross_entropy"):
        y_hat = call.argument(0, "input")
        if not isinstance(y_hat, Tensor):
            continue
        name = {"SigmoidBackward0": "sigmoid", "TanhBackward0": "tanh"}.get(_node(y_hat))
        if name is not None:
            is_binary = call.name in WITH_LOGITS and name == "sigmoid"
            other = ", or use `F.binary_cross_entropy`" if is_binary else ""
            return Finding(
                f"`{call.name}` was given values from {float(y_hat.min()):.2f} to "
                f"{float(y_hat.max()):.2f} that come out of a {name}.",
                f"Give it the logits: leave the {name} after the last layer out{other}.",
            )
    return None


def one_output_for_classes(evidence: Evidence) -> Finding | None:
    """`cross_entropy` of a single output is always 0."""
    for call in evidence.step.calls_of("cross_entropy"):
        y_hat = call.argument(0, "input")
        if isinstance(y_hat, Tensor) and y_hat.ndim >= 2 and y_hat.shape[1] == 1:
            return Finding(
                "`cross_entropy` was given one output for each example, and is 0 for any value.",
                "Give the model an output for each class, or use "
                "`F.binary_cross_entropy_with_logits` for two classes.",
                {"outputs": 1},
            )
    return None


def relu_on_outputs(evidence: Evidence) -> Finding | None:
    """The last layer's outputs went through a ReLU before a loss that needs both signs."""
    for call in evidence.step.calls_of("cross_entropy", *WITH_LOGITS, *SQUARED_LOSSES):
        y_hat, y = call.argument(0, "input"), call.argument(1, "target")
        if not isinstance(y_hat, Tensor) or _node(y_hat) != "ReluBackward0":
            continue
        if call.name in SQUARED_LOSSES and not _has_negative(y):
            continue
        share = float((y_hat == 0).float().mean())
        zeros = f": {share:.0%} of them are 0" if share >= 0.01 else ", so none can be negative"
        return Finding(
            f"The outputs went through a ReLU before `{call.name}`{zeros}.",
            "Leave the activation after the last layer out.",
            {"share of zeros": share},
        )
    return None


def labels_out_of_reach(evidence: Evidence) -> Finding | None:
    """A sigmoid, softmax or tanh ends the model, and labels are outside of its range."""
    step = evidence.step
    y_hat, y = step.y_hat, step.y
    low, high = RANGES.get(_node(y_hat), (-math.inf, math.inf))
    call = step.loss_call
    if (call is not None and call.name not in SQUARED_LOSSES) or not _are_numbers(y, y_hat):
        return None
    assert y is not None
    outside = float(((y < low - 0.01) | (y > high + 0.01)).float().mean())
    if outside < 0.05:
        return None
    return Finding(
        f"The outputs lie in [{low:g}, {high:g}] by their last function, and {outside:.0%} of the "
        f"labels lie outside (from {float(y.min()):.3g} to {float(y.max()):.3g}).",
        "Leave the last activation out for a regression, or scale the labels into its range.",
        {"share outside": outside},
    )


def softmax_over_batch(evidence: Evidence) -> Finding | None:
    """Columns sum to 1 where rows should: the softmax runs over the examples."""
    step = evidence.step
    for call in step.calls_of("softmax", "log_softmax"):
        X, dim = call.argument(0, "input"), call.argument(1, "dim")
        is_output = isinstance(X, Tensor) and X.ndim == 2 and X.shape[0] > 1 and X.shape[1] > 1
        if is_output and dim in (0, -2) and _reaches(step, call.result):
            return _over_batch(f"`{call.name}(…, dim={dim})`", X)
    for tensor in (step.outputs, step.y_hat):
        if (
            isinstance(tensor, Tensor)
            and _are_distributions(tensor, dim=0)
            and not _are_distributions(tensor, dim=1)
        ):
            return _over_batch("the softmax", tensor)
    return None


def _over_batch(what: str, X: Tensor) -> Finding:
    return Finding(
        f"{what[0].upper()}{what[1:]} runs over the {X.shape[0]} examples: each column of the "
        "outputs sums to 1, not each row.",
        "Take it over the classes: `dim=1`, or `sum(1, keepdim=True)`.",
        {"examples": int(X.shape[0]), "classes": int(X.shape[1])},
    )


def loss_broadcasts(evidence: Evidence) -> Finding | None:
    """Outputs (n, 1) and labels (n,) are subtracted or compared, which gives (n, n)."""
    for call in evidence.step.calls_of(*SQUARED_LOSSES, *DIFFERENCES):
        a, b = call.argument(0, "input"), call.argument(1, "target")
        if not (isinstance(a, Tensor) and isinstance(b, Tensor)) or _is_leaf_weight(a, b):
            continue
        n, shapes = max(a.numel(), b.numel()), {tuple(a.shape), tuple(b.shape)}
        if n > 1 and shapes == {(n, 1), (n,)} and (a.requires_grad != b.requires_grad):
            fix = "y_hat.squeeze(1)" if a.requires_grad else "y.reshape(-1, 1)"
            return Finding(
                f"Outputs and labels of shapes {tuple(a.shape)} and {tuple(b.shape)} were "
                f"broadcast to ({n}, {n}) in the loss.",
                f"Give both one shape: `{fix}` or `y.reshape(y_hat.shape)`.",
                {"shapes": [list(a.shape), list(b.shape)]},
            )
    return None


DIFFERENCES = ("sub", "__sub__", "rsub", "__rsub__", "subtract", "mul", "__mul__", "multiply")
LAYERS = frozenset({"AddmmBackward0", "MmBackward0", "AddBackward0"})
RANGES = {
    "SigmoidBackward0": (0.0, 1.0),
    "SoftmaxBackward0": (0.0, 1.0),
    "TanhBackward0": (-1.0, 1.0),
}


def _are_distributions(tensor: object, dim: int) -> bool:
    """Whether a matrix of outputs has no element below 0 and sums to 1 along an axis."""
    if not isinstance(tensor, Tensor) or tensor.ndim < 2 or tensor.dtype is not torch.float32:
        return False
    if tensor.shape[dim] < 2 or tensor.numel() == 0 or (dim == 0 and tensor.ndim != 2):
        return False
    values = tensor.detach()
    if bool((values < 0).any()):
        return False
    sums = values.sum(dim)
    if len(sums) < 2 or bool((values.amax(dim) > 1 - 1e-6).all()):  # one-hot rows are labels
        return False
    return bool(((sums - 1).abs() < SUM_TOLERANCE).all())


def _is_normalized_log(tensor: Tensor) -> bool:
    """Whether the exponentials along the classes sum to about 1 or less."""
    return bool((tensor.detach().exp().sum(1) < 1.5).all())


def _node(tensor: object) -> str:
    """Return the name of the function that produced a tensor, ignoring reshapes."""
    node = getattr(tensor, "grad_fn", None)
    while node is not None and node.name() in RESHAPES:
        node = node.next_functions[0][0]
    return "" if node is None else str(node.name())


RESHAPES = frozenset(
    {"ViewBackward0", "SqueezeBackward0", "SqueezeBackward1", "UnsqueezeBackward0"}
    | {"ReshapeAliasBackward0", "UnsafeViewBackward0", "_UnsafeViewBackward0"}
    | {"SelectBackward0", "SqueezeBackward2", "FlattenBackward0"}
)


def _has_negative(y: object) -> bool:
    return isinstance(y, Tensor) and y.is_floating_point() and bool((y < 0).float().mean() > 0.05)


def _are_numbers(y: object, y_hat: object) -> bool:
    """Whether labels and outputs are numbers of one size, as in a regression."""
    if not (isinstance(y, Tensor) and isinstance(y_hat, Tensor)) or y.numel() < 2:
        return False
    return y.is_floating_point() and y.numel() == y_hat.numel() and bool(y.isfinite().all())


def _is_leaf_weight(*tensors: Tensor) -> bool:
    return any(tensor.is_leaf and tensor.requires_grad for tensor in tensors)


def _reaches(step: Step, result: object) -> bool:
    """Whether a result is what the loss function, the model's user or a logarithm was given."""
    readers: list[Call] = [*step.calls_of(*LOG_LOSSES, "log", "kl_div")]
    return result is step.outputs or any(
        argument is result for call in readers for argument in call.tensors()
    )


_CONCISE = "4.5 Concise implementation of softmax regression"
CHECKS = (
    Check(
        "softmax-before-cross-entropy", When.FIRST_FORWARD, softmax_before_cross_entropy,
        title="Softmax is applied before cross-entropy",
        why="`cross_entropy` takes the softmax itself; taken twice, differences of at most 1 are "
        "left between the classes, and learning is slow and ends early.",
        threshold="Every row of what `F.cross_entropy` is given is without negative numbers and "
        "sums to 1 within 0.001. No correct program of 161 has a batch like that.",
        book=_CONCISE,
        wrong="self.net = nn.Sequential(nn.Linear(784, 10), nn.Softmax(dim=1))",
        right="self.net = nn.Sequential(nn.Linear(784, 10))",
    ),
    Check(
        "nll-of-probabilities", When.FIRST_FORWARD, nll_of_probabilities,
        title="nll_loss without log-probabilities",
        why="`nll_loss` only selects the value of the correct class, without a logarithm: it "
        "expects "
        "log-probabilities.",
        threshold="Rows of what `F.nll_loss` is given sum to 1, or come straight out of a linear "
        "layer and their exponentials do not sum to 1.",
        book=_CONCISE,
        wrong="l = F.nll_loss(torch.softmax(y_hat, dim=1), y)",
        right="l = F.cross_entropy(y_hat, y)",
    ),
    Check(
        "sigmoid-before-logits-loss", When.FIRST_FORWARD, sigmoid_before_logits_loss,
        title="Sigmoid before a loss with logits",
        why="The loss applies a sigmoid itself; for inputs from 0 to 1 all its probabilities are "
        "similar, and none can be confident.",
        threshold="The function that made the argument is a sigmoid or tanh; read from its graph.",
        book="4.1 Softmax regression",
        wrong="l = F.binary_cross_entropy_with_logits(torch.sigmoid(y_hat), y)",
        right="l = F.binary_cross_entropy_with_logits(y_hat, y)",
    ),
    Check(
        "one-output-for-classes", When.FIRST_FORWARD, one_output_for_classes,
        title="Cross-entropy of a single output",
        why="The softmax of a single number is 1, so the loss and all gradients are 0.",
        threshold="The class axis of what `F.cross_entropy` is given has length 1.",
        book="4.1 Softmax regression",
        wrong="nn.Linear(64, 1)  # with F.cross_entropy",
        right="nn.Linear(64, 2)",
    ),
    Check(
        "relu-on-outputs", When.FIRST_FORWARD, relu_on_outputs,
        title="An activation after the last layer",
        why="A ReLU cuts off everything below 0: such outputs have no gradient and cannot fall.",
        threshold="The function that made the outputs is a ReLU; with a squared error only where "
        "more than 5 % of the labels are negative.",
        book="5.1 Multilayer perceptrons",
        wrong="nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10), nn.ReLU())",
        right="nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))",
    ),
    Check(
        "labels-out-of-reach", When.FIRST_FORWARD, labels_out_of_reach,
        title="Labels that the outputs cannot reach",
        why="No weights can produce such outputs.",
        threshold="The function that made the outputs is a sigmoid, softmax or tanh and more than "
        "5 % of the labels of a regression lie outside its range by 0.01.",
        book="3.1 Linear regression",
        wrong="nn.Sequential(nn.Linear(6, 1), nn.Sigmoid())  # prices up to 500",
        right="nn.Linear(6, 1)",
    ),
    Check(
        "softmax-over-batch", When.FIRST_FORWARD, softmax_over_batch,
        title="Softmax over the examples",
        why="The probabilities of one example then depend on the other examples of its batch.",
        threshold="`dim=0` of a softmax whose result is the model's output or is read by the loss; "
        "or outputs whose columns, and not rows, sum to 1 within 0.001.",
        book="4.4 Softmax regression implementation from scratch",
        wrong="X_exp / X_exp.sum(0, keepdim=True)",
        right="X_exp / X_exp.sum(1, keepdim=True)",
    ),
    Check(
        "loss-broadcasts", When.FIRST_FORWARD, loss_broadcasts,
        title="Outputs and labels broadcast",
        why="Each output is then compared with the labels of all examples, and the best prediction "
        "is the mean label for every example.",
        threshold="A difference or a loss of shapes (n, 1) and (n,), one of which needs a gradient "
        "and none of which is a weight.",
        book="3.5 Concise implementation of linear regression",
        wrong="l = ((y_hat - y) ** 2).mean()  # (n, 1) and (n,)",
        right="l = ((y_hat - y.reshape(y_hat.shape)) ** 2).mean()",
    ),
)  # fmt: skip
