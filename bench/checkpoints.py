"""What keeping a run costs: `python -m bench.checkpoints`.

The perceptron on all of Fashion-MNIST, with a checkpoint after each epoch and without, in turns in
one process; the promise is a ratio of 1.03 at most.
"""

import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import click

from d2l import torch as d2l

PROMISED = 1.03


@click.command()
@click.option("--rounds", "num_rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--epochs", default=5, show_default=True, type=click.IntRange(2))
@click.option("--check", is_flag=True, help="Fail if the promise is broken.")
def main(num_rounds: int, epochs: int, check: bool) -> None:
    """Time epochs with and without checkpoints; print medians and their ratio."""
    data = d2l.FashionMNIST(batch_size=256)
    seconds: dict[str, list[float]] = {"without": [], "with": []}
    _fit(data, 2, None)  # the first pages memory in
    for _ in range(num_rounds):
        seconds["without"] += _fit(data, epochs, None)
        with tempfile.TemporaryDirectory(dir=".") as folder:
            seconds["with"] += _fit(data, epochs, Path(folder))
    medians = {name: median(values) for name, values in seconds.items()}
    ratio = medians["with"] / medians["without"]
    for name, value in medians.items():
        click.echo(f"{name:>8} a checkpoint each epoch: {value:.3f} s an epoch")
    click.echo(
        f"ratio {ratio:.3f}, promised {PROMISED}; one checkpoint: {_seconds_to_save():.4f} s"
    )
    if check and ratio > PROMISED:
        raise click.ClickException(f"checkpoints cost {ratio:.3f}, more than {PROMISED}")


def _fit(data: Any, epochs: int, folder: Path | None) -> list[float]:
    """The seconds of each epoch, from one end of training to the next."""
    ends: list[float] = []

    class Timed(d2l.Trainer):
        def fit_epoch(self) -> None:
            ends.append(time.perf_counter())
            super().fit_epoch()

    model = d2l.MLP(num_outputs=10, num_hiddens=256, lr=0.1)
    model.board.display = False
    Timed(max_epochs=epochs, checkpoint=folder, seed=0).fit(model, data)
    return [after - before for before, after in pairwise([*ends, time.perf_counter()])]


def _seconds_to_save() -> float:
    model = d2l.MLP(num_outputs=10, num_hiddens=256, lr=0.1)
    model.board.display = False
    data, trainer = d2l.FashionMNIST(batch_size=10_000), d2l.Trainer(max_epochs=1)
    trainer.fit(model, data)
    seconds = []
    with tempfile.TemporaryDirectory(dir=".") as folder:
        for i in range(20):
            begun = time.perf_counter()
            trainer.save(Path(folder) / f"{i}.pt")
            seconds.append(time.perf_counter() - begun)
    return median(seconds)


if __name__ == "__main__":
    main()
