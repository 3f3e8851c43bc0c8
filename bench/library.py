"""What is measured of a d2l, this one or the released one: the same lines of a homework for both.

Knows only names that both have.
"""

from typing import Any

import torch
from torch import nn

from bench.size import BATCH_SIZE, LEARNING_RATE, NUM_HIDDENS, Size
from bench.worker import seconds_of
from d2l import torch as d2l

Numbers = dict[str, Any]


class MLP(d2l.Classifier):
    """The book's perceptron as a reader writes it; the released library has none."""

    def __init__(self, num_outputs: int, num_hiddens: int, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Flatten(), nn.LazyLinear(num_hiddens), nn.ReLU(), nn.LazyLinear(num_outputs)
        )


def epochs(size: Size) -> Numbers:
    """A pass over the training images, and an epoch of each model with a quiet board."""
    data = d2l.FashionMNIST(batch_size=BATCH_SIZE)
    read_images(data)  # the first pass does not count
    enough = size.at_least_seconds
    return {
        "pass": seconds_of(lambda: read_images(data), enough),
        "softmax": seconds_of(lambda: train(softmax(), data, epochs=1, display=False), enough),
        "mlp": seconds_of(lambda: train(mlp(), data, epochs=1, display=False), enough),
    }


def fit(size: Size) -> Numbers:
    """A fit with the board as it is by default, and the accuracy it reached."""
    torch.manual_seed(0)
    data, model = d2l.FashionMNIST(batch_size=BATCH_SIZE), mlp()
    seconds = seconds_of(lambda: train(model, data, size.fit_epochs), 0)
    return {"fit": seconds, "accuracy": accuracy(model, data)}


def board(size: Size) -> Numbers:
    """A board in a plain process."""
    return {"board": seconds_of(lambda: draw_epochs(size.board_epochs), 0)}


def draws(size: Size) -> Numbers:
    """Many points on a board that shows nothing."""
    return {"draws": seconds_of(lambda: draw_points(size.num_draws), 0)}


def softmax() -> Any:
    """Softmax regression as the book has it."""
    return d2l.SoftmaxRegression(num_outputs=10, lr=LEARNING_RATE)


def mlp() -> MLP:
    """The perceptron as the book has it."""
    return MLP(num_outputs=10, num_hiddens=NUM_HIDDENS, lr=LEARNING_RATE)


def read_images(data: Any) -> None:
    """One pass over the training images."""
    for _ in data.train_dataloader():
        pass


def train(model: Any, data: Any, epochs: int, display: bool = True) -> None:
    """What a homework does."""
    model.board.display = display
    d2l.Trainer(max_epochs=epochs).fit(model, data)


def accuracy(model: Any, data: Any) -> float:
    """The share of right predictions over the validation images, counted one by one."""
    model.eval()
    with torch.no_grad():
        right = [(model(X).argmax(1) == y).sum() for X, y in data.val_dataloader()]
    return int(sum(right)) / len(data.val)


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
