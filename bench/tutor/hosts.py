"""The three ways to train: our trainer, the book's loop typed by a reader, a loop by hand."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from bench.tutor import measures
from bench.tutor.causes import CAUSES
from bench.tutor.program import HOSTS, WORSE, Host, Mistake, Outcome, Proof
from bench.tutor.said import heard, watching
from d2l import torch as d2l

Measure = Callable[[Any, Any], float]


class BookLoop(d2l.Trainer):
    """The book's training loop, as a reader types it."""

    def fit_epoch(self):
        self.model.train()
        for batch in self.train_dataloader:
            loss = self.model.training_step(self.prepare_batch(batch))
            self.optim.zero_grad()
            with torch.no_grad():
                loss.backward()
                if self.gradient_clip_val > 0:
                    self.clip_gradients(self.gradient_clip_val, self.model)
                self.optim.step()
            self.train_batch_idx += 1
        if self.val_dataloader is None:
            return
        self.model.eval()
        for batch in self.val_dataloader:
            with torch.no_grad():
                self.model.validation_step(self.prepare_batch(batch))
            self.val_batch_idx += 1


def fit(
    model: Any,
    data: Any,
    max_epochs: int = 2,
    score: Measure = measures.accuracy,
    trainer: Any = d2l.Trainer,
    **options: Any,
) -> Outcome:
    """Train with `trainer(max_epochs, **options)`, and measure."""
    made = heard(trainer(max_epochs=max_epochs, **options))
    made.fit(model, data)
    return Outcome(score(model, data), model=model, trainer=made)


def fit_by_book_loop(model: Any, data: Any, **options: Any) -> Outcome:
    """Train with the reader's own `fit_epoch`."""
    return fit(model, data, trainer=BookLoop, **options)


def train_by_hand(
    model: Any,
    data: Any,
    max_epochs: int = 2,
    score: Measure = measures.accuracy,
    loss: Any = None,
    optimizer: Any = None,
) -> Outcome:
    """A loop by hand; `loss` and `optimizer` are the model's if not given."""
    train_iter = data.train_dataloader()
    shape_lazy_layers(model, train_iter)
    loss = loss or model.loss
    optimizer = optimizer(model) if optimizer else model.configure_optimizers()
    with watching(model, optimizer) as watcher:
        for _ in range(max_epochs):
            model.train()
            for *X, y in train_iter:
                optimizer.zero_grad()
                l = loss(model(*X), y)
                l.backward()
                with torch.no_grad():
                    optimizer.step()
    return Outcome(score(model, data), model=model, watcher=watcher)


def shape_lazy_layers(model: Any, train_iter: Any) -> None:
    """Give lazy layers their shapes, as one does before an optimizer is made."""
    if any(torch.nn.parameter.is_lazy(p) for p in torch.nn.Module.parameters(model)):
        *X, _ = next(iter(train_iter))
        with torch.no_grad():
            model.eval()
            model(*X)


TRAIN = {"trainer": fit, "own loop": fit_by_book_loop, "by hand": train_by_hand}


def in_hosts(
    kind: str,
    wrong: Callable[[Any], Outcome],
    right: Callable[[Any], Outcome],
    hosts: tuple[Host, ...] = HOSTS,
    proof: Proof = WORSE,
    raises: bool = False,
    variant: str = "",
) -> tuple[Mistake, ...]:
    """A mistake of model or data in several hosts; each program is given the way to train."""
    return tuple(
        Mistake(
            CAUSES[kind],
            host,
            partial(wrong, TRAIN[host]),
            partial(right, TRAIN[host]),
            proof,
            raises,
            variant,
        )
        for host in hosts
    )


def trained(
    model: Any, data: Any, score: Measure = measures.accuracy, train: Any = fit, **options: Any
) -> Outcome:
    """Train a right program; what it came to, with the score from before."""
    shape_lazy_layers(model, data.train_dataloader())
    before = score(model, data)
    outcome = train(model, data, score=score, **options)
    outcome.before = before
    return outcome
