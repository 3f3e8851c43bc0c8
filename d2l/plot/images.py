"""Grids of images and heatmaps."""

from collections.abc import Sequence
from typing import Any

from d2l.base.axes import Shaped, Tensor
from d2l.plot.figure import close_old_figures, note_figure, to_array, use_svg_display


def show_images(
    imgs: Any,
    num_rows: int,
    num_cols: int,
    titles: Sequence[str] | None = None,
    scale: float = 1.5,
) -> Any:
    """Show images in a grid and return its axes, row by row, as a flat array.

    `imgs` is an iterable of images or one tensor or array of them. An image is a tensor or array
    (height, width), (height, width, 3 or 4) or (1 or 3, height, width), or a PIL image. Cells
    without an image stay empty; `scale` is the side of a cell, in inches. Outside a notebook the
    oldest figures are closed before matplotlib would warn of too many open figures.

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


def show_heatmaps(
    matrices: Shaped[Tensor, "num_rows num_cols queries keys"],
    xlabel: str,
    ylabel: str,
    titles: Sequence[str] | None = None,
    figsize: Sequence[float] = (2.5, 2.5),
    cmap: str = "Reds",
) -> None:
    """Show a grid of matrices with a common colour bar; `titles` are those of the columns.

    >>> distance = torch.arange(6.0).reshape(-1, 1) - torch.arange(8.0)  # (queries, keys)
    >>> width = torch.tensor([1.0, 9.0]).reshape(1, 2, 1, 1)
    >>> weights = torch.softmax(-(distance**2) / width, dim=-1)
    >>> d2l.show_heatmaps(weights, "keys", "queries", titles=["narrow", "wide"])

    Book: 11.1 Queries, keys, and values
    """
    from matplotlib import pyplot as plt

    use_svg_display()
    values = to_array(matrices)
    num_rows, num_cols, _, _ = values.shape
    shared: dict[str, Any] = {"sharex": True, "sharey": True, "squeeze": False}
    close_old_figures()
    fig, grid = plt.subplots(num_rows, num_cols, figsize=(figsize[0], figsize[1]), **shared)
    note_figure(fig)
    low, high = float(values.min()), float(values.max())
    for i, j in ((i, j) for i in range(num_rows) for j in range(num_cols)):
        ax = grid[i, j]
        image = ax.imshow(values[i, j], cmap=cmap, vmin=low, vmax=high)
        if i == num_rows - 1:
            ax.set_xlabel(xlabel)
        if j == 0:
            ax.set_ylabel(ylabel)
        if titles is not None and len(titles):
            ax.set_title(titles[j])
    fig.colorbar(image, ax=list(grid.flatten()), shrink=0.6)
