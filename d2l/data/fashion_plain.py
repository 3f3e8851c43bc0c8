"""The training or the test set of Fashion-MNIST for environments without torchvision.

Attributes, items and values are those of torchvision's data set.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from d2l.base.axes import Float, Tensor
from d2l.data.fashion_files import read_split

CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


class PlainFashionMNIST(torch.utils.data.Dataset[tuple[Any, Any]]):
    """Images and labels as tensors in `data` and `targets`; an item is a transformed PIL image."""

    classes = list(CLASSES)

    def __init__(
        self, root: str | Path, train: bool, transform: Callable[[Any], Any] | None = None
    ) -> None:
        self.root = os.path.expanduser(root)
        self.train = train
        self.transform = transform
        self.target_transform: Callable[[Any], Any] | None = None
        self.data, self.targets = read_split(root, train)

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        from PIL import Image

        image: Any = Image.fromarray(self.data[index].numpy())
        label: Any = int(self.targets[index])
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return image, label

    @property
    def class_to_idx(self) -> dict[str, int]:
        """Mapping from class name to class index."""
        return {name: number for number, name in enumerate(self.classes)}

    def __repr__(self) -> str:
        part = "Train" if self.train else "Test"
        return (
            f"Dataset FashionMNIST\n    Number of datapoints: {len(self)}\n"
            f"    Root location: {self.root}\n    Split: {part}\n    Transform: {self.transform}"
        )


class ToTensorOfSize:
    """Resizes one PIL image to `size` and converts it to a (1, height, width) tensor in [0, 1]."""

    def __init__(self, size: int | tuple[int, int]) -> None:
        self.size = (size, size) if isinstance(size, int) else tuple(size)

    def __call__(self, image: Any) -> Float[Tensor, "1 height width"]:
        import numpy as np
        from PIL import Image

        if image.size != self.size[::-1]:
            image = image.resize(self.size[::-1], Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(image))
        return pixels.unsqueeze(0).to(torch.get_default_dtype()).div(255)

    def __repr__(self) -> str:
        return f"ToTensorOfSize({self.size})"
