"""Grids of pictures."""

from collections.abc import Sequence
from typing import Any

from d2l.plot.figure import close_old_figures, note_figure, to_array


def show_images(
    imgs: Any,
    num_rows: int,
    num_cols: int,
    titles: Sequence[str] | None = None,
    scale: float = 1.5,
) -> Any:
    """Show images in a grid and return its axes, row by row, as a flat array.

    `imgs` is an iterable of images or one tensor or array of them. An image is a tensor or array
    (height, width), (height, width, 3 or 4) or (1 or 3, height, width), or a PIL image. Places
    without an image stay empty; `scale` is the side of one, in inches. Outside a notebook the
    oldest grids are closed before matplotlib would warn of too many open figures.

    >>> X = torch.arange(64).reshape(8, 8)
    >>> axes = d2l.show_images([X, X.T, X % 7], 1, 3, titles=["rows", "columns", "rest"])
    >>> len(axes)
    3

    Book: 4.2 The image classification dataset
    """
    from matplotlib import pyplot as plt

    close_old_figures()
    figsize = (num_cols * scale, num_rows * scale)
    figure, grid = plt.subplots(num_rows, num_cols, figsize=figsize, squeeze=False)
    note_figure(figure)
    axes = grid.flatten()
    for ax in axes:
        ax.set_axis_off()
    for i, (ax, image) in enumerate(zip(axes, imgs, strict=False)):
        ax.imshow(_channels_last(to_array(image)))
        if titles is not None and i < len(titles):
            ax.set_title(titles[i])
    return axes


def _channels_last(image: Any) -> Any:
    shape: tuple[int, ...] = getattr(image, "shape", ())
    if len(shape) != 3 or shape[2] in (3, 4):
        return image
    if shape[0] == 1 or shape[2] == 1:
        return image.squeeze(0 if shape[0] == 1 else 2)
    return image.transpose(1, 2, 0) if shape[0] in (3, 4) else image
