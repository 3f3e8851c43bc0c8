"""Right programs in the words of the book's editions, and loops that are not the usual one."""

import torch
from torch import nn
from torch.nn import functional as F

from bench.tutor import measures
from bench.tutor.data_sets import Clothes, Houses
from bench.tutor.hosts import fit, train_by_hand, trained
from bench.tutor.models import ClothesMLP, PriceModel
from bench.tutor.program import Outcome, RightProgram
from bench.tutor.said import watching
from d2l import torch as d2l


class LinearRegressionScratch(d2l.Module):
    """3.4, as typed in a homework."""

    def __init__(self, num_inputs, lr, sigma=0.01):
        super().__init__()
        self.save_hyperparameters()
        self.w = torch.normal(0, sigma, (num_inputs, 1), requires_grad=True)
        self.b = torch.zeros(1, requires_grad=True)

    def forward(self, X):
        return torch.matmul(X, self.w) + self.b

    def loss(self, y_hat, y):
        l = (y_hat - y) ** 2 / 2
        return l.mean()

    def configure_optimizers(self):
        return SGD([self.w, self.b], self.lr)


class SGD(d2l.HyperParameters):
    """Minibatch stochastic gradient descent, in place."""

    def __init__(self, params, lr):
        self.save_hyperparameters()

    def step(self):
        for param in self.params:
            param -= self.lr * param.grad  # noqa: PLW2901

    def zero_grad(self):
        for param in self.params:
            if param.grad is not None:
                param.grad.zero_()


class HomeworkTrainer(d2l.Trainer):
    """The homework's trainer: prepare_batch and fit_epoch of its own."""

    def prepare_batch(self, batch):
        return batch

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


class SoftmaxRegressionScratch(d2l.Classifier):
    """4.4: probabilities, and a cross-entropy that reads probabilities."""

    def __init__(self, num_inputs, num_outputs, lr, sigma=0.01):
        super().__init__()
        self.save_hyperparameters()
        self.W = torch.normal(0, sigma, size=(num_inputs, num_outputs), requires_grad=True)
        self.b = torch.zeros(num_outputs, requires_grad=True)

    def parameters(self):
        return [self.W, self.b]

    def forward(self, X):
        X = X.reshape((-1, self.W.shape[0]))
        X_exp = torch.exp(torch.matmul(X, self.W) + self.b)
        return X_exp / X_exp.sum(1, keepdims=True)

    def loss(self, y_hat, y):
        return -torch.log(y_hat[list(range(len(y_hat))), y]).mean()


class MLPScratch(d2l.Classifier):
    """5.2: parameters of its own, drawn with deviation 0.01."""

    def __init__(self, num_inputs, num_outputs, num_hiddens, lr, sigma=0.01):
        super().__init__()
        self.save_hyperparameters()
        self.W1 = nn.Parameter(torch.randn(num_inputs, num_hiddens) * sigma)
        self.b1 = nn.Parameter(torch.zeros(num_hiddens))
        self.W2 = nn.Parameter(torch.randn(num_hiddens, num_outputs) * sigma)
        self.b2 = nn.Parameter(torch.zeros(num_outputs))

    def forward(self, X):
        X = X.reshape((-1, self.num_inputs))
        H = torch.max(torch.matmul(X, self.W1) + self.b1, torch.zeros(1))
        return torch.matmul(H, self.W2) + self.b2


class MetricsBesideLoss(ClothesMLP):
    """Plots an accuracy that has no gradient next to the loss that has one."""

    def training_step(self, batch):
        X, y = batch
        y_hat = self(X)
        l = self.loss(y_hat, y)
        self.plot("loss", l, train=True)
        self.plot("acc", self.accuracy(y_hat.detach(), y), train=True)
        return l


class ScaledLoss(ClothesMLP):
    """Sums its loss over the batch, with a rate that is as much smaller."""

    def __init__(self):
        super().__init__(lr=0.1 / 64)

    def loss(self, y_hat, y, averaged=True):
        return F.cross_entropy(y_hat, y, reduction="sum" if averaged else "none")


def edition_of_2021():
    """3.6 and 3.7 of the earlier edition: a loss for each example, and train_epoch_ch3."""
    data = Clothes()
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    before = measures.accuracy(net, data)
    loss, trainer = nn.CrossEntropyLoss(reduction="none"), torch.optim.SGD(net.parameters(), lr=0.1)
    with watching(net, trainer) as watcher:
        for _ in range(2):
            d2l.train_epoch_ch3(net, data.train_dataloader(), loss, trainer)
    return Outcome(measures.accuracy(net, data), before, watcher=watcher)


