"""Trains a sharded model up to some epoch, going on from the last checkpoint if there is one.

`sharded.py FOLDER MAX_EPOCHS`: leaves checkpoints and curves, also those of a run without a stop.
"""

import json
import sys
from pathlib import Path

import torch
from parts import Perceptron, Points

from d2l import torch as d2l
from d2l.scale.sharded_checkpoint import is_sharded


def learn(max_epochs, resume=None, **options):
    """The run's curves, whether its model lies in pieces, and whether this is the first process."""
    torch.manual_seed(0)
    net = Perceptron()
    net.board.display = False
    trainer = d2l.Trainer(max_epochs=max_epochs, seed=3, strategy="fsdp", **options)
    trainer.fit(net, Points(), resume=resume)
    curves = {name: [[*p] for p in series] for name, series in net.board.points.items()}
    return {"curves": curves, "sharded": is_sharded(net)}, trainer.is_main


def main():
    """Train, and leave what was found."""
    folder, max_epochs = Path(sys.argv[1]), int(sys.argv[2])
    found, is_main = learn(max_epochs, resume="last", checkpoint=folder / "checkpoints")
    found["straight"] = learn(max_epochs)[0]["curves"]
    if is_main:
        (folder / "found.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
