"""PyTorch as the quickstart of its tutorials trains: data sets of torchvision, `DataLoader`.

Shuffled, which the quickstart leaves out; what it prints of every hundredth batch is kept of each.
"""

from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision.datasets import FashionMNIST
from torchvision.transforms import ToTensor

from bench import nets
from bench.peers.case import BATCH_SIZE, LEARNING_RATE, Case, Epochs, Stopwatch


def run(case: Case) -> Epochs:
    """Train and validate, a fit for the warm-up before it."""
    fit(case.warm())
    torch.manual_seed(case.seed)
    return fit(case)


def loaders(case: Case) -> tuple[Any, Any]:
    """Of the training and of the validation images, each made a tensor when it is read."""
    sizes = case.num_train, case.num_val
    sets = [FashionMNIST("../data", train=train, transform=ToTensor()) for train in (True, False)]
    train, val = (
        images if len(images) == n else Subset(images, range(n))
        for images, n in zip(sets, sizes, strict=True)
    )
    return DataLoader(train, BATCH_SIZE, shuffle=True), DataLoader(val, BATCH_SIZE)


def fit(case: Case) -> Epochs:
    """A new network."""
    train_loader, val_loader = loaders(case)
    model = getattr(nets, case.task)()
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    watch, accuracies = Stopwatch(), []
    for _ in range(case.epochs):
        watch.start()
        train(train_loader, model, loss_fn, optimizer)
        accuracies.append(test(val_loader, model, loss_fn)[1])
        watch.stop()
    return Epochs(watch.seconds, accuracies)


def train(loader: Any, model: nn.Module, loss_fn: nn.Module, optimizer: Any) -> list[float]:
    """One pass over the training images; the loss of each batch."""
    model.train()
    losses = []
    for X, y in loader:
        loss = loss_fn(model(X), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


def test(loader: Any, model: nn.Module, loss_fn: nn.Module) -> tuple[float, float]:
    """The mean of the batches' losses, and the share of right predictions."""
    model.eval()
    loss, correct = 0.0, 0.0
    with torch.no_grad():
        for X, y in loader:
            pred = model(X)
            loss += loss_fn(pred, y).item()
            correct += (pred.argmax(1) == y).type(torch.float).sum().item()
    return loss / len(loader), correct / len(loader.dataset)
