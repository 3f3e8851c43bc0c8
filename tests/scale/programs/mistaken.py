"""Trains a model with a softmax too many; each process says how many hints it was given."""

import os

from parts import Perceptron, Points
from torch import nn

from d2l import torch as d2l

model = Perceptron()
model.net = nn.Sequential(nn.Flatten(), nn.Linear(5, 2), nn.Softmax(dim=1))
trainer = d2l.Trainer(max_epochs=1, seed=0)
trainer.fit(model, Points())
print(f"rank {os.environ['RANK']}: {[hint.kind for hint in trainer.hints]}", flush=True)
