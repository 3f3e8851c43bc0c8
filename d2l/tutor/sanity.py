"""Two tests before training: check the first batches, and overfit one batch."""

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

NUM_BATCHES = 3  # enough for all checks of the first steps
PASSED, FALLING = 0.1, 0.6  # of the first loss: correct models reach 0.1 in 300 steps


class FirstBatches(DataModule):
    """The first training batches of a data set, without validation data."""

    def __init__(self, batches: list[Any]) -> None:
        self.batches = batches

    def train_dataloader(self) -> Any:
        """Return the batches."""
        return self.batches

    def val_dataloader(self) -> Any:
        """Return None: there are no validation batches."""
        return None


@dataclass(frozen=True)
class Verdict:
    """Result of overfitting one batch: losses before and after, and their interpretation."""

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
    """Check the first batches for mistakes, without training the model.

    Takes three steps with a copy of the model and restores the random generators. The hints are
    shown as in `fit`, and returned. Errors of the model are raised.

    >>> data = d2l.SyntheticRegressionData(w=torch.tensor([2.0, -1.0]), b=3.0)
    >>> d2l.check_model(d2l.LinearRegression(lr=0.03), data)
    []

    Book: 3.2 Object-oriented design for implementation
    """
    checks.check_parts(model, data)
    with _preserved_rng():
        hints = _hints_before(model, data)
        trainer = Trainer(max_epochs=1)
        _fit_quietly(trainer, copy.deepcopy(model), FirstBatches(_batches(data, NUM_BATCHES)))
        known = {hint.kind for hint in hints}
        return hints + [hint for hint in trainer.hints if hint.kind not in known]


def overfit_one_batch(model: nn.Module, data: Any, num_steps: int = 300) -> Verdict:
    """Train a copy of the model on one batch, which a working model can overfit quickly.

    If the loss does not fall to a tenth, the mistake is in the model, the loss or the optimizer,
    not a lack of data. The model itself is unchanged.

    >>> data = d2l.SyntheticRegressionData(w=torch.tensor([2.0, -1.0]), b=3.0)
    >>> d2l.overfit_one_batch(d2l.LinearRegression(lr=0.1), data).passed
    True

    Book: 3.6 Generalization
    """
    checks.check_parts(model, data)
    with _preserved_rng():
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
            f"{what}: the model cannot overfit even one batch. Check the loss, the labels, the "
            "activations and the optimizer before you collect more data."
        )
    return Verdict(passed, first, last, num_steps, message, hints)


def _hints_before(model: nn.Module, data: Any) -> list[Hint]:
    """Return the hints from model and data alone."""
    from d2l.tutor.evidence import (
        Evidence,
        When,  # the checks load on first use, not with d2l
    )
    from d2l.tutor.watch import Watch

    hints: list[Hint] = []

    def on_hint(hint: Hint) -> None:
        hints.append(hint)
        show(hint)

    train_loader = data.train_dataloader()
    evidence = Evidence(
        model,
        train_loader=train_loader,
        val_loader=data.val_dataloader(),
        batch_size=getattr(train_loader, "batch_size", None),
    )
    watch = Watch(evidence, on_hint)
    watch.run_checks(When.BEFORE)
    watch.close()
    return hints


def _batches(data: Any, num: int) -> list[Any]:
    return list(islice(iter(checks.require_training(data, data.train_dataloader())), num))


def _fit_quietly(trainer: Trainer, model: Any, data: FirstBatches) -> None:
    """Train without a board and without progress lines."""
    if getattr(model, "board", None) is not None:
        model.board.display = False
    with contextlib.redirect_stdout(io.StringIO()):
        trainer.fit(model, data)


def _loss(model: Any, batches: list[Any]) -> float:
    """Return the loss of a batch in evaluation mode, as plotted by the validation step."""
    data = FirstBatches(batches)
    data.val_dataloader = data.train_dataloader  # type: ignore[method-assign]
    values = Trainer(max_epochs=1).validate(model, data)
    return values.get("val_loss", next(iter(values.values())))


@contextlib.contextmanager
def _preserved_rng() -> Iterator[None]:
    """Restore the random generators afterwards."""
    states = generator_states()
    try:
        yield
    finally:
        set_generator_states(states)
