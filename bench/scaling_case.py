"""One case of scaling, in each of its processes; the first prints its numbers as JSON.

`python -m bench.scaling_case NUM_HIDDENS NUM_IMAGES`, alone or under torchrun.
"""

import json
import sys

import torch
from torch import Tensor

from bench.clock import now
from bench.growth_case import Pictures
from bench.size import BATCH_SIZE, LEARNING_RATE
from d2l import torch as d2l
from d2l.core.training import parallel_run

EPOCHS = 12  # short ones: the fastest counts, for others may use the machine


class MLP(d2l.MLP):
    """The perceptron, which makes its own floats of the bytes."""

    def forward(self, X: Tensor) -> Tensor:
        """Logits."""
        return super().forward(X.float().div_(255))


class Clocked(d2l.Trainer):
    """Notes how long each epoch takes."""

    def fit_epoch(self) -> None:
        """As ever."""
        begun = now()
        super().fit_epoch()
        vars(self).setdefault("seconds", []).append(now() - begun)


class KeptAtHome(Clocked):
    """Leaves the gradients where they are: what that saves is what the exchange costs."""

    def fit_epoch(self) -> None:
        """As ever, but each process for itself."""
        with parallel_run.no_sync(self.model):
            super().fit_epoch()


def main() -> None:
    """Measure the case that the command line names."""
    num_hiddens, num_images = map(int, sys.argv[1:])
    data = Pictures(num_images, BATCH_SIZE)
    numbers: dict[str, float] = {}
    for name, kind in (("seconds", Clocked), ("seconds_at_home", KeptAtHome)):
        torch.manual_seed(0)
        model = MLP(num_outputs=10, num_hiddens=num_hiddens, lr=LEARNING_RATE)
        model.board.display = False
        trainer = kind(max_epochs=EPOCHS)
        trainer.fit(model, data)
        numbers[name] = min(trainer.seconds) / trainer.num_train_batches
    numbers["num_parameters"] = sum(p.numel() for p in model.parameters())
    if trainer.is_main:
        print(json.dumps(numbers))


if __name__ == "__main__":
    main()
