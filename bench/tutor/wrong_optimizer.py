"""Mistakes in the optimizer: what it holds, its update, its rate, its schedule."""

import torch
from torch import nn
from torch.nn import functional as F

from bench.tutor import measures
from bench.tutor.causes import CAUSES
from bench.tutor.data_sets import Clothes, Houses
from bench.tutor.hosts import BookLoop, fit, fit_by_book_loop, in_hosts, train_by_hand
from bench.tutor.models import ClothesMLP, PriceModel, ScratchMLP
from bench.tutor.program import Mistake, Outcome
from bench.tutor.said import watching
from bench.tutor.wrong_model import TwoStages
from d2l import torch as d2l


class SGD(d2l.HyperParameters):
    """The book's optimizer."""

    def __init__(self, params, lr):
        self.save_hyperparameters()

    def step(self):
        for param in self.params:
            param -= self.lr * param.grad  # noqa: PLW2901

    def zero_grad(self):
        for param in self.params:
            if param.grad is not None:
                param.grad.zero_()


class OwnSGDMLP(ScratchMLP):
    """An MLP from scratch with an optimizer from scratch."""

    optimizer = SGD

    def configure_optimizers(self):
        return self.optimizer(list(self.parameters()), self.lr)


class ForgetfulSGD(SGD):
    """Its zero_grad binds a name where it should clear a gradient."""

    def zero_grad(self):
        for param in self.params:
            grad = param.grad
            if grad is not None:
                grad = torch.zeros_like(grad)


class RebindingSGD(SGD):
    def step(self):
        for param in self.params:
            param = param - self.lr * param.grad  # noqa: PLW2901


class ForgetfulMLP(OwnSGDMLP):
    optimizer = ForgetfulSGD


class RebindingMLP(OwnSGDMLP):
    optimizer = RebindingSGD


class WithoutClearing(BookLoop):
    """The book's loop, but for one line."""

    def fit_epoch(self):
        self.model.train()
        for batch in self.train_dataloader:
            loss = self.model.training_step(self.prepare_batch(batch))
            loss.backward()
            self.optim.step()
            self.train_batch_idx += 1
        self.model.eval()
        for batch in self.val_dataloader:
            with torch.no_grad():
                self.model.validation_step(self.prepare_batch(batch))


class StepFirst(d2l.Trainer):
    """Clears the gradients, steps, and computes the next ones."""

    def fit_epoch(self):
        for batch in self.train_dataloader:
            l = self.model.training_step(self.prepare_batch(batch))
            self.optim.zero_grad()
            self.optim.step()
            l.backward()
            self.train_batch_idx += 1


class NeverSteps(d2l.Trainer):
    def fit_epoch(self):
        for batch in self.train_dataloader:
            self.optim.zero_grad()
            l = self.model.training_step(self.prepare_batch(batch))
            l.backward()
            self.train_batch_idx += 1


class InPlaceUpdate(d2l.Trainer):
    """An update of one's own, and not under no_grad."""

    def fit_epoch(self):
        for batch in self.train_dataloader:
            l = self.model.training_step(self.prepare_batch(batch))
            self.optim.zero_grad()
            l.backward()
            for param in self.model.parameters():
                param -= self.model.lr * param.grad  # noqa: PLW2901
            self.train_batch_idx += 1


class RebindingUpdate(d2l.Trainer):
    def fit_epoch(self):
        for batch in self.train_dataloader:
            l = self.model.training_step(self.prepare_batch(batch))
            self.optim.zero_grad()
            l.backward()
            with torch.no_grad():
                for param in self.model.parameters():
                    param = param - self.model.lr * param.grad  # noqa: PLW2901
            self.train_batch_idx += 1


class CopiesParameters(TwoStages):
    def configure_optimizers(self):
        params = [p.clone().detach().requires_grad_(True) for p in self.parameters()]
        for param in params:
            param.grad = torch.zeros_like(param)
        return torch.optim.SGD(params, lr=self.lr)


class RebuildsAfterwards(TwoStages):
    """Makes the optimizer in __init__, and then the layers anew."""

    def __init__(self, lr=0.1):
        super().__init__(lr)
        self.optimizer = torch.optim.SGD(self.parameters(), lr=lr)
        self.body, self.head = nn.Linear(784, 64), nn.Linear(64, 10)

    def configure_optimizers(self):
        return self.optimizer


class HeadOnly(TwoStages):
    def configure_optimizers(self):
        return torch.optim.SGD(self.head.parameters(), lr=self.lr)


def stages(train, model=TwoStages):
    return train(model(), Clothes())


def mlp_of(lr):
    return lambda train: train(ClothesMLP(lr=lr), Clothes())


def houses_of(lr):
    return lambda train: train(PriceModel(lr=lr), Houses(), score=measures.r2)


def clothes_net():
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
    return net, Clothes()


def no_zero_grad_by_hand():
    net, data = clothes_net()
    trainer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watching(net, trainer) as watcher:
        for _ in range(2):
            for X, y in data.train_dataloader():
                l = F.cross_entropy(net(X), y)
                l.backward()
                trainer.step()
    return Outcome(measures.accuracy(net, data), model=net, watcher=watcher)


