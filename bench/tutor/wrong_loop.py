"""Mistakes in what surrounds the step: modes, padding, prediction, and how a metric is averaged."""

import torch
from torch import nn
from torch.nn import functional as F

from bench.tutor import measures
from bench.tutor.causes import CAUSES
from bench.tutor.data_sets import Clothes
from bench.tutor.hosts import BookLoop, fit, in_hosts, train_by_hand
from bench.tutor.models import ClothesMLP
from bench.tutor.program import Mistake, Outcome, fact, worse
from bench.tutor.said import watching
from bench.tutor.translation import GRUTranslator, Numbers, right_tokens, translator
from d2l import torch as d2l


class DroppingMLP(d2l.Classifier):
    """With so much dropout that it matters in which mode accuracy is measured."""

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Dropout(0.8),
                                 nn.Linear(64, 10))  # fmt: skip


class NeverEvaluates(d2l.Trainer):
    """The book's loop without `self.model.eval()`."""

    def fit_epoch(self):
        self.model.train()
        for batch in self.train_dataloader:
            loss = self.model.training_step(self.prepare_batch(batch))
            self.optim.zero_grad()
            with torch.no_grad():
                loss.backward()
                self.optim.step()
            self.train_batch_idx += 1
        for batch in self.val_dataloader:
            with torch.no_grad():
                self.model.validation_step(self.prepare_batch(batch))
            self.val_batch_idx += 1


def reported(outcome, data):
    """How far the accuracy on the board is from the model's on the same pictures."""
    model = outcome.model
    X, y = data.X[data.num_train :], data.y[data.num_train :]
    true = float((measures.answers(model, [X]).argmax(1) == y).float().mean())
    outcome.facts["error of the curve"] = abs(model.board.latest()["val_acc"] - true)
    return outcome


def modes(trainer):
    data = Clothes()
    return reported(fit(DroppingMLP(), data, trainer=trainer), data)


class NormedMLP(d2l.Classifier):
    """Batch normalisation, whose running statistics are of training mode."""

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.BatchNorm1d(64), nn.ReLU(),
                                 nn.Linear(64, 10))  # fmt: skip


def modes_by_hand(evaluates, model=DroppingMLP):
    """Validates after each epoch; `train()` is called once, before all of them."""
    net, data = model(), Clothes()
    trainer = torch.optim.SGD(net.parameters(), lr=0.1)
    X_val, y_val = data.X[data.num_train :], data.y[data.num_train :]
    shown = 0.0
    with watching(net, trainer) as watcher:
        net.train()
        for _ in range(2):
            for X, y in data.train_dataloader():
                trainer.zero_grad()
                F.cross_entropy(net(X), y).backward()
                trainer.step()
            if evaluates:
                net.eval()
            with torch.no_grad():
                shown = (net(X_val).argmax(1) == y_val).float().mean().item()
            net.train()
    true = float((measures.answers(net, [X_val]).argmax(1) == y_val).float().mean())
    facts = {"error of the curve": abs(shown - true)}
    return Outcome(measures.accuracy(net, data), facts=facts, model=net, watcher=watcher)


class MeansOfBatches(BookLoop):
    """Prints a mean of the batches' accuracies, the last of which has few pictures."""

    sums = staticmethod(lambda accs, sizes: sum(accs) / len(accs))

    def fit_epoch(self):
        super().fit_epoch()
        accs, sizes = [], []
        for X, y in self.val_dataloader:
            with torch.no_grad():
                accs.append(float(self.model.accuracy(self.model(X), y)))
            sizes.append(len(y))
        self.model.shown = self.sums(accs, sizes)


class MeansOfExamples(MeansOfBatches):
    sums = staticmethod(
        lambda accs, sizes: sum(a * n for a, n in zip(accs, sizes, strict=True)) / sum(sizes)
    )


class UnevenClothes(Clothes):
    """65 pictures of validation, the last of them by itself in its batch, and hard to tell."""

    def __init__(self):
        super().__init__(batch_size=64, num_train=2048, num_val=65)
        self.y[-1] = (self.y[-1] + 5) % 10


