"""The hand-written eager loop: plain PyTorch on tensors in memory, autograd, `torch.optim`.

Images stay bytes until they are in a batch.
"""

import time
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from bench.peers.case import Case, Epochs, require_recorded
from bench.peers.tasks import TASKS, Task, optimizer_of

Batches = Iterator[tuple[Tensor, Tensor]]


def run(case: Case) -> Epochs:
    """Train and validate, a fit for the warm-up before it."""
    fit(case.warm())
    torch.manual_seed(case.seed)
    return fit(case)


def fit(case: Case, validates: bool = True) -> Epochs:
    """Train a new network; without validation the accuracies are empty."""
    task = TASKS[case.task]
    X, y, X_val, y_val = task.load(case)
    net = task.new_net()
    net(as_floats(X[:2]))  # lazy layers get their shapes
    optimizer = optimizer_of(task, net)
    epochs, num_batches = Epochs([], []), -(-len(X) // task.batch_size)
    for _ in range(case.epochs):
        begun = time.perf_counter()
        losses = train_epoch(net, optimizer, shuffled(X, y, task.batch_size), task)
        if validates:
            epochs.accuracies.append(validate(net, in_order(X_val, y_val, task.batch_size))[1])
        epochs.seconds.append(time.perf_counter() - begun)
        require_recorded(losses, num_batches)
    return epochs


def as_floats(X: Tensor) -> Tensor:
    """Pixels in [0, 1]; anything but bytes is returned unchanged."""
    return X.float().div_(255) if X.dtype == torch.uint8 else X


def shuffled(X: Tensor, y: Tensor, batch_size: int) -> Batches:
    """Minibatches; for rows, `index_select` is twice as fast as indexing."""
    for rows in torch.randperm(len(y)).split(batch_size):
        yield as_floats(X.index_select(0, rows)), y.index_select(0, rows)


def in_order(X: Tensor, y: Tensor, batch_size: int) -> Batches:
    """Minibatches that need no gathering."""
    for part, labels in zip(X.split(batch_size), y.split(batch_size), strict=True):
        yield as_floats(part), labels


def train_epoch(
    net: nn.Module, optimizer: torch.optim.Optimizer, batches: Batches, task: Task
) -> list[float]:
    """Forward, backward, step; returns the loss of each batch."""
    net.train()
    losses = []
    for X, y in batches:
        loss = cross_entropy(net(X).flatten(0, -2), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        if task.clip:
            nn.utils.clip_grad_norm_(net.parameters(), task.clip)
        optimizer.step()
        losses.append(loss.item())
    return losses


def validate(net: nn.Module, batches: Batches) -> tuple[float, float]:
    """The mean loss and the share of right predictions."""
    net.eval()
    loss, num_right, num_labels = 0.0, 0, 0
    with torch.no_grad():
        for X, y in batches:
            logits, labels = net(X).flatten(0, -2), y.flatten()
            loss += cross_entropy(logits, labels, reduction="sum").item()
            num_right += int((logits.argmax(1) == labels).sum())
            num_labels += len(labels)
    return loss / num_labels, num_right / num_labels