def step_before_backward_by_hand():
    net, data = clothes_net()
    trainer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watching(net, trainer) as watcher:
        for _ in range(2):
            for X, y in data.train_dataloader():
                l = F.cross_entropy(net(X), y)
                trainer.zero_grad()
                trainer.step()
                l.backward()
    return Outcome(measures.accuracy(net, data), model=net, watcher=watcher)


def no_step_by_hand():
    net, data = clothes_net()
    trainer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watching(net, trainer) as watcher:
        for _ in range(2):
            for X, y in data.train_dataloader():
                trainer.zero_grad()
                l = F.cross_entropy(net(X), y)
                l.backward()
    return Outcome(measures.accuracy(net, data), model=net, watcher=watcher)


def other_net_by_hand():
    """Builds the net again, in a later cell, and keeps the optimizer of the first one."""
    net, data = clothes_net()
    trainer = torch.optim.SGD(net.parameters(), lr=0.1)
    net, data = clothes_net()
    with watching(net, trainer) as watcher:
        for _ in range(2):
            for X, y in data.train_dataloader():
                trainer.zero_grad()
                F.cross_entropy(net(X), y).backward()
                trainer.step()
    return Outcome(measures.accuracy(net, data), model=net, watcher=watcher)


def rebinding_by_hand():
    data, lr = Clothes(), 0.1
    net = ScratchMLP()
    params = list(net.parameters())
    with watching(net, params) as watcher:
        for _ in range(2):
            for X, y in data.train_dataloader():
                net.zero_grad()
                net.loss(net(X), y).backward()
                with torch.no_grad():
                    for p in params:
                        p = p - lr * p.grad  # noqa: PLW2901
    return Outcome(measures.accuracy(net, data), model=net, watcher=watcher)


def without_no_grad_by_hand():
    data, lr = Clothes(), 0.1
    net = ScratchMLP()
    with watching(net, list(net.parameters())):
        for X, y in data.train_dataloader():
            net.loss(net(X), y).backward()
            for p in net.parameters():
                p -= lr * p.grad  # noqa: PLW2901
                p.grad.zero_()
    return Outcome(measures.accuracy(net, data), model=net)


def by_hand(kind, wrong, raises=False):
    """Its twin is the loop by hand on a net like it."""
    return Mistake(CAUSES[kind], "by hand", wrong, right_by_hand, raises=raises)


def right_by_hand():
    net, data = clothes_net()
    sgd = lambda net: torch.optim.SGD(net.parameters(), lr=0.1)  # noqa: E731
    return train_by_hand(net, data, loss=F.cross_entropy, optimizer=sgd)


def scratch_by_hand():
    return train_by_hand(ScratchMLP(), Clothes())


def own_loop(kind, trainer, raises=False, model=ClothesMLP):
    """A `fit_epoch` with the mistake, against the book's."""
    return Mistake(CAUSES[kind], "own loop", lambda: fit(model(), Clothes(), trainer=trainer),
                   lambda: fit_by_book_loop(model(), Clothes()), raises=raises)  # fmt: skip


MISTAKES = (
    *in_hosts("no-zero-grad", lambda train: train(ForgetfulMLP(), Clothes()),
              lambda train: train(OwnSGDMLP(), Clothes()), ("trainer",)),
    own_loop("no-zero-grad", WithoutClearing),
    by_hand("no-zero-grad", no_zero_grad_by_hand),
    own_loop("step-before-backward", StepFirst),
    by_hand("step-before-backward", step_before_backward_by_hand),
    own_loop("no-step", NeverSteps),
    by_hand("no-step", no_step_by_hand),
    *in_hosts("optimizer-of-other-tensors", lambda train: stages(train, CopiesParameters), stages,
              ("trainer",)),
    *in_hosts("optimizer-of-other-tensors", lambda train: stages(train, RebuildsAfterwards),
              stages, ("trainer", "own loop"), variant="built-again"),
    by_hand("optimizer-of-other-tensors", other_net_by_hand),
    *in_hosts("optimizer-of-some-parameters", lambda train: stages(train, HeadOnly), stages),
    *in_hosts("update-not-in-place", lambda train: train(RebindingMLP(), Clothes()),
              lambda train: train(OwnSGDMLP(), Clothes()), ("trainer",)),
    own_loop("update-not-in-place", RebindingUpdate, model=ScratchMLP),
    Mistake(CAUSES["update-not-in-place"], "by hand", rebinding_by_hand, scratch_by_hand),
    own_loop("update-without-no-grad", InPlaceUpdate, raises=True, model=ScratchMLP),
    Mistake(CAUSES["update-without-no-grad"], "by hand", without_no_grad_by_hand, scratch_by_hand,
            raises=True),
    *in_hosts("lr-too-high", mlp_of(20.0), mlp_of(0.1)),
    *in_hosts("lr-too-high", houses_of(3.0), houses_of(0.05), variant="regression"),
    *in_hosts("lr-too-low", mlp_of(1e-6), mlp_of(0.1)),
    *in_hosts("lr-too-low", houses_of(1e-7), houses_of(0.05), variant="regression"),
)  # fmt: skip
