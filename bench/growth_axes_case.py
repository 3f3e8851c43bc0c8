"""One case of `bench.growth_axes`, in its process or processes; writes its cost as JSON.

`python -P -m bench.growth_axes_case AXIS SIZE ANSWER`
"""

import json
import os
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from bench import library
from bench.growth_case import MLP, Pictures
from bench.size import BATCH_SIZE, LEARNING_RATE, SIZES
from d2l import torch as d2l

LEAST_STEPS, LEAST_VALUES = 400, 20_000  # of a run that is timed for its curves
IMAGES_A_PROCESS = 2_560


class Points(d2l.DataModule):
    """A set so small that what is measured is the run around the steps."""

    def __init__(self, num_examples: int, batch_size: int = 32) -> None:
        super().__init__()
        self.save_hyperparameters()
        generator = torch.Generator().manual_seed(0)
        self.X = torch.randn(num_examples, 8, generator=generator)
        self.y = torch.randint(0, 10, (num_examples,), generator=generator)

    def get_dataloader(self, train: bool) -> Any:
        """The same examples to train on and to validate on."""
        return self.get_tensorloader((self.X, self.y), train)


class Plotting(d2l.Classifier):
    """A layer that plots so many values of each batch, and adds up the seconds that takes."""

    def __init__(self, num_curves: int) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net, self.lr = nn.Linear(8, 10), LEARNING_RATE
        self.board.display = False
        self.seconds = 0.0

    def training_step(self, batch: Any) -> Tensor:
        """The loss, under as many names."""
        loss = self.loss(self(batch[0]), batch[1])
        begun = time.perf_counter()
        for i in range(self.num_curves):
            self.plot(f"loss {i}", loss, train=True)
        self.seconds += time.perf_counter() - begun
        return loss


def epochs(num_epochs: int) -> float:
    """Microseconds per epoch of four batches, with validation and points."""
    model, data = Plotting(1), Points(128)
    begun = time.perf_counter()
    d2l.Trainer(num_epochs).fit(model, data)
    return (time.perf_counter() - begun) / num_epochs * 1e6


def curves(num_curves: int) -> float:
    """Microseconds per value that is plotted, in the steps of a run."""
    num_steps = max(LEAST_STEPS, LEAST_VALUES // num_curves)
    model = Plotting(num_curves)
    d2l.Trainer(1).fit(model, Points(32 * num_steps))
    return model.seconds / (num_curves * num_steps) * 1e6


def parameters(num_hiddens: int) -> float:
    """Nanoseconds per parameter of a step of the perceptron of this width."""
    model, data = _perceptron(num_hiddens), Pictures(10 * BATCH_SIZE, BATCH_SIZE)
    _, *laps = library.train(model, data, 8, SIZES["cpu"])
    return min(laps) / 10 / sum(p.numel() for p in model.parameters()) * 1e9


def processes(num_processes: int) -> float:
    """Milliseconds of a step in which each process has a batch of its own."""
    data = Pictures(num_processes * IMAGES_A_PROCESS, num_processes * BATCH_SIZE)
    _, *laps = library.train(_perceptron(256), data, 8, SIZES["cpu"])
    return median(laps) / (IMAGES_A_PROCESS / BATCH_SIZE) * 1e3


def _perceptron(num_hiddens: int) -> MLP:
    torch.manual_seed(0)
    return MLP(num_outputs=10, num_hiddens=num_hiddens, lr=LEARNING_RATE)


def main() -> None:
    """Measure the case that the command line names."""
    cases = {"epochs": epochs, "curves": curves, "parameters": parameters, "processes": processes}
    name, size, answer = sys.argv[1:]
    d2l.Trainer(1).fit(Plotting(1), Points(64))  # PyTorch loads much with the first optimizer
    cost = cases[name](int(size))
    if os.environ.get("RANK", "0") == "0":
        Path(answer).write_text(json.dumps({"cost": cost}))


if __name__ == "__main__":
    main()
