"""Trains many kinds of models on many kinds of data, and leaves all curves as JSON.

`learning.py FOLDER [CASE ...]`: in one process, or under torchrun in several; all cases by default.
"""

import json
import sys
from pathlib import Path

import torch
from parts import (
    HomeworkTrainer,
    LoadedPoints,
    OwnPoints,
    Perceptron,
    PlainClassifier,
    Points,
    Unseeded,
    WithUnused,
)

from d2l import torch as d2l

CASES = {
    "the book's perceptron": (lambda: d2l.MLP(2, 8, 0.3), Points, d2l.Trainer, {}),
    "Adam": (Perceptron, Points, d2l.Trainer, {}),
    "plain tensors": (PlainClassifier, Points, d2l.Trainer, {}),
    "the homework's loop": (PlainClassifier, Points, HomeworkTrainer, {}),
    "clipped": (Perceptron, Points, d2l.Trainer, {"gradient_clip_val": 0.05}),
    "clipped plain tensors": (PlainClassifier, Points, d2l.Trainer, {"gradient_clip_val": 0.05}),
    "two batches a step": (Perceptron, Points, d2l.Trainer, {"accumulate": 2}),
    "a DataLoader": (Perceptron, LoadedPoints, d2l.Trainer, {}),
    "a loader of one's own": (PlainClassifier, OwnPoints, d2l.Trainer, {}),
    "unseeded data": (Perceptron, Unseeded, d2l.Trainer, {}),
    "an unused layer": (WithUnused, Points, d2l.Trainer, {}),
    "sharded": (Perceptron, Points, d2l.Trainer, {"strategy": "fsdp"}),
    "sharded and clipped": (
        Perceptron, Points, d2l.Trainer, {"strategy": "fsdp", "gradient_clip_val": 0.05},
    ),
}  # fmt: skip


def learn(model, data, trainer, **options):
    """Train from given weights; every point of the board, and the validation numbers after it."""
    torch.manual_seed(0)
    net, points, run = model(), data(), trainer(max_epochs=3, seed=3, **options)
    net.board.display = False
    run.fit(net, points)
    validated = run.validate(net, points)
    curves = {name: [p.y for p in series] for name, series in net.board.points.items()}
    return {"points": curves, "validated": validated, "batches": run.train_batch_idx}, run.is_main


def main():
    """The cases, and one whose progress is printed."""
    found = {}
    for name in sys.argv[2:] or CASES:
        model, data, trainer, options = CASES[name]
        found[name], is_main = learn(model, data, trainer, **options)
    d2l.Trainer(max_epochs=1, seed=3).fit(Perceptron(), Points())
    if is_main:
        text = json.dumps(found, indent=1)
        Path(sys.argv[1], "found.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
