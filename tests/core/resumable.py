"""Runs that a checkpoint must hold whole, by name, and a program in which they are killed.

    python resumable.py

reads lines of JSON, [name, folder, batch], and for each trains that run in a process of its own
that is killed with -9 before that batch; answers with the process's status.
"""

import json
import os
import random
import signal
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from readers import OwnSGD, PlainLine, line_data
from test_fit import book_fit_epoch
from torch import nn
from torch.optim import lr_scheduler

from d2l import torch as d2l

NUM_EPOCHS, NUM_BATCHES = 10, 8


class Points(d2l.DataModule):
    """Random points in two classes; the last batch of a pass is short."""

    def __init__(self, batch_size=8, num_train=60, num_val=20):
        super().__init__()
        self.save_hyperparameters()
        generator = torch.Generator().manual_seed(0)
        self.X = torch.randn(num_train + num_val, 5, generator=generator)
        self.y = (self.X[:, 0] > 0).long()

    def get_dataloader(self, train):
        rows = slice(0, self.num_train) if train else slice(self.num_train, None)
        return self.get_tensorloader((self.X, self.y), train, rows)


class NoValidation(Points):
    def val_dataloader(self):
        return None


class FromPyTorch(Points):
    """The points through PyTorch's own loader."""

    def get_dataloader(self, train):
        rows = slice(0, self.num_train) if train else slice(self.num_train, None)
        points = torch.utils.data.TensorDataset(self.X[rows], self.y[rows])
        return torch.utils.data.DataLoader(points, self.batch_size, shuffle=train)


class FromAnywhere(Points):
    """The points through a reader's own loader."""

    def train_dataloader(self):
        return OwnLoader(self.X[: self.num_train], self.y[: self.num_train], self.batch_size)


class OwnLoader:
    """Shuffles with Python's random numbers, and adds NumPy's noise to every batch."""

    def __init__(self, X, y, batch_size):
        self.X, self.y, self.batch_size = X, y, batch_size

    def __len__(self):
        return -(-len(self.X) // self.batch_size)

    def __iter__(self):
        order = list(range(len(self.X)))
        random.shuffle(order)
        for i in range(0, len(order), self.batch_size):
            X = self.X[order[i : i + self.batch_size]]
            noise = torch.from_numpy(np.random.normal(size=X.shape)).float()
            yield X + 0.1 * noise, self.y[order[i : i + self.batch_size]]


class Net(d2l.Classifier):
    """A classifier with dropout and batch norm, under an optimizer by name."""

    def __init__(self, optimizer="sgd", num_hiddens=8):
        super().__init__()
        self.save_hyperparameters()
        hidden = (nn.LazyLinear(num_hiddens), nn.BatchNorm1d(num_hiddens), nn.ReLU())
        self.net = nn.Sequential(*hidden, nn.Dropout(0.3), nn.LazyLinear(2))

    def configure_optimizers(self):
        sgd = torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)
        num_steps = NUM_EPOCHS * NUM_BATCHES
        return {
            "sgd": lambda: sgd,
            "adam": lambda: torch.optim.Adam(self.parameters(), lr=0.01),
            "step": lambda: (sgd, lr_scheduler.StepLR(sgd, step_size=3, gamma=0.5)),
            "plateau": lambda: (sgd, lr_scheduler.ReduceLROnPlateau(sgd, patience=0)),
            "one cycle": lambda: {
                "optimizer": sgd,
                "lr_scheduler": {
                    "scheduler": lr_scheduler.OneCycleLR(sgd, max_lr=0.2, total_steps=num_steps),
                    "interval": "step",
                },
            },
        }[self.optimizer]()


