"""skorch as its documentation has it: a NeuralNetClassifier on arrays, its own iterators."""

from typing import Any

import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback
from skorch.dataset import Dataset
from skorch.helper import predefined_split

from bench import nets
from bench.peers.case import (
    BATCH_SIZE,
    LEARNING_RATE,
    Case,
    Epochs,
    Stopwatch,
    floats,
    read_images,
)


class Watch(Callback):
    """The seconds of each epoch, validation included."""

    def __init__(self, watch: Stopwatch) -> None:
        self.watch = watch

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        """Start the watch."""
        self.watch.start()

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Stop it."""
        self.watch.stop()


def run(case: Case) -> Epochs:
    """Train and validate, a fit for the warm-up before it."""
    fit(case.warm())
    torch.manual_seed(case.seed)
    return fit(case)


def fit(case: Case) -> Epochs:
    """A new network."""
    (images, labels), (val_images, val_labels) = (read_images(case, t) for t in (True, False))
    watch = Stopwatch()
    net = NeuralNetClassifier(
        getattr(nets, case.task),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.SGD,
        lr=LEARNING_RATE,
        max_epochs=case.epochs,
        batch_size=BATCH_SIZE,
        iterator_train__shuffle=True,
        train_split=predefined_split(Dataset(floats(val_images), val_labels)),
        callbacks=[Watch(watch)],
        verbose=0,
    )
    net.fit(floats(images), labels)
    return Epochs(watch.seconds, [float(value) for value in net.history[:, "valid_acc"]])
