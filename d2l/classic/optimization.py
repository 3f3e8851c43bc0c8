"""Training with optimizers from scratch, gradient clipping, and optimization traces in 2D."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from d2l.base.devices import cpu
from d2l.base.timing import Timer
from d2l.classic.animator import Animator
from d2l.classic.evaluation import evaluate_loss
from d2l.classic.linear_networks import linreg, squared_loss
from d2l.classic.loaders import load_array
from d2l.classic.procedural_run import ClassicRun
from d2l.core.gradients import scale_to_norm
from d2l.data.hub import download
from d2l.plot.curves import as_value
from d2l.plot.figure import set_figsize, to_array

EXAMPLES_PER_POINT = 200


def get_data_ch11(batch_size: int = 10, n: int = 1500) -> tuple[Any, int]:
    """Return a loader of the first `n` measurements, shuffled, and the number of features.

    Columns are scaled to mean 0 and standard deviation 1: `X` (batch, 5), `y` (batch,), float32.
    The file is downloaded once, into `../data`.

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
    """Train linear regression with an optimizer from scratch; return seconds and losses.

    `trainer_fn([w, b], states, hyperparams)` takes a step with the gradients and clears them. The
    loss on all data is evaluated whenever the number of examples seen is a multiple of 200, or else
    at the end. Seconds are cumulative and include training only.

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

    animator, run = _animator_and_run(data_iter, num_epochs)
    timer = _train(step, evaluate, run, animator)
    return timer.cumsum(), animator.Y[0]


def train_concise_ch11(
    trainer_fn: Callable[..., Any], hyperparams: dict[str, Any], data_iter: Any, num_epochs: int = 4
) -> None:
    """Train linear regression with a PyTorch optimizer, `trainer_fn(params, **hyperparams)`.

    The plotted and printed loss is half the mean squared error.

    >>> X, y = d2l.synthetic_data(torch.tensor([1.0, -2.0]), 0.5, 400)
    >>> data_iter = d2l.load_array((X, y.reshape(-1)), batch_size=20)
    >>> d2l.train_concise_ch11(torch.optim.SGD, {"lr": 0.1}, data_iter)
    epoch 1/4: loss ... (... s)
    loss: 0.000, ... sec/epoch

    Book: 12.5 Minibatch stochastic gradient descent
    """
    animator, run = _animator_and_run(data_iter, num_epochs)
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


def _animator_and_run(data_iter: Any, num_epochs: int) -> tuple[Animator, ClassicRun]:
    animator = Animator(xlabel="epoch", ylabel="loss", xlim=[0, num_epochs], ylim=[0.22, 0.35])
    return animator, ClassicRun(data_iter, num_epochs, animator, cpu())


def _train(
    step: Callable[[Tensor, Tensor], None],
    evaluate: Callable[[], float],
    run: ClassicRun,
    animator: Animator,
) -> Timer:
    """Run the training loop; the timer is stopped while the loss on all data is evaluated."""
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


def grad_clipping(net: Any, theta: float) -> None:
    """Scale all gradients in place so that their total norm is at most `theta`.

    `net` is an `nn.Module`, or has a list of tensors `params`. Tensors without a gradient are
    skipped; there is no device synchronization.

    >>> net = torch.nn.Linear(1, 1, bias=False)
    >>> net(torch.tensor([[5.0]])).sum().backward()
    >>> d2l.grad_clipping(net, 2)
    >>> net.weight.grad
    tensor([[2.]])

    Book: 23.7 Utility functions and classes
    """
    params = list(net.parameters()) if isinstance(net, nn.Module) else list(net.params)
    scale_to_norm([param.grad for param in params if param.grad is not None], theta)


def train_2d(
    trainer: Callable[..., tuple[Any, Any, Any, Any]], steps: int = 20, f_grad: Any = None
) -> list[tuple[Any, Any]]:
    """Return the points `(x1, x2)` that an optimizer visits in `steps` steps from (-5, -2).

    `trainer(x1, x2, s1, s2)` returns their new values; `s1` and `s2`, initially 0, are its state.
    With `f_grad` it is called as `trainer(x1, x2, s1, s2, f_grad)`. Prints the final point.

    >>> d2l.train_2d(lambda x1, x2, s1, s2: (x1 / 2, x2 / 2, s1, s2), steps=2)
    epoch 2, x1: -1.250000, x2: -0.500000
    [(-5, -2), (-2.5, -1.0), (-1.25, -0.5)]

    Book: 12.3 Gradient descent
    """
    extra = () if f_grad is None else (f_grad,)
    x1, x2, s1, s2 = -5, -2, 0, 0
    results: list[tuple[Any, Any]] = [(x1, x2)]
    for _ in range(steps):
        x1, x2, s1, s2 = trainer(x1, x2, s1, s2, *extra)
        results.append((x1, x2))
    print(f"epoch {steps}, x1: {float(as_value(x1)):f}, x2: {float(as_value(x2)):f}")
    return results


def show_trace_2d(f: Callable[[Any, Any], Any], results: Sequence[tuple[Any, Any]]) -> None:
    """Plot the points `(x1, x2)` in `results`, in order, over the contour lines of `f(x1, x2)`.

    `f` is called once, with two grids of coordinates (65, 40).

    >>> d2l.show_trace_2d(lambda x1, x2: x1**2 + 2 * x2**2, [(-5, -2), (-3, -0.4), (-1.8, 0)])

    Book: 12.3 Gradient descent
    """
    from matplotlib import pyplot as plt

    set_figsize()
    x1s, x2s = ([float(as_value(x)) for x in axis] for axis in zip(*results, strict=True))
    plt.plot(x1s, x2s, "-o", color=ORANGE)
    grid = torch.meshgrid(torch.arange(-5.5, 1, 0.1), torch.arange(-3, 1, 0.1), indexing="ij")
    plt.contour(*(to_array(x) for x in (*grid, f(*grid))), colors=BLUE)
    plt.xlabel("x1")
    plt.ylabel("x2")


def annotate(text: str, xy: tuple[float, float], xytext: tuple[float, float]) -> None:
    """Add `text` at `xytext` to the current axes, with an arrow to `xy`.

    >>> x = torch.arange(-1, 2, 0.1)
    >>> d2l.plot(x, x**4 - 2 * x**2 + x / 2, "x", "f(x)")
    >>> d2l.annotate("lowest", xy=(-1, -1.5), xytext=(-0.5, 4))

    Book: 12.1 Optimization and deep learning
    """
    from matplotlib import pyplot as plt

    plt.gca().annotate(text, xy=xy, xytext=xytext, arrowprops={"arrowstyle": "->"})


ORANGE, BLUE = "#ff7f0e", "#1f77b4"