class OwnMomentum(OwnSGD):
    """The homework's optimizer with a velocity for each parameter and a count of its steps."""

    def __init__(self, params, lr, beta=0.9):
        super().__init__(params, lr)
        self.beta, self.num_steps = beta, 0
        self.velocities = [torch.zeros_like(param) for param in params]

    def step(self):
        self.num_steps += 1
        for param, velocity in zip(self.params, self.velocities, strict=True):
            velocity[:] = self.beta * velocity + param.grad
            param -= self.lr * velocity / (1 + 0.01 * self.num_steps)


class MomentumLine(PlainLine):
    def configure_optimizers(self):
        return OwnMomentum([self.w, self.b], self.lr)


class Remembering(Net):
    """A model that carries a plain tensor, which does not learn, from batch to batch."""

    def __init__(self):
        super().__init__()
        self.mean = torch.zeros(5)

    def training_step(self, batch):
        X, y = batch
        self.mean = 0.9 * self.mean + 0.1 * X.mean(0)
        return super().training_step((X - self.mean, y))


class BookTrainer(d2l.Trainer):
    """The trainer with the homework's own loop."""

    fit_epoch = book_fit_epoch


def short_line_data():
    """The book's synthetic regression data, with 60 training examples."""
    torch.manual_seed(5)
    return line_data(num_train=60, num_val=20, batch_size=8)


class Case(NamedTuple):
    """One run: how its parts are made."""

    model: Callable[[], Any] = Net
    data: Callable[[], Any] = Points
    options: dict[str, Any] = {}
    trainer: type = d2l.Trainer


CASES = {
    "sgd": Case(),
    "adam": Case(lambda: Net("adam")),
    "clipped": Case(options={"gradient_clip_val": 0.1}),
    "plain tensors": Case(lambda: PlainLine(2, lr=0.03), short_line_data),
    "velocities": Case(lambda: MomentumLine(2, lr=0.03), short_line_data),
    "step": Case(lambda: Net("step")),
    "plateau": Case(lambda: Net("plateau")),
    "one cycle": Case(lambda: Net("one cycle")),
    "accumulate": Case(options={"accumulate": 2}),
    "own loop": Case(trainer=BookTrainer),
    "own loop, plain": Case(lambda: PlainLine(2, lr=0.03), short_line_data, {}, BookTrainer),
    "PyTorch's loader": Case(data=FromPyTorch),
    "own loader": Case(data=FromAnywhere),
    "no validation": Case(data=NoValidation),
    "remembering": Case(Remembering),
    "streamed": Case(options={"stream": True}),
    "replayed": Case(options={"replay": True}),
    "bf16": Case(options={"precision": "bf16-mixed"}),
}
# The same with checkpoints in the middle of epochs.
MID_EPOCH = (
    "sgd", "adam", "velocities", "one cycle", "accumulate", "own loop", "PyTorch's loader",
    "own loader", "no validation", "remembering", "streamed", "replayed",
)  # fmt: skip
CASES |= {f"{name}, often": CASES[name]._replace(
    options={**CASES[name].options, "every": 0.3}
) for name in MID_EPOCH}  # fmt: skip


def parts(name, max_epochs=NUM_EPOCHS, seed=1, **options):
    """Model, data and trainer of a run, whose weights follow from the seed."""
    case = CASES[name]
    data = case.data()
    torch.manual_seed(seed)
    trainer = case.trainer(max_epochs, seed=seed, **{**case.options, **options})
    return case.model(), data, trainer


def killed_before(batch_idx, model, trainer):
    """Have this process killed when the model is to train on this batch of the run."""
    step = model.training_step

    def training_step(batch):
        if trainer.train_batch_idx == batch_idx:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(batch)

    model.training_step = training_step


def train(name, folder, batch_idx):
    """Train the run until it is killed."""
    model, data, trainer = parts(name, checkpoint=folder)
    killed_before(batch_idx, model, trainer)
    trainer.fit(model, data)


def serve():
    """Answer each line that asks for a run to be killed."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                os.dup2(2, 1)
                train(*json.loads(line))
            finally:
                sys.stderr.flush()
                os._exit(1)
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    serve()
