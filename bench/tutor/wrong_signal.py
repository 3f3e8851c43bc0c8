"""Mistakes that let no signal through: initial weights, activations, decay, schedules."""

from itertools import pairwise

import torch
from torch import nn

from bench.tutor import measures
from bench.tutor.causes import CAUSES
from bench.tutor.data_sets import Clothes
from bench.tutor.hosts import in_hosts
from bench.tutor.models import ClothesMLP, ScratchMLP
from bench.tutor.program import Mistake, Outcome, fact
from bench.tutor.said import watching
from d2l import torch as d2l


class ZeroMLP(ScratchMLP):
    """All weights 0, as they may be in softmax regression."""

    def __init__(self, lr=0.1):
        super().__init__(lr=lr)
        with torch.no_grad():
            self.W1.zero_()
            self.W2.zero_()


class ConstantMLP(ClothesMLP):
    """All weights of all layers 0.01."""

    def __init__(self, lr=0.1):
        super().__init__(lr=lr)
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
        self.net.apply(self.init)

    def init(self, layer):
        if isinstance(layer, nn.Linear):
            nn.init.constant_(layer.weight, 0.01)


class XavierMLP(ConstantMLP):
    def init(self, layer):
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)


class NegativeWeights(XavierMLP):
    """Draws from [-0.1, 0): with pixels of at least 0 no hidden unit is ever active."""

    def init(self, layer):
        super().init(layer)
        if isinstance(layer, nn.Linear) and layer.in_features == 784:
            nn.init.uniform_(layer.weight, -0.1, 0)


class NegativeBias(XavierMLP):
    def init(self, layer):
        super().init(layer)
        if isinstance(layer, nn.Linear) and layer.in_features == 784:
            nn.init.constant_(layer.bias, -10)


class DeepMLP(d2l.Classifier):
    """Eight hidden layers."""

    activation, gain = nn.ReLU, 2**0.5

    def __init__(self, num_layers=8, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        sizes = [784, *[64] * num_layers, 10]
        layers = [nn.Flatten()]
        for fan_in, fan_out in pairwise(sizes):
            layers += [nn.Linear(fan_in, fan_out), self.activation()]
            nn.init.xavier_uniform_(layers[-2].weight, self.gain)
        self.net = nn.Sequential(*layers[:-1])


class DeepSigmoidMLP(DeepMLP):
    activation = nn.Sigmoid


class DecayingMLP(ClothesMLP):
    """Takes weight_decay for a rate at which the decay begins."""

    weight_decay = 3.0

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr, weight_decay=self.weight_decay)


class SlightlyDecayingMLP(DecayingMLP):
    weight_decay = 1e-3


class SteppedSchedule(ClothesMLP):
    """A schedule that is meant for epochs, stepped in each batch."""

    gamma = 0.1

    def configure_optimizers(self):
        self.optimizer = torch.optim.SGD(self.parameters(), lr=self.lr)
        self.scheduler = torch.optim.lr_scheduler.StepLR(self.optimizer, 1, gamma=self.gamma)
        return self.optimizer

    def training_step(self, batch):
        l = super().training_step(batch)
        self.scheduler.step()
        return l


class SteppedForBatches(SteppedSchedule):
    gamma = 0.99


def schedule_by_hand(per_batch):
    """StepLR inside or after the loop over the batches."""
    net, data = XavierMLP().net, Clothes()
    loss, trainer = nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(trainer, step_size=1, gamma=0.1)
    with watching(net, trainer) as watcher:
        for _ in range(2):
            for X, y in data.train_dataloader():
                trainer.zero_grad()
                loss(net(X), y).backward()
                trainer.step()
                if per_batch:
                    scheduler.step()
            if not per_batch:
                scheduler.step()
    return Outcome(measures.accuracy(net, data), model=net, watcher=watcher)


class FastMLP(ClothesMLP):
    """Learns by Adam, fast enough to know its few pictures by heart after some epochs."""

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.003)


def overfit(train, num_train, epochs, batch_size=10):
    """How far the loss of held out pictures is higher than it was after a quarter of the epochs."""
    losses = []
    for num_epochs in (max(1, epochs // 4), epochs):
        torch.manual_seed(0)
        net, data = FastMLP(num_hiddens=256), Clothes(batch_size, num_train)
        outcome = train(net, data, max_epochs=num_epochs)
        losses.append(-measures.loss(net, data))
    outcome.facts["rise"] = losses[-1] - min(losses)
    return outcome


def clothes(train, model):
    return train(model(), Clothes())


MISTAKES = (
    *in_hosts("weights-all-equal", lambda train: clothes(train, ZeroMLP),
              lambda train: clothes(train, ScratchMLP)),
    *in_hosts("weights-all-equal", lambda train: clothes(train, ConstantMLP),
              lambda train: clothes(train, XavierMLP), variant="constant"),
    *in_hosts("dead-relus", lambda train: clothes(train, NegativeWeights),
              lambda train: clothes(train, XavierMLP)),
    *in_hosts("dead-relus", lambda train: clothes(train, NegativeBias),
              lambda train: clothes(train, XavierMLP), variant="bias"),
    *in_hosts("vanishing-gradients", lambda train: clothes(train, DeepSigmoidMLP),
              lambda train: clothes(train, DeepMLP)),
    *in_hosts("overfitting", lambda train: overfit(train, 100, 32),
              lambda train: overfit(train, 2048, 3, batch_size=64), proof=fact("rise", 0.05, 0.01)),
    *in_hosts("plateau-weight-decay", lambda train: clothes(train, DecayingMLP),
              lambda train: clothes(train, SlightlyDecayingMLP)),
    *in_hosts("plateau-schedule", lambda train: clothes(train, SteppedSchedule),
              lambda train: clothes(train, SteppedForBatches), ("trainer", "own loop")),
    Mistake(CAUSES["plateau-schedule"], "by hand", lambda: schedule_by_hand(per_batch=True),
            lambda: schedule_by_hand(per_batch=False)),
)  # fmt: skip
