"""What one process of `bench.peers` is asked to measure, and what it answers."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BATCH_SIZE = 256
LEARNING_RATE = 0.1
NUM_HIDDENS = 256
WIDTHS = {"mlp": (784, NUM_HIDDENS, 10), "softmax": (784, 10)}  # of the layers, input first
WARM_TRAIN, WARM_VAL = BATCH_SIZE + 96, BATCH_SIZE + 16  # the batch shapes of an epoch, once each
RAW_FOLDER = Path("../data/FashionMNIST/raw")  # from the folder in which every process runs

Arrays = tuple[NDArray[np.uint8], NDArray[np.int64]]


class Case(NamedTuple):
    """One contender, one task; `num_train` and `num_val` examples of it, from the first on."""

    contender: str
    module: str  # has run(case), which is the contender
    task: str
    epochs: int
    num_train: int
    num_val: int
    seed: int = 0
    threads: int | None = None  # None: the contender's own choice

    def warm(self) -> "Case":
        """The untimed fit that comes first: batches of each shape, so that all is compiled."""
        num_train, num_val = min(self.num_train, WARM_TRAIN), min(self.num_val, WARM_VAL)
        return self._replace(epochs=1, num_train=num_train, num_val=num_val)


class Epochs(NamedTuple):
    """Of each epoch: its seconds, validation included, and the validation accuracy after it."""

    seconds: list[float]
    accuracies: list[float]


class Stopwatch:
    """The seconds between pairs of calls of `start` and `stop`."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._begun = 0.0

    def start(self) -> None:
        """An epoch begins."""
        self._begun = time.perf_counter()

    def stop(self) -> None:
        """It has ended."""
        self.seconds.append(time.perf_counter() - self._begun)


def read_images(case: Case, train: bool) -> Arrays:
    """The first images of Fashion-MNIST (n, 28, 28) and their labels (n,); without PyTorch."""
    kind, count = ("train", case.num_train) if train else ("t10k", case.num_val)
    pixels = np.fromfile(RAW_FOLDER / f"{kind}-images-idx3-ubyte", np.uint8, offset=16)
    labels = np.fromfile(RAW_FOLDER / f"{kind}-labels-idx1-ubyte", np.uint8, offset=8)
    return pixels.reshape(-1, 28, 28)[:count], labels.astype(np.int64)[:count]


def floats(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Pixels in [0, 1]."""
    return images.astype(np.float32) / np.float32(255)


def require_recorded(losses: Iterable[float], num_batches: int) -> None:
    """Raise unless there is a loss for each batch."""
    if (found := len(list(losses))) != num_batches:
        raise RuntimeError(f"{num_batches} batches left {found} losses")
