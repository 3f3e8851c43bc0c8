"""The rival without a library: what an experienced hand writes in plain PyTorch, data in memory,
on a GPU in the GPU's.
"""

from collections.abc import Iterator
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torchvision.transforms.v2.functional import resize

from bench import nets
from bench.clock import median_epoch, now, seconds_of
from bench.size import BATCH_SIZE, BATCHES_TO_WAKE, LEARNING_RATE, Size

Numbers = dict[str, Any]


class Split:
    """Images, as bytes, and their labels, on a device; read as `pixels` by `pixels` floats."""

    def __init__(self, train: bool, device: str, pixels: int = 28) -> None:
        split = torchvision.datasets.FashionMNIST(root="../data", train=train)
        self.images, self.labels = split.data.unsqueeze(1).to(device), split.targets.to(device)
        self.pixels = pixels

    def keep_first(self, num_images: int) -> None:
        """Leave the rest."""
        self.images, self.labels = self.images[:num_images], self.labels[:num_images]

    def batches(self, shuffle: bool) -> Iterator[tuple[Tensor, Tensor]]:
        """Minibatches, pixels in [0, 1]. For rows, `index_select` is twice as fast as indexing."""
        arrange = torch.randperm if shuffle else torch.arange
        order = arrange(len(self.labels), device=self.labels.device)
        for rows in order.split(BATCH_SIZE):
            X = self.images.index_select(0, rows)
            if self.pixels != X.shape[-1]:
                X = resize(X, [self.pixels, self.pixels], antialias=True)
            yield X.float().div_(255), self.labels.index_select(0, rows)


Data = tuple[Split, Split]  # to train on, to validate on


def epochs(size: Size) -> Numbers:
    """A pass over the training images, and an epoch of the small models."""
    data = load(size)
    return {
        "pass": seconds_of_pass(data[0], size),
        "softmax": median_epoch(lambda: run(nets.softmax(), data, size.epochs), size),
        "mlp": median_epoch(lambda: run(nets.mlp(), data, size.epochs), size),
    }


def pass_96(size: Size) -> Numbers:
    """A pass over the training images, enlarged."""
    return {"pass_96": seconds_of_pass(load(size, pixels=96)[0], size)}


def lenet(size: Size) -> Numbers:
    """An epoch of LeNet, or some batches."""
    data = load(size, num_batches=size.lenet_batches)
    return {"lenet": median_epoch(lambda: run(nets.lenet(), data, size.epochs), size)}


def resnet(size: Size) -> Numbers:
    """An epoch of ResNet-18, or some batches."""
    data = load(size, pixels=96, num_batches=size.resnet_batches)
    return {"resnet": median_epoch(lambda: run(nets.resnet18(), data, size.epochs), size)}


def fit(size: Size) -> Numbers:
    """A whole fit, and the accuracy it reached."""
    if size.on_gpu:
        run(nets.mlp(), load(size, num_batches=BATCHES_TO_WAKE), epochs=1)
    torch.manual_seed(0)
    data, model = load(size), nets.mlp()
    seconds = seconds_of(lambda: run(model, data, size.fit_epochs), 0)
    return {"fit": seconds, "accuracy": validate(model, data[1])[1]}


def load(size: Size, pixels: int = 28, num_batches: int | None = None) -> Data:
    """All images, or enough for so many batches and a sixth of that to validate."""
    training = Split(True, size.device, pixels)
    validation = Split(False, size.device, pixels)
    if num_batches is not None:
        training.keep_first(num_batches * BATCH_SIZE)
        validation.keep_first(num_batches * BATCH_SIZE // 6)
    return training, validation


def seconds_of_pass(training: Split, size: Size) -> float:
    """One pass over the training images; the first does not count."""
    read_images(training)
    return seconds_of(lambda: read_images(training), size.at_least_seconds)


def read_images(training: Split) -> None:
    """Touch every batch."""
    for _ in training.batches(shuffle=True):
        pass


def run(model: nn.Module, data: Data, epochs: int) -> list[float]:
    """Train and validate; returns the seconds of each epoch."""
    training, validation = data
    model.to(training.images.device)
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    laps = []
    for _ in range(epochs):
        begun = now()
        train_epoch(model, optimizer, training)
        validate(model, validation)
        laps.append(now() - begun)
    return laps


def train_epoch(model: nn.Module, optimizer: torch.optim.SGD, training: Split) -> None:
    """Forward, backward, step."""
    model.train()
    for X, y in training.batches(shuffle=True):
        loss = cross_entropy(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def validate(model: nn.Module, validation: Split) -> tuple[float, float]:
    """The mean loss and the share of right predictions."""
    model.eval()
    loss, right = torch.zeros(2, device=validation.labels.device)
    with torch.no_grad():
        for X, y in validation.batches(shuffle=False):
            logits = model(X)
            loss += cross_entropy(logits, y, reduction="sum")
            right += (logits.argmax(1) == y).sum()
    num_examples = len(validation.labels)
    return float(loss) / num_examples, float(right) / num_examples
