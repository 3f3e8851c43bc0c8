"""Models, optimizers, data and loops for runs in several processes, each as a reader writes it."""

import math
import os
import sys
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler

from d2l import torch as d2l

sys.path.insert(0, str(Path(__file__).parents[2] / "core"))
from readers import OwnSGD, book_fit_epoch

RANK = int(os.environ.get("RANK", "0"))
NUM_TRAIN, NUM_VAL, BATCH_SIZE = 103, 37, 17  # all parts differ; the last batches hold 1 and 3


class Points(d2l.DataModule):
    """Points of two classes, the same in each process."""

    def __init__(self, batch_size=BATCH_SIZE, seed=1):
        super().__init__()
        self.save_hyperparameters()
        drawn = torch.Generator().manual_seed(seed)
        self.X = torch.randn(NUM_TRAIN + NUM_VAL, 5, generator=drawn)
        self.y = (self.X[:, 0] + self.X[:, 1] > 0).long()

    def get_dataloader(self, train):
        rows = slice(0, NUM_TRAIN) if train else slice(NUM_TRAIN, None)
        return self.get_tensorloader((self.X, self.y), train, rows)


class LoadedPoints(Points):
    """The same behind a DataLoader of PyTorch's."""

    def get_dataloader(self, train):
        return DataLoader(self.part(train), self.batch_size, shuffle=train, num_workers=1)

    def part(self, train):
        rows = slice(0, NUM_TRAIN) if train else slice(NUM_TRAIN, None)
        return TensorDataset(self.X[rows], self.y[rows])


class OwnBatches:
    """A loader of the reader's own, which shuffles with Python's random numbers."""

    def __init__(self, X, y, batch_size):
        self.X, self.y, self.batch_size = X, y, batch_size

    def __len__(self):
        return math.ceil(len(self.X) / self.batch_size)

    def __iter__(self):
        import random

        order = list(range(len(self.X)))
        random.shuffle(order)
        for i in range(0, len(order), self.batch_size):
            chosen = order[i : i + self.batch_size]
            yield self.X[chosen], self.y[chosen]


class OwnPoints(LoadedPoints):
    """The same in batches of the reader's own making."""

    def get_dataloader(self, train):
        return OwnBatches(*self.part(train).tensors, self.batch_size)


class SampledPoints(LoadedPoints):
    """The same behind the sampler that hand-written programs for many processes need."""

    def get_dataloader(self, train):
        sampler = DistributedSampler(self.part(train), num_replicas=2, rank=RANK)
        return DataLoader(self.part(train), self.batch_size, sampler=sampler)


class Perceptron(d2l.Classifier):
    """Lazy layers, and an optimizer with a memory."""

    def __init__(self, lr=0.05):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(2))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.lr)


class WithUnused(Perceptron):
    """A layer that no step uses."""

    def __init__(self, lr=0.05):
        super().__init__(lr)
        self.unused = nn.Linear(3, 3)


class PlainClassifier(d2l.Classifier):
    """Plain tensors and the reader's own SGD."""

    def __init__(self, lr=0.5):
        super().__init__()
        self.save_hyperparameters()
        self.W = torch.normal(0, 0.1, (5, 2), requires_grad=True)
        self.b = torch.zeros(2, requires_grad=True)

    def forward(self, X):
        return X @ self.W + self.b

    def configure_optimizers(self):
        return OwnSGD([self.W, self.b], self.lr)


class HomeworkTrainer(d2l.Trainer):
    """The homework's own loop."""

    fit_epoch = book_fit_epoch


class RoundTrainer(d2l.Trainer):
    """A loop that takes the loss from the model itself, and so exchanges no gradient."""

    def fit_epoch(self):
        for X, y in self.train_dataloader:
            loss = self.model.loss(self.model(X), y)
            self.optim.zero_grad()
            loss.backward()
            self.optim.step()


class AstrayTrainer(d2l.Trainer):
    """Steps that are not the same in every process, after the first ones that are."""

    def fit_epoch(self):
        super().fit_epoch()
        with torch.no_grad():
            for parameter in self.model.parameters():
                parameter.add_(0.1 * RANK)


class Unseeded(Points):
    """Data that each process makes differently."""

    def __init__(self):
        super().__init__(seed=1 + RANK)
