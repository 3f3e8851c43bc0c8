"""Training loops for classifiers, on one device or on several GPUs."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from d2l.base.axes import Shaped, Tensor
from d2l.base.devices import move, try_all_gpus
from d2l.base.timing import Timer
from d2l.classic.animator import Animator
from d2l.classic.evaluation import Accumulator, count_correct, evaluate_accuracy_gpu, sums_on_device
from d2l.classic.procedural_run import ClassicRun
from d2l.errors import ShapeError

# Returns the sum of losses and the number of correct predictions.
Step = Callable[[Any, Tensor], tuple[Tensor, Tensor]]


def train_ch6(
    net: nn.Module,
    train_iter: Any,
    test_iter: Any,
    num_epochs: int,
    lr: float,
    device: torch.device | str,
) -> None:
    """Train a classifier with minibatch SGD and cross-entropy, and print loss and accuracies.

    Linear and convolutional layers are reinitialized with Xavier's uniform distribution first.
    `train_iter` and `test_iter` are re-iterable over batches `(X, y)`.

    >>> X = torch.randn(128, 2)
    >>> y = (X[:, 0] > 0).long()
    >>> batches = d2l.load_array((X, y), batch_size=16)
    >>> d2l.train_ch6(nn.Sequential(nn.Linear(2, 2)), batches, batches, 3, lr=1, device="cpu")
    training on cpu
    epoch 1/3: train loss ..., train acc ..., test acc ... (... s)
    loss 0..., train acc 0.9..., test acc ...
    ... examples/sec on cpu

    Book: 23.7 Utility functions and classes
    """
    net.apply(_init_xavier)
    print("training on", device)
    net.to(device)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    loss = nn.CrossEntropyLoss()

    def step(X: Any, y: Tensor) -> tuple[Tensor, Tensor]:
        optimizer.zero_grad()
        y_hat = net(X)
        l = loss(y_hat, y)
        l.backward()
        optimizer.step()
        return l.detach() * len(y), count_correct(y_hat.detach(), y)

    animator = Animator(xlabel="epoch", xlim=[1, num_epochs], legend=LEGEND)
    run = ClassicRun(train_iter, num_epochs, animator, torch.device(device))
    _train(net, step, run, animator, test_iter, str(device))


def train_ch13(
    net: nn.Module,
    train_iter: Any,
    test_iter: Any,
    loss: Callable[..., Tensor],
    trainer: Any,
    num_epochs: int,
    devices: Sequence[torch.device | str] | None = None,
) -> None:
    """Train a classifier on all `devices`, and print loss and accuracies.

    The default for `devices` is all GPUs, or the CPU if there is none. Several GPUs split each
    batch with `nn.DataParallel`. `loss` returns one value per example, and a step uses the gradient
    of their sum; `trainer` is an optimizer of the net's parameters.

    >>> X = torch.randn(128, 2)
    >>> y = (X[:, 0] > 0).long()
    >>> batches = d2l.load_array((X, y), batch_size=16)
    >>> net, loss = nn.Linear(2, 2), nn.CrossEntropyLoss(reduction="none")
    >>> optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    >>> d2l.train_ch13(net, batches, batches, loss, optimizer, 3, ["cpu"])
    epoch 1/3: train loss ..., train acc ..., test acc ... (... s)
    loss 0..., train acc 0.9..., test acc ...
    ... examples/sec on [device(type='cpu')]

    Book: 14.1 Image augmentation
    """
    chosen = [torch.device(device) for device in devices or try_all_gpus()]
    net = net.to(chosen[0])
    if len(chosen) > 1:
        net = nn.DataParallel(net, device_ids=chosen)

    def step(X: Any, y: Tensor) -> tuple[Tensor, Tensor]:
        return train_batch_ch13(net, X, y, loss, trainer, chosen)

    animator = Animator(xlabel="epoch", xlim=[1, num_epochs], ylim=[0, 1], legend=LEGEND)
    run = ClassicRun(train_iter, num_epochs, animator, chosen[0])
    _train(net, step, run, animator, test_iter, str(chosen))


def train_batch_ch13(
    net: nn.Module,
    X: Any,
    y: Tensor,
    loss: Callable[..., Tensor],
    trainer: Any,
    devices: Sequence[torch.device | str],
) -> tuple[Tensor, Tensor]:
    """Train on one batch; return the sum of the losses and the number of correct predictions.

    Both are scalars on the first of `devices`, without synchronization. The batch is moved to that
    device, where the net must be. `X` may be a list of tensors.

    >>> net, loss = nn.Linear(2, 2), nn.CrossEntropyLoss(reduction="none")
    >>> optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    >>> X, y = torch.eye(2), torch.tensor([0, 1])
    >>> for _ in range(20):
    ...     total, num_correct = d2l.train_batch_ch13(net, X, y, loss, optimizer, ["cpu"])
    >>> num_correct
    tensor(2.)

    Book: 14.1 Image augmentation
    """
    X, y = move((X, y), torch.device(devices[0]))
    net.train()
    trainer.zero_grad()
    y_hat = net(X)
    total = loss(y_hat, y).sum()
    total.backward()
    trainer.step()
    return total.detach(), count_correct(y_hat.detach(), y)


def split_batch(
    X: Shaped[Tensor, "batch ..."],
    y: Shaped[Tensor, "..."],
    devices: Sequence[torch.device | str | int],
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Cut a batch into equal parts, the last perhaps shorter, one on each device.

    >>> X_parts, y_parts = d2l.split_batch(torch.zeros(5, 3), torch.arange(5), ["cpu", "cpu"])
    >>> [part.shape[0] for part in X_parts], y_parts
    ([3, 2], (tensor([0, 1, 2]), tensor([3, 4])))

    Book: 13.5 Training on multiple GPUs
    """
    if len(X) != len(y):
        raise ShapeError(
            f"X and y must have equally many examples; found {len(X)} and {len(y)} examples, X of "
            f"shape {tuple(X.shape)} and y of shape {tuple(y.shape)}"
        )
    return _scatter(X, devices), _scatter(y, devices)


