"""Comparing optimizers on a small regression: the noise of an aircraft wing in a wind tunnel."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from d2l.base.devices import cpu
from d2l.base.timing import Timer
from d2l.classic.animator import Animator
from d2l.classic.evaluation import evaluate_loss
from d2l.classic.linear import linreg, squared_loss
from d2l.classic.loaders import load_array
from d2l.classic.run import ClassicRun
from d2l.data.hub import download

EXAMPLES_PER_POINT = 200


def get_data_ch11(batch_size: int = 10, n: int = 1500) -> tuple[Any, int]:
    """Shuffled batches of the first `n` measurements, and how many features each has.

    Columns are scaled to mean 0 and standard deviation 1: `X` (batch, 5), `y` (batch,), float32.
    The file is downloaded into `../data`, once.

    >>> data_iter, feature_dim = d2l.get_data_ch11(batch_size=10)  # doctest: +SKIP
    >>> feature_dim  # doctest: +SKIP
    5

    Book: 12.5 Minibatch stochastic gradient descent
    """
    table = np.loadtxt(download("airfoil"), dtype=np.float32)
    scaled = torch.from_numpy((table - table.mean(axis=0)) / table.std(axis=0))
    features, targets = scaled[:n, :-1], scaled[:n, -1]
    return load_array((features, targets), batch_size, is_train=True), features.shape[1]


def train_ch11(
    trainer_fn: Callable[[list[Tensor], Any, Any], Any],
    states: Any,
    hyperparams: Any,
    data_iter: Any,
    feature_dim: int,
    num_epochs: int = 2,
) -> tuple[list[float], list[float]]:
    """Train linear regression with an optimizer from scratch; the seconds and the losses of it.

    `trainer_fn([w, b], states, hyperparams)` takes a step along the gradients and clears them. The
    loss on all data is taken whenever the examples seen are a multiple of 200, or else at the end.
    Seconds are those of training alone, added up.

    >>> def descend(params, states, hyperparams):
    ...     d2l.sgd(params, hyperparams["lr"], batch_size=1)  # the loss is a mean already
    >>> X, y = d2l.synthetic_data(torch.tensor([1.0, -2.0]), 0.5, 400)
    >>> data_iter = d2l.load_array((X, y.reshape(-1)), batch_size=20)
    >>> seconds, losses = d2l.train_ch11(descend, None, {"lr": 0.2}, data_iter, feature_dim=2)
    epoch 1/2: loss ... (... s)
    loss: 0.000, ... sec/epoch
    >>> len(seconds) == len(losses)
    True

    Book: 12.5 Minibatch stochastic gradient descent
    """
    w = torch.normal(mean=0.0, std=0.01, size=(feature_dim, 1), requires_grad=True)
    b = torch.zeros(1, requires_grad=True)

    def net(X: Tensor) -> Tensor:
        return linreg(X, w, b)

    def step(X: Tensor, y: Tensor) -> None:
        squared_loss(net(X), y).mean().backward()
        trainer_fn([w, b], states, hyperparams)

    def evaluate() -> float:
        return evaluate_loss(net, data_iter, squared_loss)

    animator, run = _board_and_run(data_iter, num_epochs)
    timer = _train(step, evaluate, run, animator)
    return timer.cumsum(), animator.Y[0]


def train_concise_ch11(
    trainer_fn: Callable[..., Any], hyperparams: dict[str, Any], data_iter: Any, num_epochs: int = 4
) -> None:
    """Train linear regression with an optimizer of PyTorch's, `trainer_fn(params, **hyperparams)`.

    The loss drawn and printed is half of the mean squared error.

    >>> X, y = d2l.synthetic_data(torch.tensor([1.0, -2.0]), 0.5, 400)
    >>> data_iter = d2l.load_array((X, y.reshape(-1)), batch_size=20)
    >>> d2l.train_concise_ch11(torch.optim.SGD, {"lr": 0.1}, data_iter)
    epoch 1/4: loss ... (... s)
    loss: 0.000, ... sec/epoch

    Book: 12.5 Minibatch stochastic gradient descent
    """
    animator, run = _board_and_run(data_iter, num_epochs)
    net = nn.Linear(run.peek()[0].shape[1], 1)
    nn.init.normal_(net.weight, std=0.01)
    optimizer = trainer_fn(net.parameters(), **hyperparams)
    loss = nn.MSELoss(reduction="none")

    def step(X: Tensor, y: Tensor) -> None:
        optimizer.zero_grad()
        y_hat = net(X)
        loss(y_hat, y.reshape(y_hat.shape)).mean().backward()
        optimizer.step()

    def evaluate() -> float:
        return evaluate_loss(net, data_iter, loss) / 2

    _train(step, evaluate, run, animator)


def _board_and_run(data_iter: Any, num_epochs: int) -> tuple[Animator, ClassicRun]:
    animator = Animator(xlabel="epoch", ylabel="loss", xlim=[0, num_epochs], ylim=[0.22, 0.35])
    return animator, ClassicRun(data_iter, num_epochs, animator, cpu())


def _train(
    step: Callable[[Tensor, Tensor], None],
    evaluate: Callable[[], float],
    run: ClassicRun,
    animator: Animator,
) -> Timer:
    """The loop; the watch stands still while the loss on all data is taken."""
    num_examples, timer = 0, Timer()
    with run:
        for _ in run.epochs():
            for X, y in run.batches:
                step(X, y)
                num_examples += len(X)
                if num_examples % EXAMPLES_PER_POINT == 0:
                    timer.stop()
                    animator.add(run.num_epochs_done, evaluate())
                    timer.start()
        if not animator.X:
            timer.stop()
            animator.add(run.num_epochs_done, evaluate())
    print(f"loss: {animator.Y[0][-1]:.3f}, {timer.sum() / run.max_epochs:.3f} sec/epoch")
    return timer
