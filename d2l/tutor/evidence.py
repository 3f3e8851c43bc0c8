"""Evidence recorded from a run, and the definition of a check."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import torch
from torch import Tensor, nn


class When(Enum):
    """When a check runs. `d2l.tutor.watch.Watch` runs the checks at these points."""

    BEFORE = "before training"
    FIRST_FORWARD = "first batch, before its backward pass"
    FIRST_BACKWARD = "first batch"  # after the first backward pass
    STEPS = "first steps"  # after each of the observed steps, the first included
    VALIDATION = "first validation batch"
    NOT_FINITE = "a loss of nan or inf"
    EPOCH = "end of the first epoch"
    ERROR = "when PyTorch raises an error"


@dataclass
class Call:
    """One call of a PyTorch function; `name` is unqualified, such as "cross_entropy" or "sub"."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any
    is_after_backward: bool = False

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """Return the argument at `position` of the signature, passed by position or by name."""
        if position < len(self.args):
            return self.args[position]
        return self.kwargs.get(name, default)

    def tensors(self) -> Iterator[Tensor]:
        """Yield the tensors among the arguments."""
        for value in (*self.args, *self.kwargs.values()):
            if isinstance(value, Tensor):
                yield value
            elif isinstance(value, (list, tuple)):
                yield from (item for item in value if isinstance(item, Tensor))


@dataclass
class Step:
    """Data recorded from one backward pass to the next.

    `inputs` are the arguments of the model's call and `outputs` its result (None if the model
    itself was not called), `batch` the batch of the trainer's loader (None in a hand-written loop).
    `loss` is the tensor that `backward` was called on. Gradients are those after the backward pass;
    `updates` are relative: |new - old| / |old|, and inf for a tensor of zeros that changed.
    """

    index: int  # number of earlier backward passes
    batch: Any = None
    inputs: tuple[Any, ...] = ()
    outputs: Any = None
    was_training: bool = True
    calls: list[Call] = field(default_factory=list)
    loss: Tensor | None = None
    loss_value: float = float("nan")
    gradient_norms: dict[str, float | None] = field(default_factory=dict)  # None: no gradient
    stale: frozenset[str] = frozenset()  # gradients already used by an earlier step
    cleared: frozenset[str] = frozenset()  # gradients of the previous pass, cleared unused
    leaves: dict[str, Tensor] = field(default_factory=dict)  # leaf tensors of the loss
    norms: dict[str, float] = field(default_factory=dict)  # norms of the tensors before the pass
    updates: dict[str, float] = field(default_factory=dict)  # empty until the next step starts
    gradient_cosines: dict[str, float] = field(
        default_factory=dict
    )  # cosine of update and gradient: -1 for SGD
    rates: tuple[float, ...] = ()  # the learning rates of the optimizer's groups
    summed: int | None = None  # number of examples that the loss sums, after release
    failed: Call | None = None  # the call of a PyTorch function that raised an error
    num_optimizer_steps: int = 0  # of PyTorch's optimizer after this backward pass
    num_empty_steps: int = 0  # those without a gradient
    num_early_steps: int = 0  # before this backward pass, in the same step
    num_early_empty_steps: int = 0
    answers: tuple[Tensor, Tensor] | None = None  # of a classifier: predicted classes and labels

    def release(self) -> None:
        """Release calls and tensors of the program; keep only numbers."""
        self.calls, self.inputs, self.outputs, self.batch, self.loss = [], (), None, None, None

    @property
    def X(self) -> Tensor | None:  # noqa: N802 - the book's symbol
        """The first input that is a tensor."""
        parts = self.inputs or (self.batch if isinstance(self.batch, (list, tuple)) else ())
        return next((part for part in parts if isinstance(part, Tensor)), None)

    @property
    def loss_call(self) -> Call | None:
        """The last call of a loss function of PyTorch before the backward pass."""
        calls = [c for c in self.calls if c.name in LOSSES and not c.is_after_backward]
        return calls[-1] if calls else None

    @property
    def y(self) -> Tensor | None:
        """The labels: the target of the loss function, else the last part of the batch."""
        call = self.loss_call
        if call is not None:
            target = call.argument(1, "target")
            return target if isinstance(target, Tensor) else None
        last = self.batch[-1] if isinstance(self.batch, (list, tuple)) and self.batch else None
        return last if isinstance(last, Tensor) else None

    @property
    def y_hat(self) -> Tensor | None:
        """The outputs: the input of the loss function, else the result of the model."""
        call = self.loss_call
        found = self.outputs if call is None else call.argument(0, "input")
        found = found[0] if isinstance(found, (list, tuple)) and found else found
        return found if isinstance(found, Tensor) else None

    def calls_of(self, *names: str) -> list[Call]:
        """Return the calls of these functions before the backward pass, in order."""
        return [c for c in self.calls if c.name in names and not c.is_after_backward]


