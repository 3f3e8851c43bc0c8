"""Lightning as its documentation has it: a LightningModule and a Trainer on DataLoaders.

Logger, checkpoints, progress bar and summary are off, by the Trainer's own flags.
"""

import warnings
from typing import Any

import lightning as L
import torch
from torch.nn.functional import cross_entropy

from bench import nets
from bench.peers.case import LEARNING_RATE, Case, Epochs, Stopwatch
from bench.peers.quickstart import loaders

QUIET = {
    "logger": False, "enable_checkpointing": False, "enable_progress_bar": False,
    "enable_model_summary": False, "num_sanity_val_steps": 0,
}  # fmt: skip


class LitClassifier(L.LightningModule):
    """A network, its loss and its optimizer."""

    def __init__(self, net: torch.nn.Module) -> None:
        super().__init__()
        self.net = net
        self.watch, self.accuracies = Stopwatch(), list[float]()

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        """The loss of a batch."""
        X, y = batch
        loss = cross_entropy(self.net(X), y)
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """Log the loss and the accuracy of a batch."""
        X, y = batch
        logits = self.net(X)
        self.log("val_loss", cross_entropy(logits, y))
        self.log("val_acc", (logits.argmax(dim=1) == y).float().mean())

    def configure_optimizers(self) -> Any:
        """SGD."""
        return torch.optim.SGD(self.parameters(), lr=LEARNING_RATE)

    def on_train_epoch_start(self) -> None:
        """Start the watch."""
        self.watch.start()

    def on_train_epoch_end(self) -> None:
        """Stop it: validation is done by then."""
        self.watch.stop()
        self.accuracies.append(float(self.trainer.callback_metrics["val_acc"]))


def run(case: Case) -> Epochs:
    """Train and validate, a fit for the warm-up before it."""
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    fit(case.warm())
    torch.manual_seed(case.seed)
    return fit(case)


def fit(case: Case) -> Epochs:
    """A new network."""
    model = LitClassifier(getattr(nets, case.task)())
    trainer = L.Trainer(max_epochs=case.epochs, accelerator="cpu", **QUIET)
    trainer.fit(model, *loaders(case))
    return Epochs(model.watch.seconds, model.accuracies)
