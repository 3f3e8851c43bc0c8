"""What is measured of a d2l's board alone, this library's or the released one's."""

from typing import Any

from bench.clock import seconds_of
from bench.size import Size
from d2l import torch as d2l

Numbers = dict[str, Any]


def board(size: Size) -> Numbers:
    """A board in a plain process."""
    return {"board": seconds_of(lambda: draw_epochs(size.board_epochs), 0)}


def draws(size: Size) -> Numbers:
    """Many points on a board that shows nothing."""
    return {"draws": seconds_of(lambda: draw_points(size.num_draws), 0)}


def draw_epochs(num_epochs: int) -> Any:
    """A board with four points an epoch, as a fit of a classifier draws them."""
    board = d2l.ProgressBoard(xlabel="epoch", xlim=[0, num_epochs])
    for epoch in range(num_epochs):
        board.draw(epoch + 0.5, 1 / (epoch + 1), "train_loss")
        board.draw(epoch + 1.0, 1 / (epoch + 2), "train_loss")
        board.draw(epoch + 1, 1 / (epoch + 3), "val_loss")
        board.draw(epoch + 1, 1 - 1 / (epoch + 2), "val_acc")
    return board


def draw_points(num_draws: int) -> None:
    """One long curve."""
    board = d2l.ProgressBoard(display=False)
    for i in range(num_draws):
        board.draw(i, 1 / (i + 1), "train_loss")
