"""The 21 classes of Pascal VOC, and the colors that stand for them in pictures of labels."""

import numpy as np
import torch

from d2l.base.axes import Int, Shaped, Tensor
from d2l.errors import LabelError
from d2l.vision.checks import check_axes

NUM_COLORS = 256**3


def _color(label: int) -> list[int]:
    """The bits of the class's number, dealt in turn to red, green and blue, highest bit first."""
    return [(label >> c & 1) << 7 | (label >> c + 3 & 1) << 6 for c in range(3)]


# The 21 classes by number, background first. A list, as homework prints it and adds to it; nothing
# here changes it.
VOC_CLASSES = [
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair",
    "cow", "diningtable", "dog", "horse", "motorbike", "person", "potted plant", "sheep", "sofa",
    "train", "tv/monitor",
]  # fmt: skip
# The color of each class in pictures of labels: lists of red, green and blue in 0..255.
VOC_COLORMAP = [_color(label) for label in range(len(VOC_CLASSES))]


def voc_colormap2label() -> Int[Tensor, "16777216"]:
    """A table from colors, `(red * 256 + green) * 256 + blue`, to classes; 0 for all others.

    >>> d2l.voc_colormap2label()[(128 * 256 + 128) * 256]  # the third class, bird
    tensor(3)

    Book: 14.9 Semantic segmentation and the dataset
    """
    table = torch.from_numpy(np.zeros(NUM_COLORS, np.int64))  # memory is taken where it is written
    table[_number(torch.tensor(VOC_COLORMAP).T)] = torch.arange(len(VOC_COLORMAP))
    return table


def voc_label_indices(
    colormap: Shaped[Tensor, "3 height width"], colormap2label: Int[Tensor, "16777216"]
) -> Int[Tensor, "height width"]:
    """The class of each pixel of a picture of labels, (3, height, width) in 0..255.

    `colormap2label` is the table of `voc_colormap2label()`, on the same device. Colors of no class,
    like that of the borders between objects, are background. On the CPU, raises `LabelError` for
    values outside 0..255.

    >>> picture = torch.tensor([128, 0, 0], dtype=torch.uint8).reshape(3, 1, 1)
    >>> d2l.voc_label_indices(picture, d2l.voc_colormap2label())
    tensor([[1]])

    Book: 14.9 Semantic segmentation and the dataset
    """
    check_axes("colormap", colormap, "3 height width")
    check_axes("colormap2label", colormap2label, str(NUM_COLORS))
    _check_values(colormap)
    return colormap2label.take(_number(colormap))


def _number(colors: Shaped[Tensor, "3 ..."]) -> Int[Tensor, "..."]:
    red, green, blue = colors.long()
    return (red << 16) + (green << 8) + blue


def _check_values(colormap: Tensor) -> None:
    if colormap.dtype == torch.uint8 or colormap.device.type != "cpu" or colormap.numel() == 0:
        return
    least, most = colormap.min().item(), colormap.max().item()
    if not 0 <= least <= most <= 255:
        raise LabelError(
            f"colormap must have values in 0..255; found {least} to {most}. Pictures of labels "
            "come from d2l.read_voc_images(voc_dir)"
        )
