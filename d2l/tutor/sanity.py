"""Two tests to do before training: look at the first batch, and overfit one."""

import contextlib
import copy
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from torch import nn

from d2l.base.seed import generator_states, set_generator_states
from d2l.core import checks
from d2l.core.data_module import DataModule
from d2l.core.trainer import Trainer
from d2l.tutor.hint import Hint, show

NUM_BATCHES = 3  # what shows in the first steps shows in so many
PASSED, FALLING = 0.1, 0.6  # of the first loss: right models of the book reach 0.1 in 300 steps


class FirstBatches(DataModule):
    """The first training batches of a data set, in a list; nothing to validate on."""

    def __init__(self, batches: list[Any]) -> None:
        self.batches = batches

    def train_dataloader(self) -> Any:
        """The batches."""
        return self.batches

    def val_dataloader(self) -> Any:
        """There is none."""
        return None


@dataclass(frozen=True)
class Verdict:
    """What came of overfitting one batch: losses before and after, and what they mean."""

    passed: bool
    first_loss: float
    last_loss: float
    num_steps: int
    message: str
    hints: list[Hint] = field(default_factory=list)

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return self.message


def check_model(model: nn.Module, data: Any) -> list[Hint]:
    """Look for mistakes in the first batches, without training the model.

    Three steps are done with a copy of the model; random numbers are drawn as if nothing had
    happened. The hints are shown as in `fit`, and returned.

    Raises what the model raises, where its mistake ends in an error.

    >>> data = d2l.SyntheticRegressionData(w=torch.tensor([2.0, -1.0]), b=3.0)
    >>> d2l.check_model(d2l.LinearRegression(lr=0.03), data)
    []

    Book: 3.2 Object-oriented design for implementation
    """
    checks.check_parts(model, data)
    with _undone():
        hints = _hints_before(model, data)
        trainer = Trainer(max_epochs=1)
        _fit_quietly(trainer, copy.deepcopy(model), FirstBatches(_batches(data, NUM_BATCHES)))
        known = {hint.kind for hint in hints}
        return hints + [hint for hint in trainer.hints if hint.kind not in known]


def overfit_one_batch(model: nn.Module, data: Any, num_steps: int = 300) -> Verdict:
    """Train a copy of the model on one batch: a model that can learn knows it by heart soon.

    If the loss does not fall to a tenth, the mistake is in the model, the loss or the optimizer,
    not in too few data. The model itself stays as it is.

    >>> data = d2l.SyntheticRegressionData(w=torch.tensor([2.0, -1.0]), b=3.0)
    >>> d2l.overfit_one_batch(d2l.LinearRegression(lr=0.1), data).passed
    True

    Book: 3.6 Generalization
    """
    checks.check_parts(model, data)
    with _undone():
        learner = copy.deepcopy(model)
        trainer = Trainer(max_epochs=num_steps)
        batches = _batches(data, 1)
        first = _loss(learner, batches)
        _fit_quietly(trainer, learner, FirstBatches(batches))
        last = _loss(learner, batches)
    return _verdict(first, last, num_steps, list(trainer.hints))


def _verdict(first: float, last: float, num_steps: int, hints: list[Hint]) -> Verdict:
    passed = last <= PASSED * first
    what = f"The loss of one batch went from {first:.3g} to {last:.3g} in {num_steps} steps"
    if passed:
        message = f"{what}: the model can learn."
    elif last <= FALLING * first:
        message = f"{what}: it falls, but slowly. Try more steps or a larger lr."
    else:
        message = (
            f"{what}: the model does not learn even one batch by heart. Look at the loss, the "
            "labels, the activations and the optimizer before you look for more data."
        )
    return Verdict(passed, first, last, num_steps, message, hints)


def _hints_before(model: nn.Module, data: Any) -> list[Hint]:
    """What shows in model and data alone."""
    from d2l.tutor.evidence import (
        Evidence,
        When,  # the checks load on first use, not with d2l
    )
    from d2l.tutor.watch import Watch

    hints: list[Hint] = []

    def say(hint: Hint) -> None:
        hints.append(hint)
        show(hint)

    train_loader = data.train_dataloader()
    evidence = Evidence(
        model,
        train_loader=train_loader,
        val_loader=data.val_dataloader(),
        batch_size=getattr(train_loader, "batch_size", None),
    )
    watch = Watch(evidence, say)
    watch.look(When.BEFORE)
    watch.close()
    return hints


def _batches(data: Any, num: int) -> list[Any]:
    return list(islice(iter(checks.require_training(data, data.train_dataloader())), num))


def _fit_quietly(trainer: Trainer, model: Any, data: FirstBatches) -> None:
    """Train without a board and without a line for each epoch."""
    if getattr(model, "board", None) is not None:
        model.board.display = False
    with contextlib.redirect_stdout(io.StringIO()):
        trainer.fit(model, data)


def _loss(model: Any, batches: list[Any]) -> float:
    """The loss of a batch in evaluation mode, as the model's own validation step plots it."""
    data = FirstBatches(batches)
    data.val_dataloader = data.train_dataloader  # type: ignore[method-assign]
    values = Trainer(max_epochs=1).validate(model, data)
    return values.get("val_loss", next(iter(values.values())))


@contextlib.contextmanager
def _undone() -> Iterator[None]:
    """Afterwards random numbers are drawn as if nothing had been."""
    states = generator_states()
    try:
        yield
    finally:
        set_generator_states(states)
