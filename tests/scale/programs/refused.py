"""Runs that several processes must refuse; leaves each process's errors as JSON.

`refused.py FOLDER`, under torchrun.
"""

import json
import sys
from pathlib import Path

import torch
from parts import (
    RANK,
    AstrayTrainer,
    LoadedPoints,
    OwnBatches,
    Perceptron,
    PlainClassifier,
    Points,
    RoundTrainer,
    SampledPoints,
)
from torch.utils.data import DataLoader, RandomSampler

from d2l import torch as d2l
from d2l.errors import D2LError


class OwnOrder(LoadedPoints):
    """A sampler that draws from a generator which nobody keeps alike."""

    def get_dataloader(self, train):
        part, drawn = self.part(train), torch.Generator()
        drawn.manual_seed(RANK)
        return DataLoader(part, self.batch_size, sampler=RandomSampler(part, generator=drawn))


class Uneven(Points):
    """Another number of batches in each process."""

    def __init__(self):
        super().__init__(batch_size=17 if RANK == 0 else 8)


class Turned(Points):
    """The same examples in another order in each process."""

    def get_dataloader(self, train):
        return OwnBatches(self.X.roll(RANK, 0), self.y.roll(RANK, 0), self.batch_size)


CASES = {
    "a batch too small": (Perceptron, lambda: Points(batch_size=1), d2l.Trainer, {}),
    "a step that nobody shares": (Perceptron, Points, RoundTrainer, {}),
    "weights that drift apart": (Perceptron, Points, AstrayTrainer, {}),
    "plain tensors sharded": (PlainClassifier, Points, d2l.Trainer, {"strategy": "fsdp"}),
    "a sampler": (Perceptron, SampledPoints, d2l.Trainer, {}),
    "batches that differ": (Perceptron, Turned, d2l.Trainer, {}),
    "orders that differ": (Perceptron, OwnOrder, d2l.Trainer, {}),
    "loaders of other lengths": (Perceptron, Uneven, d2l.Trainer, {}),
}


def refusal(model, data, trainer, **options):
    """The error of the run and how many batches it had done, or None."""
    run = trainer(max_epochs=1, seed=3, **options)
    net = model()
    net.board.display = False
    try:
        run.fit(net, data())
    except D2LError as error:
        return [type(error).__name__, str(error), run.train_batch_idx]
    return None


def main():
    """Every case, and in the end a run that is none of them."""
    found = {name: refusal(model, data, t, **o) for name, (model, data, t, o) in CASES.items()}
    found["none of these"] = refusal(Perceptron, Points, d2l.Trainer)
    found["drawn"] = torch.rand(1).item()
    text = json.dumps(found, indent=1)
    Path(sys.argv[1], f"found_{RANK}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