def edition_of_2021_from_scratch():
    """3.2 of the earlier edition: linreg, squared_loss, sgd; the loss is summed on purpose."""
    data, lr = Houses(), 0.03
    w, b = torch.normal(0, 0.01, (6, 1), requires_grad=True), torch.zeros(1, requires_grad=True)

    def score():
        X, y = data.test
        return -float(((X @ w + b - y) ** 2).mean().detach())

    before = score()
    with watching(None, [w, b]) as watcher:
        for _ in range(3):
            for X, y in data.train_dataloader():
                l = d2l.squared_loss(d2l.linreg(X, w, b), y)
                l.sum().backward()
                d2l.sgd([w, b], lr, len(X))
    return Outcome(score(), before, watcher=watcher)


def target_network():
    """Two nets, of which one is copied into the other every 20 steps and never optimized."""
    data, net, target = Houses(), nn.Linear(6, 1), nn.Linear(6, 1)
    score = lambda: measures.r2(net, data)  # noqa: E731
    before, i = score(), 0
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watching(net, optimizer) as watcher:
        for _ in range(4):
            for X, y in data.train_dataloader():
                if i % 20 == 0:
                    target.load_state_dict(net.state_dict())
                goal = y + 0.1 * (target(X).detach() - net(X).detach())
                optimizer.zero_grad()
                F.mse_loss(net(X), goal).backward()
                optimizer.step()
                i += 1
    return Outcome(score(), before, watcher=watcher)


def second_backward():
    """Keeps the graph for a second backward pass, of another loss, on purpose."""
    net, data = ClothesMLP(), Clothes()
    net(data.X[:1])
    before = measures.accuracy(net, data)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watching(net, optimizer) as watcher:
        for X, y in data.train_dataloader():
            optimizer.zero_grad()
            y_hat = net(X)
            F.cross_entropy(y_hat, y).backward(retain_graph=True)
            (1e-3 * y_hat.square().mean()).backward()
            optimizer.step()
    return Outcome(measures.accuracy(net, data), before, watcher=watcher)


def fit_twice():
    """Trains, and goes on with the same model and trainer, as a notebook does."""
    data, model = Clothes(), ClothesMLP()
    model(data.X[:1])
    before = measures.accuracy(model, data)
    trainer = fit(model, data, max_epochs=1).trainer
    trainer.fit(model, data)
    return Outcome(measures.accuracy(model, data), before, trainer=trainer)


def stepwise_evaluation():
    """A loop by hand that evaluates in the middle of an epoch, and goes back to training mode."""
    net, data = ClothesMLP(), Clothes()
    net.net.insert(3, nn.Dropout(0.5))
    net(data.X[:1])
    before = measures.accuracy(net, data)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
    with watching(net, optimizer) as watcher:
        for _ in range(2):
            for i, (X, y) in enumerate(data.train_dataloader()):
                optimizer.zero_grad()
                net.loss(net(X), y).backward()
                optimizer.step()
                if i % 16 == 15:
                    net.eval()
                    d2l.evaluate_accuracy(net, data.val_dataloader())
                    net.train()
    return Outcome(measures.accuracy(net, data), before, watcher=watcher)


def program(name, run, gain=0.1):
    return RightProgram("loops", name, run, gain)


def homework(name, model, data=Clothes, score=measures.accuracy):
    return program(name, lambda: trained(model(), data(), score, trainer=HomeworkTrainer))


PROGRAMS = (
    homework("linear regression of the homework", lambda: LinearRegressionScratch(6, 0.03),
             Houses, measures.r2),
    homework("softmax regression of the homework",
             lambda: SoftmaxRegressionScratch(784, 10, lr=0.1)),
    homework("perceptron of the homework", lambda: MLPScratch(784, 10, 64, lr=0.3)),
    homework("the library's MLP in the homework's loop", lambda: d2l.MLP(10, 64, lr=0.1)),
    program("softmax regression from scratch",
            lambda: trained(SoftmaxRegressionScratch(784, 10, lr=0.1), Clothes())),
    program("softmax regression from scratch, by hand", lambda: trained(
        SoftmaxRegressionScratch(784, 10, lr=0.1), Clothes(), train=train_by_hand)),
    program("accuracy plotted beside the loss", lambda: trained(MetricsBesideLoss(), Clothes())),
    program("summed loss with a rate for it", lambda: trained(ScaledLoss(), Clothes())),
    program("train_epoch_ch3", edition_of_2021),
    program("linear regression of 2021", edition_of_2021_from_scratch),
    program("target network", target_network),
    program("two losses, two backward passes", second_backward),
    program("fit twice", fit_twice),
    program("evaluation between steps", stepwise_evaluation),
    program("prices by hand", lambda: trained(
        PriceModel(), Houses(), measures.r2, train_by_hand)),
)  # fmt: skip
