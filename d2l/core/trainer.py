"""The trainer: a ladder of short rungs, each of which a reader may override.

fit → prepare_data, prepare_model, configure_optimizers
    → fit_epoch → train_batch      per batch, after prepare_batch
                → validate_epoch
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from d2l.base.devices import cpu, gpu, move, usable
from d2l.base.devices import num_gpus as count_gpus
from d2l.base.seed import seed_all
from d2l.core import fast, preflight
from d2l.core.board import ProgressBoard
from d2l.core.hyperparameters import HyperParameters
from d2l.core.progress import Feed, Progress
from d2l.core.report import Report
from d2l.core.tensors import home_of_plain_tensors, trainable_tensors
from d2l.engine.meter import FiniteWatch
from d2l.engine.plan import Plan
from d2l.engine.precision import arithmetic, check_precision
from d2l.errors import NotFiniteError


class Trainer(HyperParameters):
    """Trains a model on a data module for `max_epochs` passes.

    `num_gpus=1` trains on the first GPU, or on the CPU with a warning where there is none;
    `device` names another one. `gradient_clip_val` above 0 bounds the norm of all gradients
    together. `seed` makes a run repeatable from the weights it begins with, data order included.
    The model stays on the device where it was trained, but one with plain tensors comes back to
    where they were made.

    On a CUDA device steps are recorded once and replayed where that gives the same numbers, and
    data in memory move there if they take at most half of what is free; `plan` says what was
    chosen and why, `replay=False` and `stream=True` choose otherwise. `precision` is "32-true",
    "tf32" or "bf16-mixed". `compile=True` has PyTorch compile the model's forward pass, which pays
    in long runs.

    >>> data = d2l.SyntheticRegressionData(w=torch.tensor([2.0, -1.0]), b=3.0)
    >>> model = d2l.LinearRegression(lr=0.1)
    >>> trainer = d2l.Trainer(max_epochs=3)
    >>> trainer.fit(model, data)
    epoch 3/3: train_loss ..., val_loss ... (... s)
    >>> w, b = model.get_w_b()
    >>> w.round(decimals=1), b.round(decimals=1)
    (tensor([[ 2., -1.]]), tensor([3.]))

    Book: 3.2 Object-oriented design for implementation
    """

    max_epochs: int
    gradient_clip_val: float
    seed: int | None
    replay: bool | None
    stream: bool | None
    precision: str
    compile: bool

    def __init__(
        self,
        max_epochs: int,
        num_gpus: int = 0,
        gradient_clip_val: float = 0,
        *,
        device: torch.device | str | None = None,
        seed: int | None = None,
        replay: bool | None = None,
        stream: bool | None = None,
        precision: str = "32-true",
        compile: bool = False,
    ) -> None:
        self.save_hyperparameters(ignore="device")
        preflight.check_max_epochs(max_epochs)
        check_precision(precision)
        preflight.warn_of_missing_gpus(num_gpus, count_gpus())
        self.gpus = [gpu(i) for i in range(min(num_gpus, count_gpus()))]
        self._asked_device = usable(device) if device is not None else None
        self.device = self._asked_device or (self.gpus[0] if self.gpus else cpu())
        self.progress = Progress()
        self._watch = FiniteWatch(deferred=False)
        self._fast: fast.FastRun | None = None
        self.plan = Plan(str(self.device), "resident", "plain", "nothing was trained yet")
        self.epoch = self.train_batch_idx = self.val_batch_idx = 0

    def prepare_data(self, data: Any) -> None:
        """Take the loaders from the data module and count their batches."""
        self.train_dataloader = preflight.require_training(data, data.train_dataloader())
        self.val_dataloader = data.val_dataloader()
        self.num_train_batches = len(self.train_dataloader)
        self.num_val_batches = 0 if self.val_dataloader is None else len(self.val_dataloader)

    def prepare_model(self, model: Any) -> None:
        """Bind model and trainer, and bring the model to the run's device, plain tensors too."""
        model.trainer = self
        model.board.xlim = [0, self.max_epochs]
        model.to(self.device)
        self.model = model

    def prepare_batch(self, batch: Any) -> Any:
        """What the steps get to see of a batch; it is on the run's device already."""
        return move(batch, self.device)

    def fit(self, model: Any, data: Any) -> None:
        """Train `model` on `data`; whatever ends the run, its points stay on `model.board`.

        Raises `NotFiniteError` at the batch whose loss becomes nan or infinite, before the
        weights take that step; `ModelError`, `BatchError` or `DataError` before the first batch
        where the parts do not fit together.
        """
        preflight.check_parts(model, data)
        if self.seed is not None:
            seed_all(self.seed)
        self.epoch = self.train_batch_idx = self.val_batch_idx = 0
        self._choose_device(model)
        home = home_of_plain_tensors(model)
        self.prepare_data(data)
        self.prepare_model(model)
        self._feed_loaders()
        preflight.check_loader(self.num_train_batches)
        self._initialise_lazy_layers()
        preflight.check_model(model)
        self.optim = model.configure_optimizers()
        self._choose_path()
        if self.compile:
            model.compile()
        try:
            with arithmetic(self.precision, self.device):
                self._run()
        finally:
            if home is not None:  # a reader goes on computing with tensors they made themselves
                model.to(home)

    def fit_epoch(self) -> None:
        """One pass over the training batches, and one over the validation batches."""
        self.model.train()
        if self._fast is not None:
            self._fast.train_epoch()
        else:
            for batch in self.train_dataloader:
                self.train_batch(self.prepare_batch(batch))
                self.train_batch_idx += 1
        if self.val_dataloader is not None:
            validate = self.validate_epoch if self._fast is None else self._fast.validate_epoch
            validate(self.val_dataloader)

    def train_batch(self, batch: Any) -> None:
        """Forward, backward, one step of the optimizer."""
        loss = self.model.training_step(batch)
        self.check_loss(loss)
        self.optim.zero_grad()
        loss.backward()
        with torch.no_grad():
            if self.gradient_clip_val > 0:
                self.clip_gradients(self.gradient_clip_val, self.model)
            self.optim.step()

    def validate_epoch(self, val_dataloader: Any) -> None:
        """One pass over the validation batches, without gradients."""
        self.model.eval()
        with torch.no_grad():
            for batch in val_dataloader:
                self.model.validation_step(self.prepare_batch(batch))
                self.val_batch_idx += 1

    def validate(self, model: Any, data: Any) -> dict[str, float]:
        """The validation numbers of a model, every example weighing the same, without a plot.

        `{'val_loss': …, 'val_acc': …}`: what its `validation_step` plots.
        """
        preflight.check_parts(model, data)
        run = copy.copy(self)  # the trainer itself, perhaps in mid-run, is left as it was
        run.progress = Progress()
        run._choose_device(model)
        val_dataloader = preflight.require_validation(data)
        model.to(run.device)
        before, was_training = vars(model).get("trainer"), model.training
        run.model, model.trainer = model, run
        try:
            run.validate_epoch(Feed(val_dataloader, run.device, run.progress, "validate"))
        finally:
            model.trainer = before
            model.train(was_training)
        return {f"val_{key}": float(mean) for key, mean in run.progress.means.pop().items()}

    def clip_gradients(self, grad_clip_val: float, model: nn.Module) -> None:
        """Scale all gradients together so that their norm is at most `grad_clip_val`.

        Parameters without a gradient are passed over; plain tensors count.

        Book: 9.5 Recurrent neural network implementation from scratch
        """
        grads = [t.grad for t in trainable_tensors(model) if t.grad is not None]
        if not grads:
            return
        norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in grads]))
        factor = torch.clamp(grad_clip_val / norm, max=1.0)
        for grad in grads:
            grad.mul_(factor)

    def check_loss(self, loss: Any) -> None:
        """Raise unless the loss is one finite number; on a GPU it is read with some delay."""
        preflight.check_scalar(self.model, loss)
        if self.progress.results is not None:
            self.progress.results.write(fast.STEP_LOSS, loss)
            return
        self._stop_if_bad(self._watch.note(loss, self.train_batch_idx))

    def _choose_device(self, model: nn.Module) -> None:
        """Without a wish, a run takes place where the model is."""
        if self._asked_device is None and not self.gpus:
            tensors = trainable_tensors(model)
            self.device = tensors[0].device if tensors else cpu()

    def _feed_loaders(self) -> None:
        self.progress = Progress()
        self._watch = FiniteWatch(deferred=self.device.type != "cpu")
        where = (self.device, self.progress)
        self.train_dataloader = Feed(self.train_dataloader, *where, "train", self.stream)
        if self.val_dataloader is not None:
            self.val_dataloader = Feed(self.val_dataloader, *where, "validate", self.stream)

    def _initialise_lazy_layers(self) -> None:
        """One dry pass gives lazy layers their shapes, so that optimizers see real parameters."""
        if not preflight.has_lazy_layers(self.model):
            return
        model, board = self.model, self.model.board
        model.eval()  # dropout and batch norm leave no trace
        model.board = ProgressBoard(display=False)  # nor does what the dry pass plots
        try:
            with torch.no_grad(), self._batch_named():
                model.training_step(self.prepare_batch(self.train_dataloader.peek()))
        finally:
            model.board = board

    def _run(self) -> None:
        report = Report(self, self.model.board)
        self.progress.on_batch = report.tick
        self.progress.on_validated = self._plot_validated
        try:
            with self._batch_named():
                for epoch in range(self.max_epochs):
                    self.epoch = epoch
                    self.fit_epoch()
                    self.progress.enter("idle")
                    self._leave_fast_path_if_refused()
            self._finish_reading()
        except KeyboardInterrupt:
            self._finish_reading()
            raise
        finally:
            self._drop_fast_path()
            report.finish()

    @contextmanager
    def _batch_named(self) -> Iterator[None]:
        """Have errors of a step say which batch they were in."""
        try:
            yield
        except (RuntimeError, TypeError, IndexError, ValueError) as error:
            parts = preflight.describe_batch(self.progress.batch)
            error.add_note(f"This was in epoch {self.epoch + 1}, in a batch of the parts {parts}.")
            raise

    def _choose_path(self) -> None:
        """Decide, once the parts of the run are known, how its steps are done."""
        replaced = [name for name, ours in _RUNGS.items() if _is_replaced(self, name, ours)]
        self.plan = fast.make_plan(self, replaced)
        self._fast = fast.FastRun(self) if self.plan.step == "replayed" else None

    def _leave_fast_path_if_refused(self) -> None:
        if self._fast is not None and self._fast.is_refused:
            self._fast.finish()
            self._drop_fast_path()

    def _drop_fast_path(self) -> None:
        """Keep what it did in the plan, and let its buffers and recordings go."""
        if self._fast is not None:
            self.plan = self._fast.conclude(self.plan)
            self._fast = None

    def _finish_reading(self) -> None:
        if self._fast is not None:
            self._fast.finish()
        self._stop_if_bad(self._watch.read())

    def _plot_validated(self) -> None:
        means = self.progress.means.pop()
        if means:
            self.model.draw_validation(means, self.epoch)

    def _stop_if_bad(self, found: tuple[int, float] | None) -> None:
        if found is not None:
            self.stop_at(*found)

    def stop_at(self, batch_index: int, value: float) -> None:
        """Raise for a loss that is no finite number; batches are counted from the run's begin."""
        epoch, batch = divmod(batch_index, self.num_train_batches)
        is_late = self._watch.deferred or self._fast is not None
        when = "a moment later" if is_late else "before the weights took that step"
        raise NotFiniteError(
            f"the loss is {value} in epoch {epoch + 1} of {self.max_epochs}, batch {batch + 1} of "
            f"{self.num_train_batches}: stopped {when}; the points are on model.board. "
            f"{preflight.advice_on_divergence(self.model, self.gradient_clip_val)}"
        )


def _is_replaced(trainer: Trainer, name: str, ours: Any) -> bool:
    """Whether a rung is a reader's; a `fit_epoch` that calls `super()` still leads to ours."""
    method = vars(trainer).get(name, getattr(type(trainer), name))
    is_around_ours = name == "fit_epoch" and vars(Trainer)[name] is ours
    code = getattr(method, "__code__", None)
    calls_super = code is not None and "__class__" in code.co_freevars
    return method is not ours and not (is_around_ours and calls_super)


# The rungs that the fast path goes round, as they were before any reader patched them.
_RUNGS = {
    name: vars(Trainer)[name]
    for name in ("fit_epoch", "train_batch", "validate_epoch", "check_loss")
}
