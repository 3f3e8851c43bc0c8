"""Pascal VOC 2012 for semantic segmentation: images and per-pixel classes, randomly cropped."""

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from d2l.base.axes import Float, Int, Shaped, Tensor, UInt8
from d2l.base.torchvision_import import load_torchvision
from d2l.data.hub import download_extract
from d2l.errors import DataError, LabelError, ShapeError
from d2l.vision.boxes import check_axes
from d2l.vision.image_files import read_images

NUM_COLORS = 256**3


def _color(label: int) -> list[int]:
    """Distribute the bits of the class index over red, green and blue, highest bit first."""
    return [(label >> c & 1) << 7 | (label >> c + 3 & 1) << 6 for c in range(3)]


# The 21 classes by index, background first. A list, because homework prints and extends it; never
# modified here.
VOC_CLASSES = [
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair",
    "cow", "diningtable", "dog", "horse", "motorbike", "person", "potted plant", "sheep", "sofa",
    "train", "tv/monitor",
]  # fmt: skip
# The color of each class in label images: lists of red, green and blue in 0..255.
VOC_COLORMAP = [_color(label) for label in range(len(VOC_CLASSES))]


def voc_colormap2label() -> Int[Tensor, "16777216"]:
    """Return a table from colors, `(red * 256 + green) * 256 + blue`, to classes; 0 for others.

    >>> d2l.voc_colormap2label()[(128 * 256 + 128) * 256]  # the third class, bird
    tensor(3)

    Book: 14.9 Semantic segmentation and the dataset
    """
    table = torch.from_numpy(np.zeros(NUM_COLORS, np.int64))  # untouched pages use no memory
    table[_color_index(torch.tensor(VOC_COLORMAP).T)] = torch.arange(len(VOC_COLORMAP))
    return table


def voc_label_indices(
    colormap: Shaped[Tensor, "3 height width"], colormap2label: Int[Tensor, "16777216"]
) -> Int[Tensor, "height width"]:
    """Return the class of each pixel of a label image (3, height, width) in 0..255.

    `colormap2label` is the table of `voc_colormap2label()`, on the same device. Unknown colors,
    such as the borders between objects, are background. On the CPU, raises `LabelError` for
    values outside 0..255.

    >>> image = torch.tensor([128, 0, 0], dtype=torch.uint8).reshape(3, 1, 1)
    >>> d2l.voc_label_indices(image, d2l.voc_colormap2label())
    tensor([[1]])

    Book: 14.9 Semantic segmentation and the dataset
    """
    check_axes("colormap", colormap, "3 height width")
    check_axes("colormap2label", colormap2label, str(NUM_COLORS))
    _check_values(colormap)
    return colormap2label.take(_color_index(colormap))


def _color_index(colors: Shaped[Tensor, "3 ..."]) -> Int[Tensor, "..."]:
    red, green, blue = colors.long()
    return (red << 16) + (green << 8) + blue


def _check_values(colormap: Tensor) -> None:
    if colormap.dtype == torch.uint8 or colormap.device.type != "cpu" or colormap.numel() == 0:
        return
    least, most = colormap.min().item(), colormap.max().item()
    if not 0 <= least <= most <= 255:
        raise LabelError(
            f"colormap must have values in 0..255; found {least} to {most}. Read label images with "
            "d2l.read_voc_images(voc_dir)"
        )


# Mean and standard deviation of ImageNet's colors, as in torchvision
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_cached_table = functools.cache(voc_colormap2label)

ImageList = list[UInt8[Tensor, "3 _ _"]]


def read_voc_images(voc_dir: str | Path, is_train: bool = True) -> tuple[ImageList, ImageList]:
    """Return the images and their label images, uint8 (3, height, width) each.

    `voc_dir` is the folder VOC2012, with `ImageSets/Segmentation/train.txt` or `val.txt`, and the
    images they list in `JPEGImages` and `SegmentationClass`. Raises `DataError` if a file is
    missing or corrupt.

    >>> features, labels = d2l.read_voc_images("../data/VOCdevkit/VOC2012")  # doctest: +SKIP
    >>> features[0].shape == labels[0].shape  # doctest: +SKIP
    True

    Book: 14.9 Semantic segmentation and the dataset
    """
    folder = Path(voc_dir)
    listed = folder / "ImageSets" / "Segmentation" / ("train.txt" if is_train else "val.txt")
    try:
        names = listed.read_text(encoding="utf-8").split()
    except OSError as error:
        raise DataError(
            f"the list of images {listed} cannot be read: {error}. voc_dir must be the folder "
            "VOC2012, for example d2l.download_extract('voc2012', 'VOCdevkit/VOC2012')"
        ) from error
    features = read_images([folder / "JPEGImages" / f"{name}.jpg" for name in names])
    labels = read_images([folder / "SegmentationClass" / f"{name}.png" for name in names])
    return features, labels


