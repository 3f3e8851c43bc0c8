"""What the tutor recorded of a run, and the form of a check that reads it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import torch
from torch import Tensor, nn


class When(Enum):
    """When a check looks. Each is a moment of `d2l.tutor.watch.Watch`."""

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
    """One call of a PyTorch function: `name` is its last part, "cross_entropy" or "sub"."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any
    is_after_backward: bool = False

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """The argument that a function's signature has at `position`, however it was given."""
        if position < len(self.args):
            return self.args[position]
        return self.kwargs.get(name, default)

    def tensors(self) -> Iterator[Tensor]:
        """The tensors among the arguments."""
        for value in (*self.args, *self.kwargs.values()):
            if isinstance(value, Tensor):
                yield value
            elif isinstance(value, (list, tuple)):
                yield from (item for item in value if isinstance(item, Tensor))


@dataclass
class Step:
    """What was recorded from one backward pass to the next.

    `inputs` are the arguments of the model's call and `outputs` what it returned (None where the
    model itself was not called), `batch` what the trainer's loader gave (None in a loop by hand).
    `loss` is the value that `backward` was called on. Gradients are those after the backward pass;
    `updates` are relative: |new - old| / |old|, and inf where a tensor of zeros moved.
    """

    index: int  # backward passes before it
    batch: Any = None
    inputs: tuple[Any, ...] = ()
    outputs: Any = None
    was_training: bool = True
    calls: list[Call] = field(default_factory=list)
    loss: Tensor | None = None
    loss_value: float = float("nan")
    gradient_norms: dict[str, float | None] = field(default_factory=dict)  # None: no gradient
    stale: frozenset[str] = frozenset()  # gradients that an earlier step had used already
    cleared: frozenset[str] = frozenset()  # gradients of the pass before, cleared and never used
    leaves: dict[str, Tensor] = field(default_factory=dict)  # tensors that the loss depends on
    norms: dict[str, float] = field(default_factory=dict)  # of the tensors, before the pass
    updates: dict[str, float] = field(default_factory=dict)  # empty until the next step begins
    slopes: dict[str, float] = field(default_factory=dict)  # cosines with gradients: -1 is SGD
    rates: tuple[float, ...] = ()  # the learning rates of the optimizer's groups
    summed: int | None = None  # how many examples the loss was the sum of, once it is let go
    failed: Call | None = None  # the call of a PyTorch function that raised an error
    num_optimizer_steps: int = 0  # that PyTorch's optimizer made after this backward pass
    num_empty_steps: int = 0  # of them, those that found no gradient
    num_early_steps: int = 0  # that it made before this backward pass, in the same step
    num_early_empty_steps: int = 0
    answers: tuple[Tensor, Tensor] | None = None  # of a classifier: largest outputs, and labels

    def let_go(self) -> None:
        """Keep the numbers alone: neither calls nor tensors of the program."""
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
        """The labels: what the loss function was given, else the batch's last part."""
        call = self.loss_call
        if call is not None:
            target = call.argument(1, "target")
            return target if isinstance(target, Tensor) else None
        last = self.batch[-1] if isinstance(self.batch, (list, tuple)) and self.batch else None
        return last if isinstance(last, Tensor) else None

    @property
    def y_hat(self) -> Tensor | None:
        """The outputs: what the loss function was given, else what the model returned."""
        call = self.loss_call
        found = self.outputs if call is None else call.argument(0, "input")
        found = found[0] if isinstance(found, (list, tuple)) and found else found
        return found if isinstance(found, Tensor) else None

    def calls_of(self, *names: str) -> list[Call]:
        """The calls of these functions before the backward pass, in their order."""
        return [c for c in self.calls if c.name in names and not c.is_after_backward]


LOSSES = frozenset(
    {"cross_entropy", "nll_loss", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"}
    | {"binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div", "poisson_nll_loss"}
    | {"multi_margin_loss", "gaussian_nll_loss", "ctc_loss"}
)
DROPOUTS = frozenset({"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout"})


@dataclass
class Evidence:
    """Everything that is known of a program so far.

    `train_loader` and `val_loader` are None in a loop by hand. `optimizer` is the
    program's, or a list of tensors that it updates itself. `steps` are the observed ones in their
    order; of those before the newest few only numbers are left: `calls`, `inputs`, `outputs` and
    `batch` are emptied. `labels` are those of the observed batches of classifiers, in order.
    """

    model: nn.Module | None
    optimizer: Any = None
    train_loader: Any = None
    val_loader: Any = None
    batch_size: int | None = None
    steps: list[Step] = field(default_factory=list)
    labels: list[Tensor] = field(default_factory=list)
    pairs: list[tuple[Tensor, Tensor]] = field(default_factory=list)  # inputs and labels
    evaluated_in: set[str] | None = None  # the layers in training mode when it was evaluated
    validation_calls: list[Call] = field(default_factory=list)
    drops: bool = False  # whether a step called dropout, as a layer or as a function
    error: BaseException | None = None
    names: dict[int, str] = field(default_factory=dict)  # id of a tensor that learns → its name

    @property
    def step(self) -> Step:
        """The newest step."""
        return self.steps[-1]

    @property
    def parameters(self) -> dict[str, Tensor]:
        """The registered parameters of the model that learn, by name."""
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
        """The parameter groups of the optimizer, with rates and options; none where it has none."""
        groups = getattr(self.optimizer, "param_groups", None)
        return [g for g in groups if isinstance(g, dict)] if isinstance(groups, list) else []

    @property
    def maximizes(self) -> bool:
        """Whether the optimizer is told to go uphill."""
        return any(group.get("maximize") is True for group in self.groups)

    @property
    def optimized(self) -> list[Tensor]:
        """The tensors that the optimizer holds, as far as that can be seen."""
        if self.groups:
            return [p for group in self.groups for p in group.get("params", ())]
        held = self.optimizer if isinstance(self.optimizer, (list, tuple)) else None
        held = getattr(self.optimizer, "params", held)
        return [p for p in held if isinstance(p, Tensor)] if isinstance(held, (list, tuple)) else []


@dataclass(frozen=True)
class Finding:
    """What a check has seen: three sentences at most, the numbers, and the place.

    `seen` says what was seen, with the number; `fix` what to write instead, with the reader's own
    names. The reason comes from the check.
    """

    seen: str
    fix: str
    evidence: dict[str, Any] = field(default_factory=dict)
    where: str = ""


Look = Callable[[Evidence], Finding | None]


@dataclass(frozen=True)
class Check:
    """A check: `look` finds the mistake in the evidence or returns None.

    `title`, `why` (one sentence, part of every message), `threshold` (how it is decided, with the
    measured spread of right programs) and the `wrong` and `right` code make its page. A `symptom`
    has several possible causes: it is looked at only where no cause was found.
    """

    kind: str
    when: When
    look: Look
    title: str
    why: str
    threshold: str
    book: str
    wrong: str
    right: str
    symptom: bool = False
