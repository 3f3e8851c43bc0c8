"""A program that trains a run of resumable.py and sends itself signals in the middle of a step.

    python interrupted.py FOLDER train|validate SIGNAL...

An empty FOLDER stands for none. At its end it says how many batches it has done.
"""

import os
import signal
import sys
from contextlib import suppress

from resumable import NUM_BATCHES, Net, parts

# PyTorch imports tabulate when the program exits, if it is installed; CPython then forgets that a
# KeyboardInterrupt ended the program and exits with status 1.
with suppress(ImportError):
    import tabulate  # noqa: F401

BATCH = {"train": NUM_BATCHES + 3, "validate": 3 + 1}  # in the second epoch


class Interrupted(Net):
    """Is sent signals while it works on one batch, of which it sees no more than Python does."""

    signals = {"train": [], "validate": []}

    def loss(self, y_hat, y, averaged=True):
        if self.training:
            self.send("train", self.trainer.train_batch_idx)
        return super().loss(y_hat, y, averaged)

    def validation_step(self, batch):
        self.send("validate", self.trainer.val_batch_idx)
        super().validation_step(batch)

    def send(self, phase, batch_idx):
        if batch_idx == BATCH[phase]:
            while self.signals[phase]:
                os.kill(os.getpid(), self.signals[phase].pop(0))


def main(folder, phase, *names):
    _, data, trainer = parts("sgd", checkpoint=folder or None)
    model = Interrupted()
    model.signals[phase] += [signal.Signals[name] for name in names]
    try:
        trainer.fit(model, data)
    finally:
        print(f"{trainer.train_batch_idx} + {trainer.val_batch_idx} batches")


if __name__ == "__main__":
    main(*sys.argv[1:])