def voc_rand_crop(feature: Any, label: Any, height: int, width: int) -> tuple[Any, Any]:
    """Crop both images to `height` by `width` at the same random position.

    Images are tensors (..., height, width) or PIL images of one size; the position is drawn from
    PyTorch's generator. Raises `ShapeError` if the sizes differ or are smaller than the crop.

    >>> feature = torch.arange(12).reshape(1, 3, 4)
    >>> crop, label = d2l.voc_rand_crop(feature, 10 * feature, height=2, width=2)
    >>> crop.shape, bool((label == 10 * crop).all())
    (torch.Size([1, 2, 2]), True)

    Book: 14.9 Semantic segmentation and the dataset
    """
    load_torchvision("d2l.voc_rand_crop")
    from torchvision.transforms import RandomCrop
    from torchvision.transforms.functional import crop, get_image_size

    size, label_size = get_image_size(feature)[::-1], get_image_size(label)[::-1]
    if size != label_size or height > size[0] or width > size[1]:
        raise ShapeError(
            f"feature and label must have the same height and width, at least {(height, width)}; "
            f"found {tuple(size)} and {tuple(label_size)}"
        )
    region = RandomCrop.get_params(feature, (height, width))
    return crop(feature, *region), crop(label, *region)


class VOCSegDataset(Dataset):
    """The data set in memory: `dataset[i]` is a random image crop and the class of each pixel.

    The crop is (3, height, width), normalized by `normalize_image`; the classes are int64 (height,
    width). Each access draws a new position. Images smaller than `crop_size` = (height, width) are
    left out; the others are stored uncropped, as uint8, in `features` and `labels`.

    >>> voc_dir = d2l.download_extract("voc2012", "VOCdevkit/VOC2012")  # doctest: +SKIP
    >>> feature, label = d2l.VOCSegDataset(False, (320, 480), voc_dir)[0]  # doctest: +SKIP
    >>> feature.shape, label.shape  # doctest: +SKIP
    (torch.Size([3, 320, 480]), torch.Size([320, 480]))

    Book: 14.9 Semantic segmentation and the dataset
    """

    def __init__(self, is_train: bool, crop_size: Sequence[int], voc_dir: str | Path) -> None:
        self._mean = 255 * torch.tensor(MEAN).reshape(3, 1, 1)
        self._deviation = 255 * torch.tensor(DEVIATION).reshape(3, 1, 1)
        self.crop_size = crop_size
        features, labels = read_voc_images(voc_dir, is_train)
        self.features, self.labels = self.filter(features), self.filter(labels)
        if not self.features:
            raise DataError(
                f"none of the {len(features)} images in {voc_dir} has a height and width of at "
                f"least crop_size = {tuple(crop_size)}"
            )

    @property
    def colormap2label(self) -> Int[Tensor, "16777216"]:
        """The table of `voc_colormap2label()`, created once per process."""
        return _cached_table()

    def normalize_image(self, img: UInt8[Tensor, "3 _ _"]) -> Float[Tensor, "3 _ _"]:
        """Normalize each color channel with ImageNet's mean and standard deviation."""
        return torch.sub(img, self._mean).div_(self._deviation)

    def filter(self, imgs: ImageList) -> ImageList:
        """Return the images that are large enough for the crop."""
        height, width = self.crop_size
        return [img for img in imgs if img.shape[1] >= height and img.shape[2] >= width]

    def __getitem__(self, idx: int) -> tuple[Float[Tensor, "3 h w"], Int[Tensor, "h w"]]:
        feature, label = voc_rand_crop(self.features[idx], self.labels[idx], *self.crop_size)
        return self.normalize_image(feature), voc_label_indices(label, self.colormap2label)

    def __len__(self) -> int:
        return len(self.features)


def load_data_voc(
    batch_size: int, crop_size: Sequence[int], *, voc_dir: str | Path | None = None
) -> tuple[DataLoader, DataLoader]:
    """Return loaders of shuffled training batches and of validation batches, without partial ones.

    A batch is image crops (batch, 3, height, width) and classes (batch, height, width). The data
    set is downloaded once, unless `voc_dir` is its folder VOC2012.

    >>> train_iter, val_iter = d2l.load_data_voc(64, crop_size=(320, 480))  # doctest: +SKIP
    >>> X, Y = next(iter(train_iter))  # doctest: +SKIP
    >>> X.shape, Y.shape  # doctest: +SKIP
    (torch.Size([64, 3, 320, 480]), torch.Size([64, 320, 480]))

    Book: 14.9 Semantic segmentation and the dataset
    """
    if voc_dir is None:
        voc_dir = download_extract("voc2012", os.path.join("VOCdevkit", "VOC2012"))
    train, val = (VOCSegDataset(is_train, crop_size, voc_dir) for is_train in (True, False))
    return (
        DataLoader(train, batch_size, shuffle=True, drop_last=True),
        DataLoader(val, batch_size, drop_last=True),
    )
