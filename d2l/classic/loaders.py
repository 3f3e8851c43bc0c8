"""Data loaders, downloads and text wrapping, as in d2l 0.17.6."""

import os
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

from d2l.base.axes import Float, Tensor
from d2l.base.call_shapes import call_shape_of
from d2l.data.data_dirs import BOOK_FOLDER
from d2l.data.fashion_mnist import FashionMNIST, names_of_labels
from d2l.data.hub import DATA_HUB, download
from d2l.engine.tensor_loaders import ResidentLoader


def synthetic_data(
    w: Float[Tensor, "num_inputs"], b: float | Float[Tensor, "..."], num_examples: int
) -> tuple[Float[Tensor, "num_examples num_inputs"], Float[Tensor, "num_examples 1"]]:
    """Return `X` and `y = X w + b + noise`: standard normal `X`, noise N(0, 0.01²).

    Drawn from PyTorch's global generator.

    >>> X, y = d2l.synthetic_data(torch.tensor([2., -3.4]), 4.2, 1000)
    >>> X.shape, y.shape
    (torch.Size([1000, 2]), torch.Size([1000, 1]))

    Book: 23.7 Utility functions and classes
    """
    X = torch.normal(0, 1, (num_examples, len(w)))
    y = torch.matmul(X, w) + b
    y = y + torch.normal(0, 0.01, y.shape)
    return X, y.reshape((-1, 1))


def load_array(
    data_arrays: Sequence[Tensor], batch_size: int, is_train: bool = True
) -> ResidentLoader:
    """Return a loader of minibatches of tensors, reshuffled in each epoch if `is_train`.

    With the same seed, the batches equal those of a PyTorch `DataLoader`.

    >>> loader = d2l.load_array((torch.arange(3), torch.tensor([5, 6, 7])), 2, is_train=False)
    >>> [[X.tolist(), y.tolist()] for X, y in loader]
    [[[0, 1], [5, 6]], [[2], [7]]]

    Book: 23.7 Utility functions and classes
    """
    return ResidentLoader(tuple(data_arrays), batch_size, shuffle=is_train)


def get_dataloader_workers() -> int:
    """Return the number of worker processes for a DataLoader: the CPU cores, at most 4.

    >>> 1 <= d2l.get_dataloader_workers() <= 4
    True

    Book: 23.7 Utility functions and classes
    """
    if hasattr(os, "sched_getaffinity"):
        return min(4, len(os.sched_getaffinity(0)))
    return min(4, os.cpu_count() or 1)


def load_data_fashion_mnist(
    batch_size: int, resize: int | tuple[int, int] | None = None
) -> tuple[Any, Any]:
    """Return loaders of Fashion-MNIST's training images (shuffled) and test images.

    Batches are `X` (batch, 1, height, width) in [0, 1] and `y` (batch,) int64; height and width are
    28, or `resize`. The files are located as in `FashionMNIST`.

    >>> train_iter, test_iter = d2l.load_data_fashion_mnist(32, resize=64)  # doctest: +SKIP
    >>> X, y = next(iter(train_iter))  # doctest: +SKIP
    >>> X.shape, y.shape  # doctest: +SKIP
    (torch.Size([32, 1, 64, 64]), torch.Size([32]))

    Book: 23.7 Utility functions and classes
    """
    data = FashionMNIST(batch_size, (28, 28) if resize is None else resize)
    return data.train_dataloader(), data.val_dataloader()


def get_fashion_mnist_labels(labels: Iterable[Any]) -> list[str]:
    """Return the names of Fashion-MNIST's classes with these indices.

    >>> d2l.get_fashion_mnist_labels([0, 9])
    ['t-shirt', 'ankle boot']

    Book: 23.7 Utility functions and classes
    """
    return names_of_labels(labels)


def download_all() -> None:
    """Download every data set of `DATA_HUB` into `../data`, as `download` does: about 10 GB.

    >>> d2l.download_all()  # doctest: +SKIP

    Book: 4.10 Predicting house prices (0.17.6)
    """
    for name in DATA_HUB:
        download(name)


@call_shape_of(download)
def download_into(
    native: Callable[..., str], name: str, cache_dir: str | os.PathLike[str] = BOOK_FOLDER
) -> str:
    """Accept `download(name, cache_dir="../data")`."""
    return native(name, cache_dir)


def print_wrapped(*args: object, width: int = 76) -> None:
    """Print like `print`, wrapping lines at spaces to at most `width` characters.

    Line breaks in the text are kept. Words longer than a line are not broken.

    >>> d2l.print_wrapped("one two three", 4, width=9)
    one two
    three 4

    Book: 23.7 Utility functions and classes (2026)
    """
    for line in " ".join(map(str, args)).split("\n"):
        print(textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False))
