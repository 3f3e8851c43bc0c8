"""What the tutor costs: the same fits with it and without, in turns."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import torch

from d2l import torch as d2l


class Times(NamedTuple):
    """Wall seconds: before the first batch, in the first epoch, in a later one."""

    before: float
    first: float
    later: float


class TimedTrainer(d2l.Trainer):
    """Notes when its batches begin and its epochs end."""

    def prepare_batch(self, batch):
        """The batch as it is; the first one is noted."""
        if not self.times:
            self.times.append(time.perf_counter())
        return batch

    def fit_epoch(self):
        """An epoch, and when it ended."""
        super().fit_epoch()
        self.times.append(time.perf_counter())


def measure(tutor: bool, data: d2l.DataModule, num_epochs: int) -> Times:
    """Fit the perceptron of 5.2 on Fashion-MNIST, without a board."""
    torch.manual_seed(0)
    model = d2l.MLP(num_outputs=10, num_hiddens=256, lr=0.1)
    model.board.display = False
    trainer = TimedTrainer(max_epochs=num_epochs, tutor=tutor)
    trainer.times = []
    start = time.perf_counter()
    trainer.fit(model, data)
    first, *ends = trainer.times
    epochs = [b - a for a, b in zip([first, *ends], ends, strict=False)]
    return Times(first - start, epochs[0], statistics.median(epochs[1:]))


def cost(show: Callable[[str], None], rounds: int = 9, num_epochs: int = 4) -> None:
    """Show the medians with and without the tutor, and what they differ by."""
    data = d2l.FashionMNIST(batch_size=256)
    found: dict[bool, list[Times]] = {True: [], False: []}
    measure(True, data, 2)  # loads what is loaded once
    for i in range(rounds):
        for tutor in (True, False) if i % 2 else (False, True):
            found[tutor].append(measure(tutor, data, num_epochs))
    with_it, without = (
        Times(*(statistics.median(values) for values in zip(*found[tutor], strict=True)))
        for tutor in (True, False)
    )
    show(f"perceptron of 5.2 on Fashion-MNIST, batches of 256, medians of {rounds} fits in turns")
    show(f"{'':<22} {'tutor':>9} {'without':>9}")
    for name, a, b in zip(Times._fields, with_it, without, strict=True):
        title = {"before": "before the first batch", "first": "first epoch"}.get(
            name, "a later epoch"
        )
        show(f"{title:<22} {a:>7.3f} s {b:>7.3f} s   {a - b:+.3f} s, {a / b:.3f} x")
