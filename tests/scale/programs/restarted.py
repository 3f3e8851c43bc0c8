"""Trains with checkpoints under torchrun, and has trouble: one process is killed, or all are told.

    restarted.py FOLDER nothing|kill|term

In the middle of the second epoch, once, `kill` has the second process killed with -9, and `term`
has SIGTERM sent to torchrun. A run that ends leaves its points and weights in FOLDER.
"""

import math
import os
import signal
import sys
import threading
import time
from pathlib import Path

import torch
from parts import BATCH_SIZE, NUM_TRAIN, Points
from torch import nn

from d2l import torch as d2l

NUM_BATCHES = math.ceil(NUM_TRAIN / BATCH_SIZE)
TROUBLE_AT = NUM_BATCHES + 3


class Troubled(d2l.Classifier):
    """A classifier with dropout that causes trouble in a batch of its own."""

    def __init__(self, folder, trouble):
        super().__init__()
        self.folder, self.trouble = folder, trouble
        layers = (nn.Linear(5, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 2))
        self.net = nn.Sequential(*layers)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.01)

    def training_step(self, batch):
        if self.trouble == "term":
            time.sleep(0.1)  # so the processes ask each other every ten steps or more often
        mark = self.folder / "had trouble"
        is_time = self.trainer.train_batch_idx == TROUBLE_AT and os.environ["RANK"] == "1"
        if is_time and self.trouble != "nothing" and not mark.exists():
            mark.touch()
            self.have_trouble()
        return super().training_step(batch)

    def have_trouble(self):
        if self.trouble == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        told, handler = threading.Event(), signal.getsignal(signal.SIGTERM)

        def note(*arguments):
            told.set()
            handler(*arguments)

        signal.signal(signal.SIGTERM, note)
        os.kill(os.getppid(), signal.SIGTERM)
        while not told.is_set():  # or the run would be over before torchrun tells anybody
            time.sleep(0.01)


def main(folder, trouble):
    torch.manual_seed(0)
    model = Troubled(folder, trouble)
    trainer = d2l.Trainer(4, seed=3, checkpoint=folder / "checkpoints", every=0.3)
    trainer.fit(model, Points(), resume="last")
    if trainer.is_main:
        points = {name: [list(p) for p in ps] for name, ps in model.board.points.items()}
        torch.save({"points": points, "weights": model.state_dict()}, folder / "end.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