def averaged(outcome, data, shown):
    X, y = data.X[data.num_train :], data.y[data.num_train :]
    true = float((measures.answers(outcome.model, [X]).argmax(1) == y).float().mean())
    outcome.facts["error of the mean"] = abs(shown - true)
    return outcome


def means(trainer):
    data = UnevenClothes()
    outcome = fit(ClothesMLP(), data, trainer=trainer)
    return averaged(outcome, data, outcome.model.shown)


def means_by_hand(weighs):
    data = UnevenClothes()
    outcome = train_by_hand(ClothesMLP(), data)
    net, accs, sizes = outcome.model, [], []
    net.eval()
    for X, y in data.val_dataloader():
        accs.append(float((net(X).argmax(1) == y).float().mean()))
        sizes.append(len(y))
    sums = MeansOfExamples.sums if weighs else MeansOfBatches.sums
    return averaged(outcome, data, sums(accs, sizes))


class PaddedLoss(GRUTranslator):
    """Every position counts in the loss, whatever stands there."""

    def loss(self, Y_hat, Y, averaged=True):
        return F.cross_entropy(Y_hat.reshape(-1, Y_hat.shape[-1]), Y.reshape(-1))


def translated(train, model=GRUTranslator):
    data = Numbers()
    return train(translator(data, model), data, score=right_tokens)


def padded_by_hand(counts_padding):
    data = Numbers()
    loss = nn.CrossEntropyLoss(ignore_index=-100 if counts_padding else data.tgt_vocab["<pad>"])
    return train_by_hand(translator(data), data, score=right_tokens,
                         loss=lambda Y_hat, Y: loss(Y_hat.transpose(1, 2), Y))  # fmt: skip


def translations_by_hand(forces_teacher):
    """Translates with the model: position by position, or with the right words as its input."""
    data = Numbers()
    outcome = train_by_hand(translator(data), data, score=right_tokens)
    src, tgt, lens, label = data.test

    def translate(words):
        if forces_teacher:
            return measures.answers(outcome.model, [src, words, lens]).argmax(2)
        return outcome.model.predict_step((src, words, lens), d2l.cpu(), label.shape[1])[0]

    others = tgt.roll(1, 0)  # the right words of other sentences
    is_word = label != data.tgt_vocab["<pad>"]
    changed = translate(tgt) != translate(others)
    outcome.facts["depends on the answer"] = float(changed[is_word].float().mean())
    return outcome


CURVE = fact("error of the curve", 0.02, 0.005)
ANSWER = fact("depends on the answer", 0.02, 0)
MEAN = fact("error of the mean", 0.05, 0.001)
MISTAKES = (
    Mistake(CAUSES["mode-not-switched"], "own loop", lambda: modes(NeverEvaluates),
            lambda: modes(BookLoop), CURVE),
    Mistake(CAUSES["mode-not-switched"], "by hand", lambda: modes_by_hand(evaluates=False),
            lambda: modes_by_hand(evaluates=True), CURVE),
    *in_hosts("padding-in-the-loss", lambda train: translated(train, PaddedLoss), translated,
              ("trainer", "own loop"), worse(0.02)),
    Mistake(CAUSES["padding-in-the-loss"], "by hand", lambda: padded_by_hand(counts_padding=True),
            lambda: padded_by_hand(counts_padding=False), worse(0.02)),
    Mistake(CAUSES["teacher-forcing-at-inference"], "by hand",
            lambda: translations_by_hand(forces_teacher=True),
            lambda: translations_by_hand(forces_teacher=False), ANSWER),
    Mistake(CAUSES["metric-averaged-over-batches"], "own loop", lambda: means(MeansOfBatches),
            lambda: means(MeansOfExamples), MEAN),
    Mistake(CAUSES["metric-averaged-over-batches"], "by hand", lambda: means_by_hand(weighs=False),
            lambda: means_by_hand(weighs=True), MEAN),
)  # fmt: skip
