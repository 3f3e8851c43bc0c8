"""Shapes for lazy layers before the first step, without running code of the reader's twice."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from d2l.base.batches import peek
from d2l.base.modes import evaluating
from d2l.core.board import ProgressBoard
from d2l.core.checks import has_lazy_layers

if TYPE_CHECKING:
    from d2l.core.run import Run

OURS = "d2l."


def initialise_lazy_layers(run: "Run") -> None:
    """Give lazy layers their shapes by a forward pass over a first batch, so optimizers see them.

    The pass is in evaluation mode and advances no random generator but for the initial weights.
    Where the model's step, its forward pass or `prepare_batch` is the reader's own, or the loader
    can be read only once, nothing is run: the first training step does it, as in 1.0.3. Several
    processes need the shapes to begin with; there the training step itself is run.
    """
    model, loader = run.model, run.trainer.train_dataloader
    if not has_lazy_layers(model):
        return
    if run.group.size > 1:
        with torch.no_grad():
            dry_training_step(run)
        return
    ours = (type(model).training_step, type(model).forward, type(run.trainer).prepare_batch)
    is_ours = all(method.__module__.startswith(OURS) for method in ours)
    own = {"training_step", "forward"} & vars(model).keys()
    if not is_ours or own or isinstance(loader.loader, Iterator):
        return
    batch = run.batch = peek(loader.source, run.device)
    if isinstance(batch, (tuple, list)) and len(batch) >= 2:
        with torch.no_grad(), evaluating(model):
            model(*batch[:-1])
    run.batch = None


def dry_training_step(run: "Run") -> Any:
    """The loss of a first batch, of which neither the model nor the board keeps a trace."""
    model, board = run.model, run.model.board
    model.board = ProgressBoard(display=False)
    table, run.table = run.table, _Discard()  # type: ignore[assignment]
    try:
        with evaluating(model):  # dropout and batch norm keep no trace either
            batch = run.batch = peek(run.trainer.train_dataloader.source, run.device)
            return model.training_step(run.trainer.prepare_batch(batch))
    finally:
        model.board, run.table = board, table
        run.batch = None


class _Discard:
    """Where the values of a dry step go."""

    def write(self, name: str, value: Any) -> None:
        """Drop the value."""
