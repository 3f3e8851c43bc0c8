"""Linear and softmax regression from scratch, as in d2l 0.17.6."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from d2l.base.axes import Float, Shaped, Tensor
from d2l.base.context_managers import evaluating
from d2l.base.devices import move
from d2l.classic.animator import Animator
from d2l.classic.classification import LEGEND
from d2l.classic.evaluation import Accumulator, count_correct, evaluate_accuracy
from d2l.classic.loaders import get_fashion_mnist_labels
from d2l.classic.procedural_run import ClassicRun
from d2l.errors import DataError, ShapeError
from d2l.models.input_errors import explain, require_below
from d2l.plot.images import show_images


def linreg(
    X: Float[Tensor, "batch num_inputs"],
    w: Float[Tensor, "num_inputs *num_outputs"],
    b: Float[Tensor, "*"] | float,
) -> Float[Tensor, "batch *num_outputs"]:
    """Return `X w + b`.

    >>> d2l.linreg(torch.tensor([[1., 2.]]), torch.tensor([[3.], [4.]]), 0.5)
    tensor([[11.5000]])

    Book: 23.7 Utility functions and classes
    """
    return torch.matmul(X, w) + b


def squared_loss(y_hat: Any, y: Any) -> Any:
    """Return half the squared error of each example, in the shape of `y_hat`.

    Both are tensors or NumPy arrays; `y` is reshaped to `y_hat`.

    >>> d2l.squared_loss(torch.tensor([[1.], [5.]]), torch.tensor([0., 1.]))
    tensor([[0.5000],
            [8.0000]])

    Book: 23.7 Utility functions and classes
    """
    if math.prod(y_hat.shape) != math.prod(y.shape):
        raise ShapeError(
            f"y_hat and y must have the same number of values; y_hat is {tuple(y_hat.shape)}, y is "
            f"{tuple(y.shape)}"
        )
    return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2


def sgd(params: Iterable[Tensor], lr: float, batch_size: int) -> None:
    """Take one step of minibatch gradient descent in place, and set the gradients to zero.

    For losses that are summed over the batch: `param -= lr * param.grad / batch_size`. Tensors
    without a gradient are unchanged.

    >>> w = torch.ones(1, requires_grad=True); (6 * w).sum().backward()
    >>> d2l.sgd([w], lr=0.1, batch_size=2); w.tolist()
    [0.699999988079071]

    Book: 23.7 Utility functions and classes
    """
    with torch.no_grad():
        for param in params:
            if param.grad is not None:
                param.sub_(lr * param.grad / batch_size)
                param.grad.zero_()


def cross_entropy(
    y_hat: Float[Tensor, "batch num_classes"], y: Shaped[Tensor, "labels"]
) -> Float[Tensor, ""]:
    """Return the mean of `-log` of the probabilities `y_hat` of the labels.

    >>> y_hat = torch.tensor([[0.25, 0.75], [1.0, 0.0]])
    >>> d2l.cross_entropy(y_hat, torch.tensor([0, 0]))  # (log 4 + log 1) / 2
    tensor(0.6931)

    Book: 4.4 Softmax regression implementation from scratch (2026)
    """
    if len(y) != len(y_hat):
        raise ShapeError(
            f"cross_entropy expects probabilities (batch, num_classes) and labels (batch,); found "
            f"y_hat of shape {tuple(y_hat.shape)} and y of shape {tuple(y.shape)}"
        )
    try:
        picked = y_hat.gather(1, y.to(torch.int64).unsqueeze(1))
    except (RuntimeError, IndexError) as error:
        explain(error, require_below, "labels", y, y_hat.shape[1], "y_hat")
        raise
    return -picked.log().mean()


def train_ch3(
    net: Callable[..., Tensor],
    train_iter: Any,
    test_iter: Any,
    loss: Callable[[Tensor, Tensor], Tensor],
    num_epochs: int,
    updater: Any,
) -> None:
    """Train a classifier and plot loss and accuracy of each epoch.

    `net` is a function or an `nn.Module`, `loss(net(X), y)` returns one value per example, and
    `updater` is an optimizer or a function `updater(batch_size)`, as for `train_epoch_ch3`.

    >>> X = torch.randn(128, 2)
    >>> y = (X[:, 0] > 0).long()
    >>> batches = d2l.load_array((X, y), batch_size=16)
    >>> net, loss = nn.Linear(2, 2), nn.CrossEntropyLoss(reduction="none")
    >>> d2l.train_ch3(net, batches, batches, loss, 3, torch.optim.SGD(net.parameters(), lr=1))
    epoch 1/3: train loss ..., train acc ..., test acc ... (... s)
    epoch 2/3: train loss ..., train acc ..., test acc ... (... s)
    epoch 3/3: train loss 0..., train acc 0.9..., test acc ... (... s)

    Book: 3.6 Softmax regression from scratch (0.17.6)
    """
    animator = Animator(xlabel="epoch", xlim=[1, num_epochs], ylim=[0.3, 0.9], legend=LEGEND)
    with ClassicRun(train_iter, num_epochs, animator, _device_of(net)) as run:
        for epoch in run.epochs():
            train_loss, train_acc = train_epoch_ch3(net, run.batches, loss, updater)
            animator.add(epoch + 1, (train_loss, train_acc, evaluate_accuracy(net, test_iter)))


def train_epoch_ch3(
    net: Callable[..., Tensor],
    train_iter: Iterable[Any],
    loss: Callable[[Tensor, Tensor], Tensor],
    updater: Any,
) -> tuple[float, float]:
    """Train for one epoch; return the mean loss and the fraction of correct predictions.

    With an optimizer, a step uses the gradient of the batch's mean loss. A function
    `updater(batch_size)` uses the gradient of the sum and divides by the batch size itself, as
    `sgd` does. An averaged loss is weighted by the number of examples.

    >>> W = torch.zeros(2, 2, requires_grad=True)
    >>> batches = [(torch.eye(2), torch.tensor([0, 1]))] * 3
    >>> loss = nn.CrossEntropyLoss(reduction="none")
    >>> updater = lambda batch_size: d2l.sgd([W], lr=10, batch_size=batch_size)
    >>> _ = d2l.train_epoch_ch3(lambda X: X @ W, batches, loss, updater)
    >>> d2l.train_epoch_ch3(lambda X: X @ W, batches, loss, updater)
    (0.00..., 1.0)

    Book: 3.6 Softmax regression from scratch (0.17.6)
    """
    if isinstance(net, nn.Module):
        net.train()
    device = _device_of(net)
    metric = Accumulator(3)  # losses, correct predictions, predictions
    for batch in train_iter:
        X, y = batch if device is None else move(tuple(batch), device)
        y_hat = net(X)
        l = loss(y_hat, y)
        if hasattr(updater, "zero_grad"):
            updater.zero_grad()
            l.mean().backward()
            with torch.no_grad():  # required by d2l.SGD
                updater.step()
        else:
            l.sum().backward()
            updater(len(y))
        total = l.detach().sum() if l.ndim else l.detach() * y.numel()
        metric.add(total, count_correct(y_hat.detach(), y), y.numel())
    losses, num_correct, count = metric.data
    if count == 0:
        raise DataError("train_iter must yield at least one batch (X, y); found no examples")
    return losses / count, num_correct / count


def predict_ch3(net: Callable[..., Tensor], test_iter: Iterable[Any], n: int = 6) -> None:
    """Show the first `n` images of Fashion-MNIST in `test_iter` with labels and predictions.

    >>> X, y = torch.rand(6, 1, 28, 28), torch.arange(6)
    >>> d2l.predict_ch3(lambda X: torch.eye(10)[:6], [(X, y)], n=3)

    Book: 3.6 Softmax regression from scratch (0.17.6)
    """
    X, y = next(iter(test_iter))
    if isinstance(net, nn.Module):
        X = move(X, _device_of(net) or X.device)
        with evaluating(net), torch.no_grad():
            scores = net(X)
    else:
        with torch.no_grad():
            scores = net(X)
    trues, preds = get_fashion_mnist_labels(y[:n]), get_fashion_mnist_labels(scores.argmax(1)[:n])
    titles = [f"{true}\n{pred}" for true, pred in zip(trues, preds, strict=True)]
    show_images(X[:n].reshape(-1, *X.shape[-2:]), 1, n, titles=titles)


def _device_of(net: Any) -> torch.device | None:
    """Return the device of a module's parameters, or None."""
    parameters = net.parameters() if isinstance(net, nn.Module) else iter(())
    return next((parameter.device for parameter in parameters), None)
