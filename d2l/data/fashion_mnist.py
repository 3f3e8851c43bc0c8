"""Fashion-MNIST, 70,000 small images of clothes in ten classes, as a data module."""

import platform
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import interpolate

from d2l.base.axes import Float, Int, Shaped, Tensor, UInt8
from d2l.base.torchvision_import import load_torchvision
from d2l.core.data_module import DataModule
from d2l.engine.tensor_loaders import ResidentLoader
from d2l.errors import LabelError
from d2l.plot.images import show_images

if TYPE_CHECKING:
    from d2l.data.fashion_plain import PlainFashionMNIST
    from d2l.data.fashion_split import FashionMNISTSplit

TEXT_LABELS = (
    "t-shirt", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip


class FashionMNIST(DataModule):
    """60,000 training and 10,000 validation images, one channel, `resize` pixels high and wide.

    `train` and `val` are torchvision data sets or, without torchvision, data sets with the same
    attributes and items. The loaders batch the data set in memory and scale pixels to [0, 1], on
    the device of the run: `X` (batch, 1, height, width) float32, `y` (batch,) int64. The files are
    searched for in `root`, in the folder named by the environment variable D2L_DATA, in Debian's
    package dataset-fashion-mnist, and on mirrors. Raises `DataError` with each location tried if
    the files are not found.

    >>> data = d2l.FashionMNIST(batch_size=256)  # doctest: +SKIP
    >>> X, y = next(iter(data.val_dataloader()))  # doctest: +SKIP
    >>> X.shape, data.text_labels(y[:3])  # doctest: +SKIP
    (torch.Size([256, 1, 28, 28]), ['ankle boot', 'pullover', 'trouser'])

    Book: 4.2 The image classification dataset
    """

    train: "FashionMNISTSplit | PlainFashionMNIST"
    val: "FashionMNISTSplit | PlainFashionMNIST"
    root: str
    num_workers: int

    def __init__(
        self,
        batch_size: int = 64,
        resize: int | tuple[int, int] = (28, 28),
        *,
        root: str = "../data",
    ) -> None:
        super().__init__(root=root)
        self.save_hyperparameters()
        split, self._transform = _split_and_transform(resize)
        self.train = split(root, True, self._transform)
        self.val = split(root, False, self._transform)

    def text_labels(self, indices: Iterable[Any]) -> list[str]:
        """Return the class names of these indices.

        Book: 4.2 The image classification dataset
        """
        return names_of_labels(indices)

    def get_dataloader(self, train: bool) -> Any:
        """Return a loader of minibatches, shuffled if `train`.

        If the user replaced the data set or its transform, the loader is a PyTorch DataLoader.
        """
        split = self.train if train else self.val
        if not self._is_ours(split):
            return torch.utils.data.DataLoader(
                split, self.batch_size, shuffle=train, num_workers=self.num_workers
            )
        _check_labels(split.targets)
        scale = ScaledImages(self.resize)
        tensors = (split.data.unsqueeze(1), split.targets)
        return ResidentLoader(tensors, self.batch_size, train, scale, split)

    def visualize(
        self, batch: Sequence[Any], nrows: int = 1, ncols: int = 8, labels: Sequence[str] = ()
    ) -> None:
        """Show the first images of a batch `(X, y)`, titled with `labels` or their class names.

        Book: 4.2 The image classification dataset
        """
        X, y = batch
        shown = min(len(X), nrows * ncols)
        titles = list(labels) or self.text_labels(y[:shown])
        show_images(X[:shown].squeeze(1), nrows, ncols, titles=titles)

    resize: int | tuple[int, int]

    def _is_ours(self, split: Any) -> bool:
        made_here = vars(self).get("_transform")  # absent if a subclass's constructor replaced ours
        untouched = made_here is not None and getattr(split, "transform", None) is made_here
        return untouched and getattr(split, "target_transform", None) is None


class ScaledImages:
    """Converts a batch of raw images to the model's input, on any device.

    Resized values equal those of single images from `train` and `val` to within 1/255.
    """

    def __init__(self, size: int | tuple[int, int]) -> None:
        self.size = (size, size) if isinstance(size, int) else tuple(size)

    def __call__(
        self, images: UInt8[Tensor, "batch 1 h w"], labels: Int[Tensor, "batch"]
    ) -> tuple[Float[Tensor, "batch 1 height width"], Int[Tensor, "batch"]]:
        if images.shape[2:] != self.size:
            images = _resize(images, self.size)
        return images.float().div_(255), labels


def _resize(
    images: UInt8[Tensor, "batch 1 _ _"], size: tuple[int, ...]
) -> Shaped[Tensor, "batch 1 height width"]:
    """Resize bilinearly with antialiasing, rounding to integer grey levels."""
    if not (images.device.type == "cpu" and _has_fast_bytes()):
        images = images.float()
    resized = interpolate(images, size, mode="bilinear", antialias=True)
    return resized.round_() if resized.is_floating_point() else resized


def _has_fast_bytes() -> bool:
    """Whether PyTorch has vector instructions for resizing uint8, faster than for float32."""
    is_arm = platform.machine() in ("aarch64", "arm64")
    return is_arm or torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


def _split_and_transform(
    resize: int | tuple[int, int],
) -> tuple[Callable[..., Any], Callable[[Any], Any]]:
    """Return torchvision's data set and transform, or ours if torchvision cannot be imported."""
    try:
        load_torchvision("FashionMNIST as a torchvision data set")
    except ImportError as error:
        if not isinstance(error, ModuleNotFoundError):
            warnings.warn(f"{error}. Fashion-MNIST is read without torchvision", stacklevel=3)
        from d2l.data.fashion_plain import PlainFashionMNIST, ToTensorOfSize

        return PlainFashionMNIST, ToTensorOfSize(resize)
    from d2l.data.fashion_split import FashionMNISTSplit, to_tensor_of_size

    return FashionMNISTSplit, to_tensor_of_size(resize)


def names_of_labels(indices: Iterable[Any]) -> list[str]:
    """Return the class names of these indices."""
    numbers = [int(i) for i in indices]
    _check_labels(torch.tensor(numbers))
    return [TEXT_LABELS[i] for i in numbers]


def _check_labels(labels: Tensor) -> None:
    if len(labels) and not (int(labels.min()) >= 0 and int(labels.max()) < len(TEXT_LABELS)):
        raise LabelError(
            f"Fashion-MNIST has the classes 0..{len(TEXT_LABELS) - 1}; found labels from "
            f"{int(labels.min())} to {int(labels.max())}"
        )
