"""Runs that a checkpoint must hold whole, by name, and a program in which they are killed.

    python resumable.py

reads lines of JSON, [name, folder], and for each trains that run in a process of its own that is
killed with -9 in the middle of an epoch; answers with the process's status.
"""

import json
import math
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
from d2l.core.unregistered import unregistered_tensors

NUM_BATCHES = 8


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
        return math.ceil(len(self.X) / self.batch_size)

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
        num_steps = 10 * NUM_BATCHES
        return {
            "sgd": lambda: sgd,
            "adam": lambda: torch.optim.Adam(self.parameters(), lr=0.01),
            "step": lambda: (sgd, lr_scheduler.StepLR(sgd, step_size=3, gamma=0.5)),
            "plateau": lambda: (sgd, lr_scheduler.ReduceLROnPlateau(sgd, "max", patience=1)),
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
    """One run: how its parts are made, and after how many epochs and batches it is killed."""

    model: Callable[[], Any] = Net
    data: Callable[[], Any] = Points
    options: dict[str, Any] = {}
    trainer: type = d2l.Trainer
    max_epochs: int = 4
    killed_before: int = 2 * NUM_BATCHES + 3


CASES = {
    "sgd": Case(),
    "adam": Case(lambda: Net("adam"), options={"gradient_clip_val": 0.1}),
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
OFTEN = {
    f"{name}, often": CASES[name]._replace(options={**CASES[name].options, "every": 0.3})
    for name in (
        *("sgd", "adam", "velocities", "one cycle", "accumulate", "own loop", "PyTorch's loader"),
        *("own loader", "no validation", "remembering", "streamed", "replayed"),
    )
}
TEN_EPOCHS = {
    f"{name}, ten epochs": CASES[name]._replace(max_epochs=10, killed_before=5 * NUM_BATCHES + 3)
    for name in ("sgd", "adam", "plain tensors", "velocities", "one cycle")
}
CASES |= {**OFTEN, **TEN_EPOCHS}


def parts(name, seed=1, max_epochs=None, **options):
    """Model, data and trainer of a run, whose weights follow from the seed."""
    case = CASES[name]
    data = case.data()
    torch.manual_seed(seed)
    trainer = case.trainer(max_epochs or case.max_epochs, seed=seed, **{**case.options, **options})
    return case.model(), data, trainer


def learned(model):
    return [
        t.clone() for t in (*nn.Module.state_dict(model).values(), *unregistered_tensors(model))
    ]


def is_same(tensors, others):
    return all(torch.equal(a, b) for a, b in zip(tensors, others, strict=True))


def outcome(model, trainer):
    """What a run has come to, and where its random numbers go on."""
    return (
        [tensor.tolist() for tensor in learned(model)],
        model.board.points,
        (trainer.epoch, trainer.train_batch_idx, trainer.val_batch_idx),
        torch.rand(1).item(),
    )


def straight(name):
    model, data, trainer = parts(name, every=1)  # and no folder: checkpoints change nothing
    trainer.fit(model, data)
    return outcome(model, trainer)


def resumed(name, resume="last", seed=7, **options):
    """The run in a program that begins with other weights and other random numbers."""
    model, data, trainer = parts(name, seed=seed, **options)
    trainer.fit(model, data, resume=resume)
    return outcome(model, trainer)


def killed_before(batch_idx, model, trainer):
    """Have this process killed when the model is to train on this batch of the run."""
    loss = model.loss

    def killing_loss(*args):
        if model.training and trainer.train_batch_idx == batch_idx:
            os.kill(os.getpid(), signal.SIGKILL)
        return loss(*args)

    model.loss = killing_loss


def train(name, folder):
    """Train the run until it is killed."""
    model, data, trainer = parts(name, checkpoint=folder)
    killed_before(CASES[name].killed_before, model, trainer)
    trainer.fit(model, data)


def serve():
    """Answer each line that asks for a run to be killed."""
    torch.optim.SGD([torch.zeros(1)], lr=1)  # the first one loads a lot, here once for all
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