LEGEND = ("train loss", "train acc", "test acc")
POINTS_PER_EPOCH = 5


def _train(
    net: nn.Module, step: Step, run: ClassicRun, animator: Animator, test_iter: Any, where: str
) -> None:
    """Train, draw and evaluate in each epoch. Sums are read once per epoch."""
    timer, every = Timer(), max(1, run.num_train_batches // POINTS_PER_EPOCH)
    with run:
        for epoch in run.epochs():
            net.train()
            metric = Accumulator(4)  # losses, correct predictions, examples, predictions
            timer.start()
            for i, (X, y) in enumerate(run.batches, 1):
                metric.add(*step(X, y), len(y), y.numel())
                losses, correct, examples, predictions = sums_on_device(metric)
                if i % every == 0 or i == run.num_train_batches:
                    animator.add(
                        run.num_epochs_done, (losses / examples, correct / predictions, None)
                    )
            train_loss, train_acc = metric[0] / metric[2], metric[1] / metric[3]
            timer.stop()
            test_acc = evaluate_accuracy_gpu(net, test_iter)
            animator.add(epoch + 1, (None, None, test_acc))
    print(f"loss {train_loss:.3f}, train acc {train_acc:.3f}, test acc {test_acc:.3f}")
    print(f"{metric[2] * run.max_epochs / timer.sum():.1f} examples/sec on {where}")


def _init_xavier(layer: nn.Module) -> None:
    if type(layer) is nn.Linear or type(layer) is nn.Conv2d:  # not lazy layers
        nn.init.xavier_uniform_(layer.weight)


def _scatter(batch: Tensor, devices: Sequence[torch.device | str | int]) -> tuple[Tensor, ...]:
    parts = batch.chunk(len(devices))
    return tuple(part.to(device) for part, device in zip(parts, devices, strict=False))
