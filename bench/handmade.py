"""The rival without a library: what an experienced hand writes in plain PyTorch, data in memory."""

from collections.abc import Iterator
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from bench.size import BATCH_SIZE, LEARNING_RATE, NUM_HIDDENS, Size
from bench.worker import seconds_of

Numbers = dict[str, Any]
Split = tuple[Tensor, Tensor]


def epochs(size: Size) -> Numbers:
    """A pass over the training images, and an epoch of each model."""
    training, validation = load(train=True), load(train=False)
    read_images(training)  # the first pass does not count
    enough = size.at_least_seconds
    return {
        "pass": seconds_of(lambda: read_images(training), enough),
        "softmax": seconds_of(lambda: run(softmax(), training, validation, epochs=1), enough),
        "mlp": seconds_of(lambda: run(mlp(), training, validation, epochs=1), enough),
    }


def fit(size: Size) -> Numbers:
    """A whole fit, and the accuracy it reached."""
    torch.manual_seed(0)
    training, validation, model = load(train=True), load(train=False), mlp()
    seconds = seconds_of(lambda: run(model, training, validation, size.fit_epochs), 0)
    return {"fit": seconds, "accuracy": validate(model, validation)[1]}


def load(train: bool) -> Split:
    """All images, as bytes, and their labels."""
    split = torchvision.datasets.FashionMNIST(root="../data", train=train)
    return split.data.unsqueeze(1), split.targets


def softmax() -> nn.Module:
    """Softmax regression."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def mlp() -> nn.Module:
    """The perceptron."""
    layers = nn.Linear(784, NUM_HIDDENS), nn.ReLU(), nn.Linear(NUM_HIDDENS, 10)
    return nn.Sequential(nn.Flatten(), *layers)


def batches(images: Tensor, labels: Tensor, shuffle: bool) -> Iterator[Split]:
    """Minibatches, pixels in [0, 1]. For rows, `index_select` takes half as long as indexing."""
    order = torch.randperm(len(images)) if shuffle else torch.arange(len(images))
    for rows in order.split(BATCH_SIZE):
        yield images.index_select(0, rows).float().div_(255), labels.index_select(0, rows)


def read_images(training: Split) -> None:
    """One pass over the training images."""
    for _ in batches(*training, shuffle=True):
        pass


def run(model: nn.Module, training: Split, validation: Split, epochs: int) -> None:
    """Train and validate."""
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    for _ in range(epochs):
        train_epoch(model, optimizer, training)
        validate(model, validation)


def train_epoch(model: nn.Module, optimizer: torch.optim.SGD, training: Split) -> None:
    """Forward, backward, step."""
    for X, y in batches(*training, shuffle=True):
        loss = cross_entropy(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def validate(model: nn.Module, validation: Split) -> tuple[float, float]:
    """The mean loss and the share of right predictions."""
    loss, right = torch.zeros(()), torch.zeros(())
    with torch.no_grad():
        for X, y in batches(*validation, shuffle=False):
            logits = model(X)
            loss += cross_entropy(logits, y, reduction="sum")
            right += (logits.argmax(1) == y).sum()
    num_examples = len(validation[1])
    return float(loss) / num_examples, float(right) / num_examples
