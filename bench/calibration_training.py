"""Small models, really trained with plain PyTorch, right and wrong: what their runs print.

Each run is trained once and kept in `.rivals/calibration.json`.
"""

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

KEPT = Path(".rivals/calibration.json")
RUNS = 48  # of the right program; of each wrong one a third


@dataclass(frozen=True)
class Recipe:
    """How a model is trained; the values below are the right program's."""

    task: str  # "line", "blobs", "moons"
    lr: float = 0.1
    epochs: int = 6
    momentum: float = 0.0
    weight_decay: float = 0.0
    zero_grad: bool = True
    shuffled: bool = True
    bias: bool = True
    activation: bool = True
    width: int = 16


class Run(NamedTuple):
    """What a run can print."""

    train_loss: list[float]  # mean of each epoch
    last_loss: list[float]  # of the last batch of each epoch
    batch_loss: list[float]  # of each batch
    val_loss: list[float]
    val_acc: list[float]
    train_acc: float
    weight: list[float]
    bias: list[float]


WRONG: dict[str, dict[str, object]] = {
    "a third of the learning rate": {"lr": 1 / 3},
    "three times the learning rate": {"lr": 3.0},
    "no zero_grad": {"zero_grad": False},
    "half of the epochs": {"epochs": 0.5},
    "one epoch less": {"epochs": -1},
    "no shuffling": {"shuffled": False},
    "no bias": {"bias": False},
    "no activation": {"activation": False},
    "strong weight decay": {"weight_decay": 0.1},
    "momentum": {"momentum": 0.9},
    "four times as wide": {"width": 64},
}
TASKS = {
    "line": Recipe("line", lr=0.05),
    "blobs": Recipe("blobs", lr=0.1),
    "moons": Recipe("moons", lr=0.3, epochs=10),
}


def runs(task: str, wrong: str = "") -> list[Run]:
    """Return the runs of the right program for a task, or of a wrong one."""
    return _all()[f"{task}: {wrong}"]


@cache
def _all() -> dict[str, list[Run]]:
    recipes = {
        f"{task}: {wrong}": _changed(right, WRONG.get(wrong, {}))
        for task, right in TASKS.items()
        for wrong in ("", *WRONG)
    }
    stamp = json.dumps([asdict(recipe) for recipe in recipes.values()] + [RUNS])
    if KEPT.exists():
        kept = json.loads(KEPT.read_text())
        if kept["stamp"] == stamp:
            return {name: [Run(*run) for run in found] for name, found in kept["runs"].items()}
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    found = {
        name: [_train(recipe, seed) for seed in range(RUNS if name.endswith(": ") else RUNS // 3)]
        for name, recipe in recipes.items()
    }
    torch.set_num_threads(num_threads)
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps({"stamp": stamp, "runs": found}))
    return found


def _changed(right: Recipe, changes: dict[str, object]) -> Recipe:
    values = asdict(right)
    for name, value in changes.items():
        if name == "lr":
            values["lr"] *= value
        elif name == "epochs":
            values["epochs"] += -1 if value == -1 else -(right.epochs // 2)
        else:
            values[name] = value
    return Recipe(**values)


def _data(task: str, generator: torch.Generator, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    if task == "line":
        X = torch.randn(n, 2, generator=generator)
        noise = 0.1 * torch.randn(n, 1, generator=generator)
        return X, X @ torch.tensor([[2.0], [-3.4]]) + 4.2 + noise
    y = torch.randint(0, 3 if task == "blobs" else 2, (n,), generator=generator)
    noise = torch.randn(n, 2, generator=generator)
    if task == "blobs":
        return torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 2.0]])[y] + noise, y
    angle = torch.rand(n, generator=generator) * torch.pi
    up = torch.stack([angle.cos(), angle.sin()], 1)
    down = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], 1)
    return torch.where((y == 0)[:, None], up, down) + 0.2 * noise, y


def _train(recipe: Recipe, seed: int) -> Run:
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(1000 + seed)
    X, y = _data(recipe.task, generator, 256)
    X_val, y_val = _data(recipe.task, generator, 200)
    net = _net(recipe)
    loss = nn.MSELoss() if recipe.task == "line" else nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(
        net.parameters(), recipe.lr, recipe.momentum, weight_decay=recipe.weight_decay
    )
    batches: list[list[float]] = []
    val: list[tuple[float, float]] = []
    for _ in range(recipe.epochs):
        order = torch.randperm(len(X)) if recipe.shuffled else torch.arange(len(X))
        batches.append([])
        for rows in order.split(32):
            if recipe.zero_grad:
                optimizer.zero_grad()
            value = loss(net(X[rows]), y[rows])
            value.backward()
            optimizer.step()
            batches[-1].append(value.item())
        with torch.no_grad():
            val.append((loss(net(X_val), y_val).item(), _accuracy(net, X_val, y_val)))
    layer = net[0]
    bias = [] if layer.bias is None else layer.bias.tolist()
    return Run(
        [sum(losses) / len(losses) for losses in batches],
        [losses[-1] for losses in batches],
        [value for losses in batches for value in losses],
        [pair[0] for pair in val],
        [pair[1] for pair in val],
        _accuracy(net, X, y),
        layer.weight.flatten().tolist(),
        bias,
    )


def _net(recipe: Recipe) -> nn.Sequential:
    if recipe.task == "line":
        return nn.Sequential(nn.Linear(2, 1, bias=recipe.bias))
    if recipe.task == "blobs":
        return nn.Sequential(nn.Linear(2, 3, bias=recipe.bias))
    middle = nn.ReLU() if recipe.activation else nn.Identity()
    first = nn.Linear(2, recipe.width, bias=recipe.bias)
    return nn.Sequential(first, middle, nn.Linear(recipe.width, 2))


def _accuracy(net: nn.Module, X: torch.Tensor, y: torch.Tensor) -> float:
    if y.dim() > 1:
        return 0.0
    return (net(X).argmax(1) == y).float().mean().item()
