"""The banana detection data set, a small data set for object detection."""

import csv
import operator
from pathlib import Path

import torch

from d2l.base.axes import Float, Tensor, UInt8
from d2l.data.hub import download_extract
from d2l.engine.tensor_loaders import ResidentLoader
from d2l.errors import DataError
from d2l.vision.image_files import read_images

COLUMNS = ("label", "xmin", "ymin", "xmax", "ymax")


def read_data_bananas(
    is_train: bool = True, *, folder: str | Path | None = None
) -> tuple[list[UInt8[Tensor, "3 _ _"]], Float[Tensor, "num_images 1 5"]]:
    """Return the images and labels (class, x1, y1, x2, y2), corners as fractions of the image size.

    The data set is downloaded once, unless `folder` contains one of the same layout: the folders
    `bananas_train` and `bananas_val`, each with `label.csv` and the images it lists in `images`.
    Raises `DataError` if a file is missing or corrupt.

    >>> images, labels = d2l.read_data_bananas(is_train=False)  # doctest: +SKIP
    >>> len(images), images[0].shape, labels.shape  # doctest: +SKIP
    (100, torch.Size([3, 256, 256]), torch.Size([100, 1, 5]))

    Book: 14.6 The object detection dataset
    """
    folder = Path(download_extract("banana-detection") if folder is None else folder)
    part = folder / ("bananas_train" if is_train else "bananas_val")
    names, labels = _read_table(part / "label.csv")
    images = read_images([part / "images" / name for name in names])
    widths_heights = torch.tensor([image.shape[:0:-1] for image in images])
    labels[:, 1:] /= widths_heights.repeat(1, 2)
    return images, labels.unsqueeze(1)


class BananasDataset(torch.utils.data.Dataset):
    """The data set in memory: `dataset[i]` is an image (3, 256, 256), float32 0..255, and a label.

    `features` (num_images, 3, 256, 256) are uint8. Labels (1, 5) and `folder` are as in
    `read_data_bananas`.

    >>> image, label = d2l.BananasDataset(is_train=False)[0]  # doctest: +SKIP
    >>> image.shape, label.shape  # doctest: +SKIP
    (torch.Size([3, 256, 256]), torch.Size([1, 5]))

    Book: 14.6 The object detection dataset
    """

    features: UInt8[Tensor, "num_images 3 height width"]
    labels: Float[Tensor, "num_images 1 5"]

    def __init__(self, is_train: bool, *, folder: str | Path | None = None) -> None:
        images, self.labels = read_data_bananas(is_train, folder=folder)
        shapes = {tuple(image.shape) for image in images}
        if len(shapes) > 1:
            raise DataError(f"all images of a data set must have one size; found {sorted(shapes)}")
        self.features = torch.stack(images)

    def __getitem__(self, idx: int) -> tuple[Float[Tensor, "3 height width"], Float[Tensor, "1 5"]]:
        return self.features[operator.index(idx)].float(), self.labels[idx]

    def __len__(self) -> int:
        return len(self.features)


def load_data_bananas(
    batch_size: int, *, folder: str | Path | None = None
) -> tuple[ResidentLoader, ResidentLoader]:
    """Return loaders of shuffled training batches and of validation batches.

    A batch is images (batch, 3, 256, 256), float32 in 0..255, and labels (batch, 1, 5). `folder`
    is as in `read_data_bananas`.

    >>> train_iter, val_iter = d2l.load_data_bananas(batch_size=32)  # doctest: +SKIP
    >>> images, labels = next(iter(train_iter))  # doctest: +SKIP
    >>> images.shape, labels.shape  # doctest: +SKIP
    (torch.Size([32, 3, 256, 256]), torch.Size([32, 1, 5]))

    Book: 14.6 The object detection dataset
    """
    return _loader(True, batch_size, folder), _loader(False, batch_size, folder)


def _loader(is_train: bool, batch_size: int, folder: str | Path | None) -> ResidentLoader:
    dataset = BananasDataset(is_train, folder=folder)
    tensors = (dataset.features, dataset.labels)
    return ResidentLoader(tensors, batch_size, is_train, _with_floats, dataset)


def _with_floats(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    return images.float(), labels


def _read_table(file: Path) -> tuple[list[str], Float[Tensor, "num_images 5"]]:
    """Return the image names and their labels with corners in pixels."""
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        names = [row["img_name"] for row in rows]
        labels = [[float(row[column]) for column in COLUMNS] for row in rows]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{file} must be a CSV file with the columns img_name, {', '.join(COLUMNS)}; found "
            f"{type(error).__name__}: {error}"
        ) from error
    if not names:
        raise DataError(f"{file} lists no images")
    return names, torch.tensor(labels)
