"""Mistakes in the loss: what it reads, how it is reduced, its sign, its logarithms."""

import torch
from torch import nn
from torch.nn import functional as F

from bench.tutor import measures
from bench.tutor.causes import CAUSES
from bench.tutor.data_sets import Clothes, Houses
from bench.tutor.hosts import fit, fit_by_book_loop, in_hosts, train_by_hand
from bench.tutor.models import ClothesMLP, PriceModel, ScratchMLP
from bench.tutor.program import Mistake
from d2l import torch as d2l


class SoftmaxMLP(d2l.Classifier):
    def __init__(self, num_hiddens=64, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Flatten(),
            nn.LazyLinear(num_hiddens),
            nn.ReLU(),
            nn.LazyLinear(10),
            nn.Softmax(dim=1),
        )


class StepOnProbabilities(ClothesMLP):
    def training_step(self, batch):
        X, y = batch
        probs = torch.softmax(self(X), dim=1)
        l = F.cross_entropy(probs, y)
        self.plot("loss", l, train=True)
        return l


def criterion_on_probabilities(y_hat, y):
    return nn.CrossEntropyLoss()(F.softmax(y_hat, dim=1), y)


class OwnSoftmaxMLP(ScratchMLP):
    """A softmax and a cross-entropy of one's own, as in 4.4."""

    def forward(self, X):
        return self.softmax(super().forward(X))

    def softmax(self, O):
        O_exp = torch.exp(O - O.max())
        return O_exp / O_exp.sum(1, keepdim=True)

    def loss(self, Y_hat, Y):
        return -torch.log(Y_hat[range(len(Y_hat)), Y]).mean()


class WrongAxisSoftmaxMLP(OwnSoftmaxMLP):
    def softmax(self, O):
        O_exp = torch.exp(O - O.max())
        return O_exp / O_exp.sum(0, keepdim=True)


def nll_over_batch(y_hat, y):
    return F.nll_loss(F.log_softmax(y_hat, dim=0), y)


class FlatHouses(Houses):
    """Prices of shape (n,), as a column of a table comes."""

    def __init__(self, batch_size=32):
        super().__init__(batch_size)
        self.y = self.y.reshape(-1)


class ReshapingPriceModel(PriceModel):
    def loss(self, y_hat, y):
        return ((y_hat - y.reshape(y_hat.shape)) ** 2 / 2).mean()


class BroadcastingStep(PriceModel):
    def training_step(self, batch):
        X, y = batch
        l = F.mse_loss(self(X), y)
        self.plot("loss", l, train=True)
        return l


class ReshapingStep(PriceModel):
    def training_step(self, batch):
        X, y = batch
        l = F.mse_loss(self(X), y.reshape(-1, 1))
        self.plot("loss", l, train=True)
        return l


class ErrorRateMLP(ClothesMLP):
    def loss(self, y_hat, y):
        return (y_hat.argmax(dim=1) != y).float().mean()


class AccuracyStep(ClothesMLP):
    def training_step(self, batch):
        X, y = batch
        l = 1 - self.accuracy(self(X), y)
        self.plot("loss", l, train=True)
        return l


class SumMLP(ClothesMLP):
    def loss(self, y_hat, y):
        return F.cross_entropy(y_hat, y, reduction="sum")


class SumPriceModel(PriceModel):
    def loss(self, y_hat, y):
        return ((y_hat - y) ** 2 / 2).sum()


class UnreducedMLP(ClothesMLP):
    def loss(self, y_hat, y, averaged=True):
        return F.cross_entropy(y_hat, y, reduction="none")


class StepWithoutReturn(ClothesMLP):
    def training_step(self, batch):
        l = self.loss(self(*batch[:-1]), batch[-1])
        self.plot("loss", l, train=True)


class FloatMLP(ClothesMLP):
    def loss(self, y_hat, y, averaged=True):
        return F.cross_entropy(y_hat, y).item()


class StepThatReturnsFloat(ClothesMLP):
    def training_step(self, batch):
        l = self.loss(self(*batch[:-1]), batch[-1])
        self.plot("loss", l, train=True)
        return float(l)


class PositiveLogMLP(OwnSoftmaxMLP):
    def loss(self, Y_hat, Y):
        return torch.log(Y_hat[range(len(Y_hat)), Y]).mean()


class NegatedStep(ClothesMLP):
    def training_step(self, batch):
        X, y = batch
        l = -F.cross_entropy(self(X), y)
        self.plot("loss", l, train=True)
        return l


class WideScratchMLP(OwnSoftmaxMLP):
    """Weights drawn with standard deviation 1, so that logits reach some hundreds."""

    def __init__(self, lr=0.003):
        super().__init__(lr=lr, sigma=1.0)

    def softmax(self, O):
        O_exp = torch.exp(O)
        return O_exp / O_exp.sum(1, keepdim=True)


class WideStableMLP(ScratchMLP):
    def __init__(self, lr=0.003):
        super().__init__(lr=lr, sigma=1.0)


class OwnLogistic(d2l.Classifier):
    """Is it worn on the feet? A logistic regression whose cross-entropy is written out."""

    def __init__(self, lr=5.0):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 1))

    def loss(self, y_hat, y, averaged=True):
        p, y = torch.sigmoid(y_hat.reshape(-1)), y.float()
        return -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()

    def accuracy(self, Y_hat, Y, averaged=True):
        return ((Y_hat.reshape(-1) > 0) == Y).float().mean()


