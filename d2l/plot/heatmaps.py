"""Matrices as colours."""

from collections.abc import Sequence
from typing import Any

from d2l.base.axes import Shaped, Tensor
from d2l.plot.figure import close_old_figures, note_figure, to_array, use_svg_display


def show_heatmaps(
    matrices: Shaped[Tensor, "num_rows num_cols queries keys"],
    xlabel: str,
    ylabel: str,
    titles: Sequence[str] | None = None,
    figsize: Sequence[float] = (2.5, 2.5),
    cmap: str = "Reds",
) -> None:
    """Show a grid of matrices with one colour scale and its bar; `titles` name the columns.

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
