"""This library as a contender: the homework's lines, `Trainer.fit` with a quiet board."""

from typing import Any

import torch

from bench import library
from bench.peers.case import Case, Epochs
from bench.peers.tasks import NUM_LETTERS, TASKS, Task, Tensors, Text, images, optimizer_of
from bench.size import Size
from d2l import torch as d2l


def run(case: Case) -> Epochs:
    """Train and validate, a fit for the warm-up before it."""
    fit(case.warm())
    torch.manual_seed(case.seed)
    model, seconds = fit(case)
    return Epochs(seconds, [float(point.y) for point in model.board.points["val_acc"]])


def fit(case: Case, validates: bool = True) -> tuple[Any, list[float]]:
    """A new model after `case.epochs` epochs, and the seconds of each."""
    task = TASKS[case.task]
    model, data = new_model(case, task), new_data(case, task)
    if not validates:
        data.val_dataloader = lambda: None
    seconds = library.train(model, data, case.epochs, Size(), gradient_clip_val=task.clip)
    return model, seconds


def new_model(case: Case, task: Task) -> Any:
    """As a reader of the book writes it."""
    if case.task == "mlp":
        return library.mlp()
    if case.task == "softmax":
        return library.softmax()
    if case.task == "rnn":
        return Language(d2l.RNN(NUM_LETTERS, 32), NUM_LETTERS, lr=task.lr)
    return (AdamNet if task.uses_adam else library.Net)(task.new_net(), task.lr)


def new_data(case: Case, task: Task) -> Any:
    """The data module of the task."""
    if task.load is images:
        data = library.load()
        library.keep_first(data.train, case.num_train)
        library.keep_first(data.val, case.num_val)
        return data
    if case.task == "rnn":
        return Text(case)
    return Made(task.load(case), task.batch_size)


class Language(library.Timed, d2l.RNNLM):
    """The book's language model, which reports its accuracy as the other tasks do."""

    def validation_step(self, batch: Any) -> Any:
        """The loss and the accuracy."""
        return d2l.Classifier.validation_step(self, batch)


class AdamNet(library.Net):
    """A classifier trained by Adam."""

    def configure_optimizers(self) -> Any:
        """As the hand-written loop has it."""
        return optimizer_of(TASKS["transformer"], self)


class Made(d2l.DataModule):
    """Tensors as a data module."""

    def __init__(self, tensors: Tensors, batch_size: int) -> None:
        super().__init__()
        self.save_hyperparameters(ignore=["tensors"])
        self.tensors = tensors

    def get_dataloader(self, train: bool) -> Any:
        """Minibatches, shuffled if `train`."""
        return self.get_tensorloader(self.tensors[:2] if train else self.tensors[2:], train)