class StableLogistic(OwnLogistic):
    def loss(self, y_hat, y, averaged=True):
        return F.binary_cross_entropy_with_logits(y_hat.reshape(-1), y.float())


class Footwear(Clothes):
    """Class 1 are sandals, sneakers and ankle boots."""

    def __init__(self):
        super().__init__(batch_size=64)
        self.y = ((self.y == 5) | (self.y == 7) | (self.y == 9)).long()
        X, y = self.test
        self.test = X, ((y == 5) | (y == 7) | (y == 9)).long()


def logistic_accuracy(model, data):
    X, y = data.test
    return float(model.accuracy(measures.answers(model, [X]), y))


def plain(train):
    return train(ClothesMLP(), Clothes())


def price(train, model, data=Houses):
    return train(model(), data(), score=measures.r2)


def pair(kind, host, wrong, right, raises=False):
    return Mistake(CAUSES[kind], host, wrong, right, raises=raises)


MISTAKES = (
    pair("softmax-before-cross-entropy", "trainer",
         lambda: fit(SoftmaxMLP(), Clothes()), lambda: plain(fit)),
    pair("softmax-before-cross-entropy", "own loop",
         lambda: fit_by_book_loop(StepOnProbabilities(), Clothes()),
         lambda: plain(fit_by_book_loop)),
    pair("softmax-before-cross-entropy", "by hand",
         lambda: train_by_hand(ClothesMLP(), Clothes(), loss=criterion_on_probabilities),
         lambda: train_by_hand(ClothesMLP(), Clothes(), loss=nn.CrossEntropyLoss())),
    *in_hosts("softmax-over-batch", lambda train: train(
                  WrongAxisSoftmaxMLP(), Clothes(), score=measures.accuracy_one_by_one),
              lambda train: train(OwnSoftmaxMLP(), Clothes(), score=measures.accuracy_one_by_one),
              ("trainer", "own loop")),
    pair("softmax-over-batch", "by hand",
         lambda: train_by_hand(ClothesMLP(), Clothes(), loss=nll_over_batch),
         lambda: train_by_hand(ClothesMLP(), Clothes(), loss=nn.CrossEntropyLoss())),
    pair("loss-broadcasts", "trainer", lambda: price(fit, PriceModel, FlatHouses),
         lambda: price(fit, ReshapingPriceModel, FlatHouses)),
    pair("loss-broadcasts", "own loop",
         lambda: price(fit_by_book_loop, BroadcastingStep, FlatHouses),
         lambda: price(fit_by_book_loop, ReshapingStep, FlatHouses)),
    pair("loss-broadcasts", "by hand", lambda: train_by_hand(
             PriceModel(), FlatHouses(), score=measures.r2, loss=nn.MSELoss()),
         lambda: train_by_hand(PriceModel(), FlatHouses(), score=measures.r2,
                               loss=lambda y_hat, y: nn.MSELoss()(y_hat.squeeze(1), y))),
    *in_hosts("loss-not-differentiable", lambda train: train(ErrorRateMLP(), Clothes()), plain,
              ("trainer", "by hand"), raises=True),
    pair("loss-not-differentiable", "own loop", lambda: fit(AccuracyStep(), Clothes()),
         lambda: plain(fit), raises=True),
    *in_hosts("loss-summed", lambda train: train(SumMLP(), Clothes()), plain),
    *in_hosts("loss-summed", lambda train: price(train, lambda: SumPriceModel(lr=0.1)),
              lambda train: price(train, lambda: PriceModel(lr=0.1)), variant="regression"),
    *in_hosts("loss-not-reduced", lambda train: train(UnreducedMLP(), Clothes()), plain,
              raises=True),
    pair("loss-not-returned", "trainer", lambda: fit(StepWithoutReturn(), Clothes()),
         lambda: plain(fit), raises=True),
    pair("loss-not-returned", "own loop", lambda: fit_by_book_loop(StepWithoutReturn(), Clothes()),
         lambda: plain(fit_by_book_loop), raises=True),
    pair("loss-is-a-float", "trainer", lambda: fit(StepThatReturnsFloat(), Clothes()),
         lambda: plain(fit), raises=True),
    *in_hosts("loss-is-a-float", lambda train: train(FloatMLP(), Clothes()), plain,
              ("own loop", "by hand"), raises=True),
    *in_hosts("loss-negated", lambda train: train(PositiveLogMLP(), Clothes()),
              lambda train: train(OwnSoftmaxMLP(), Clothes()), ("trainer", "own loop")),
    Mistake(CAUSES["loss-negated"], "own loop", lambda: fit(NegatedStep(), Clothes()),
            lambda: plain(fit), variant="own-step"),
    pair("loss-negated", "by hand", lambda: train_by_hand(
             ClothesMLP(), Clothes(), loss=lambda y_hat, y: -F.cross_entropy(y_hat, y)),
         lambda: train_by_hand(ClothesMLP(), Clothes(), loss=F.cross_entropy)),
    *in_hosts("log-of-zero",
              lambda train: train(OwnLogistic(), Footwear(), score=logistic_accuracy),
              lambda train: train(StableLogistic(), Footwear(), score=logistic_accuracy)),
    *in_hosts("exp-overflow", lambda train: train(WideScratchMLP(), Clothes()),
              lambda train: train(WideStableMLP(), Clothes())),
)  # fmt: skip
