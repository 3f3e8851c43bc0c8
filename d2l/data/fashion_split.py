"""The training or the test set as a torchvision data set. Imports torchvision, so load it late."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torchvision
from torchvision import transforms

from d2l.data.fashion_files import read_split


class FashionMNISTSplit(torchvision.datasets.FashionMNIST):
    """torchvision's Fashion-MNIST, which also finds its files in the locations of `read_split`."""

    def __init__(self, root: str | Path, train: bool, transform: Callable[[Any], Any]) -> None:
        torchvision.datasets.VisionDataset.__init__(self, root, transform=transform)
        self.train = train
        self.data, self.targets = read_split(root, train)


def to_tensor_of_size(size: int | tuple[int, int]) -> Callable[[Any], Any]:
    """Return the book's image transform: resize, then convert to a tensor in [0, 1]."""
    return transforms.Compose([transforms.Resize(size), transforms.ToTensor()])
