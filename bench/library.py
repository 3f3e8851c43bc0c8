"""What is measured of a d2l, this one or the released one: the same lines of a homework for both.

Knows only names that both have.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from bench import nets
from bench.clock import median_epoch, now, seconds_of
from bench.size import BATCH_SIZE, BATCHES_TO_WAKE, LEARNING_RATE, NUM_HIDDENS, Size
from d2l import torch as d2l

Numbers = dict[str, Any]


class Timed:
    """A model that notes when a trainer turns it to training, which opens each epoch.

    It is no rung of the trainer's, so the trainer goes on as it would without it.
    """

    def train(self, mode: bool = True) -> Any:
        """As `nn.Module`."""
        if mode:
            self.marks.append(now())
        return super().train(mode)


class Softmax(Timed, d2l.SoftmaxRegression):
    """Softmax regression as the book has it."""


class MLP(Timed, d2l.Classifier):
    """The book's perceptron as a reader writes it; the released library has none."""

    def __init__(self, num_outputs: int, num_hiddens: int, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Flatten(), nn.LazyLinear(num_hiddens), nn.ReLU(), nn.LazyLinear(num_outputs)
        )


class Net(Timed, d2l.Classifier):
    """A classifier around a network of the reader's own."""

    def __init__(self, net: nn.Module, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters(ignore=["net"])
        self.net = net


def epochs(size: Size) -> Numbers:
    """A pass over the training images, and an epoch of the small models with a quiet board."""
    data = load()
    return {
        "pass": seconds_of_pass(data, size),
        "softmax": seconds_of_epoch(softmax, data, size),
        "mlp": seconds_of_epoch(mlp, data, size),
    }


def pass_96(size: Size) -> Numbers:
    """A pass over the training images, enlarged."""
    return {"pass_96": seconds_of_pass(load(pixels=96), size)}


def lenet(size: Size) -> Numbers:
    """An epoch of LeNet, or some batches."""
    data = load(num_batches=size.lenet_batches)
    return {"lenet": seconds_of_epoch(lambda: Net(nets.lenet(), LEARNING_RATE), data, size)}


def resnet(size: Size) -> Numbers:
    """An epoch of ResNet-18, or some batches."""
    data = load(pixels=96, num_batches=size.resnet_batches)
    return {"resnet": seconds_of_epoch(lambda: Net(nets.resnet18(), LEARNING_RATE), data, size)}


def fit(size: Size) -> Numbers:
    """A fit with the board as it is by default, and the accuracy it reached."""
    if size.on_gpu:
        wake(size)
    torch.manual_seed(0)
    data, model = load(), mlp()
    seconds = seconds_of(lambda: train(model, data, size.fit_epochs, size, display=True), 0)
    return {"fit": seconds, "accuracy": accuracy(model, data, size)}


def softmax() -> Softmax:
    """Softmax regression."""
    return Softmax(num_outputs=10, lr=LEARNING_RATE)


def mlp() -> MLP:
    """The perceptron."""
    return MLP(num_outputs=10, num_hiddens=NUM_HIDDENS, lr=LEARNING_RATE)


def load(pixels: int = 28, num_batches: int | None = None) -> Any:
    """All images, or enough for so many batches and a sixth of that to validate."""
    data = d2l.FashionMNIST(batch_size=BATCH_SIZE, resize=(pixels, pixels))
    if num_batches is not None:
        keep_first(data.train, num_batches * BATCH_SIZE)
        keep_first(data.val, num_batches * BATCH_SIZE // 6)
    return data


def keep_first(split: Any, num_images: int) -> None:
    """Leave the rest; `data` and `targets` are torchvision's names."""
    split.data, split.targets = split.data[:num_images], split.targets[:num_images]


def wake(size: Size) -> None:
    """Have the GPU ready; too few batches for a trainer to make anything of."""
    train(mlp(), load(num_batches=BATCHES_TO_WAKE), 1, size)


def seconds_of_pass(data: Any, size: Size) -> float:
    """One pass over the training images, each batch on the device; the first does not count."""
    loader = data.train_dataloader()
    if hasattr(loader, "to"):  # ours moves to the device whole, as it does before a fit
        loader = loader.to(torch.device(size.device))
    read_images(loader, size)
    return seconds_of(lambda: read_images(loader, size), size.at_least_seconds)


def read_images(loader: Any, size: Size) -> None:
    """Touch every batch."""
    for X, y in loader:
        X.to(size.device), y.to(size.device)


def seconds_of_epoch(new_model: Callable[[], Any], data: Any, size: Size) -> float:
    """An epoch, validation included, with a quiet board."""
    return median_epoch(lambda: train(new_model(), data, size.epochs, size), size)


def train(
    model: Any, data: Any, epochs: int, size: Size, display: bool = False, **options: Any
) -> list[float]:
    """What a homework does; returns the seconds of each epoch."""
    model.board.display, model.marks = display, []
    d2l.Trainer(max_epochs=epochs, num_gpus=int(size.on_gpu), **options).fit(model, data)
    marks = [*model.marks, now()]
    if len(marks) != epochs + 1:
        raise RuntimeError(f"{epochs} epochs turned the model to training {len(marks) - 1} times")
    return [end - begin for begin, end in pairwise(marks)]


def accuracy(model: Any, data: Any, size: Size) -> float:
    """The share of right predictions over the validation images, counted one by one."""
    model.eval()
    with torch.no_grad():
        right = [
            (model(X.to(size.device)).cpu().argmax(1) == y).sum() for X, y in data.val_dataloader()
        ]
    return int(sum(right)) / len(data.val)