LOSSES = frozenset(
    {"cross_entropy", "nll_loss", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"}
    | {"binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div", "poisson_nll_loss"}
    | {"multi_margin_loss", "gaussian_nll_loss", "ctc_loss"}
)
DROPOUTS = frozenset({"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout"})


@dataclass
class Evidence:
    """Everything recorded from a program so far.

    `train_loader` and `val_loader` are None in a hand-written loop. `optimizer` is the program's
    optimizer, or a list of tensors that it updates itself. `steps` are the observed steps in order;
    older ones contain only numbers: `calls`, `inputs`, `outputs` and `batch` are cleared. `labels`
    are those of the observed batches of classifiers, in order.
    """

    model: nn.Module | None
    optimizer: Any = None
    train_loader: Any = None
    val_loader: Any = None
    batch_size: int | None = None
    steps: list[Step] = field(default_factory=list)
    labels: list[Tensor] = field(default_factory=list)
    pairs: list[tuple[Tensor, Tensor]] = field(default_factory=list)  # inputs and labels
    evaluated_in: set[str] | None = None  # layers in training mode during evaluation
    validation_calls: list[Call] = field(default_factory=list)
    uses_dropout: bool = False  # as a layer or as a function
    error: BaseException | None = None
    names: dict[int, str] = field(default_factory=dict)  # id of a trainable tensor → its name

    @property
    def step(self) -> Step:
        """The newest step."""
        return self.steps[-1]

    @property
    def parameters(self) -> dict[str, Tensor]:
        """The trainable registered parameters of the model, by name."""
        if self.model is None:
            return {}
        named = nn.Module.named_parameters(self.model)
        return {
            name: p
            for name, p in named
            if p.requires_grad and not isinstance(p, torch.nn.parameter.UninitializedParameter)
        }

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The parameter groups of the optimizer, with learning rates and options; may be empty."""
        groups = getattr(self.optimizer, "param_groups", None)
        return [g for g in groups if isinstance(g, dict)] if isinstance(groups, list) else []

    @property
    def maximizes(self) -> bool:
        """Whether the optimizer maximizes."""
        return any(group.get("maximize") is True for group in self.groups)

    @property
    def optimized(self) -> list[Tensor]:
        """The tensors of the optimizer, as far as they can be determined."""
        if self.groups:
            return [p for group in self.groups for p in group.get("params", ())]
        held = self.optimizer if isinstance(self.optimizer, (list, tuple)) else None
        held = getattr(self.optimizer, "params", held)
        return [p for p in held if isinstance(p, Tensor)] if isinstance(held, (list, tuple)) else []


@dataclass(frozen=True)
class Finding:
    """The result of a check: message parts, numbers, and location.

    `seen` states what was found, with the number; `fix` what to write instead, with the names of
    the user's code. The reason, `Check.why`, is added between the two.
    """

    seen: str
    fix: str
    evidence: dict[str, Any] = field(default_factory=dict)
    where: str = ""


Finder = Callable[[Evidence], Finding | None]


@dataclass(frozen=True)
class Check:
    """A check: `find` returns a finding if the evidence shows the mistake, else None.

    `title`, `why` (one sentence, part of every message), `threshold` (the decision rule, with the
    measured range of correct programs) and the `wrong` and `right` code form its documentation
    page. A `symptom` has several possible causes: it is checked only if no cause was found.
    """

    kind: str
    when: When
    find: Finder
    title: str
    why: str
    threshold: str
    book: str
    wrong: str
    right: str
    symptom: bool = False
