"""Training a classifier with an optimizer, or an update, of the reader's own."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from d2l.base.devices import move
from d2l.base.modes import evaluating
from d2l.classic.accumulator import Accumulator
from d2l.classic.animator import Animator
from d2l.classic.classification import LEGEND
from d2l.classic.evaluation import count_right, evaluate_accuracy
from d2l.classic.loaders import get_fashion_mnist_labels
from d2l.classic.run import ClassicRun
from d2l.errors import DataError
from d2l.plot.images import show_images


def train_ch3(
    net: Callable[..., Tensor],
    train_iter: Any,
    test_iter: Any,
    loss: Callable[[Tensor, Tensor], Tensor],
    num_epochs: int,
    updater: Any,
) -> None:
    """Train a classifier and draw, for each epoch, loss and accuracy.

    `net` is a function or an `nn.Module`, `loss(net(X), y)` gives a value for each example, and
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
    """Train over the batches `(X, y)` once; the mean loss and the share of right predictions.

    With an optimizer a step follows the gradient of the batch's mean loss. A function
    `updater(batch_size)` finds the gradient of the sum, and divides by the batch size itself, as
    `sgd` does. A loss that is averaged already counts once for each of its examples.

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
    metric = Accumulator(3)  # losses, right predictions, predictions
    for batch in train_iter:
        X, y = batch if device is None else move(tuple(batch), device)
        y_hat = net(X)
        l = loss(y_hat, y)
        if hasattr(updater, "zero_grad"):
            updater.zero_grad()
            l.mean().backward()
            with torch.no_grad():  # the step of the library's own SGD needs it
                updater.step()
        else:
            l.sum().backward()
            updater(len(y))
        total = l.detach().sum() if l.ndim else l.detach() * y.numel()
        metric.add(total, count_right(y_hat.detach(), y), y.numel())
    losses, num_right, count = metric.data
    if count == 0:
        raise DataError("train_iter gave no examples: give it at least one batch (X, y)")
    return losses / count, num_right / count


def predict_ch3(net: Callable[..., Tensor], test_iter: Iterable[Any], n: int = 6) -> None:
    """Show the first `n` images of Fashion-MNIST that `test_iter` gives: the label, the prediction.

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
    """Where a module's parameters are; None where there are none."""
    parameters = net.parameters() if isinstance(net, nn.Module) else iter(())
    return next((parameter.device for parameter in parameters), None)
