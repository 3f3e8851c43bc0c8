"""The trainer: small methods that call each other, each of which a subclass may override.

fit → prepare_data, prepare_model, configure_optimizers of the model
    → fit_epoch → prepare_batch, training_step and validation_step of the model
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from d2l.base.devices import cpu, gpu, move, usable
from d2l.base.devices import num_gpus as count_gpus
from d2l.base.seed import seed_all
from d2l.core import checks
from d2l.core.gradients import accumulate_gradients, is_book_loop, scale_to_norm
from d2l.core.hyperparameters import HyperParameters
from d2l.core.trainer_state import (
    NOT_TRAINED,
    Addition,
    PositionView,
    TrainerState,
    finish_run,
    state_of,
)
from d2l.core.training import checkpointing
from d2l.core.training.fitting import Hooks, OpenRun
from d2l.core.training.run import Run
from d2l.core.training.run_config import RunConfig
from d2l.core.unregistered import trainable_tensors
from d2l.core.validation import validate
from d2l.engine.plan import Plan
from d2l.scale.process_group import from_environment

OWN_OPTIONS = list(RunConfig.__dataclass_fields__)


class Trainer(HyperParameters):
    """Trains a model on a data module for `max_epochs` epochs.

    `num_gpus=1` trains on the first GPU, or on the CPU with a warning if no GPU is found; `device`
    selects another device. If `gradient_clip_val` is above 0, the total norm of the gradients is
    clipped to it. `seed` makes a run reproducible from its initial weights on, including the order
    of the data. After training the model stays on the device of the run, but a model with trainable
    unregistered tensors is moved back. If the loss becomes nan or infinite, the trainer warns, or
    with `on_nonfinite="stop"` raises `NotFiniteError`.

    On a CUDA device, steps are captured once and replayed if the numbers stay the same, and data in
    memory are copied to the device if they take at most half of its free memory. `plan` reports
    what was chosen and why; `replay=False` and `stream=True` turn these off. `precision` is
    "32-true", "tf32" or "bf16-mixed". `compile=True` compiles the model's forward pass, which is
    worthwhile for long runs.

    One update is made per `accumulate` batches; each example counts equally. Training stops early
    once the metric `monitor` has not improved for `patience` epochs. `mode` is "min" if lower is
    better and "max" if higher is better; by default it follows from the name of the metric.

    The complete state of the run is saved in the folder `checkpoint` after `every` epochs (may be
    fractional) and on Ctrl-C or SIGTERM; the last `keep` checkpoints and the best one are kept.
    Each run writes metrics.csv, hparams.json, board.svg and TensorBoard events to `run_dir`.
    `loggers` receive the hyperparameters, the points of the board and its picture:
    `TensorBoardLogger`, `MLflowLogger`, `WandbLogger`, `TrackioLogger`, or any object with the same
    four methods.

    Common mistakes that show in the first steps are reported with the reason and the fix, and
    listed in `hints`. `tutor=False` (or the environment variable D2L_TUTOR=0) turns this off, and
    `tutor="strict"` raises `MistakeError`.

    Under torchrun, each batch of the data module's `batch_size` is split over the processes, which
    train one model with DDP, or with `strategy="fsdp"` shard a model too large for one device.

    >>> data = d2l.SyntheticRegressionData(w=torch.tensor([2.0, -1.0]), b=3.0)
    >>> model = d2l.LinearRegression(lr=0.03)
    >>> trainer = d2l.Trainer(max_epochs=3)
    >>> trainer.fit(model, data)
    epoch 1/3: train_loss ..., val_loss ... (... s)
    epoch 2/3: train_loss ..., val_loss ... (... s)
    epoch 3/3: train_loss ..., val_loss ... (... s)
    >>> w, b = model.get_w_b()
    >>> w.round(decimals=1), b.round(decimals=1)
    (tensor([[ 2., -1.]]), tensor([3.]))

    Book: 3.2 Object-oriented design for implementation
    """

    max_epochs: Any
    gradient_clip_val: float = 0  # defaults, for a subclass whose __init__ does not set them
    gpus: Sequence[torch.device] = ()
    model: Any
    optim: Any
    train_dataloader: Any
    val_dataloader: Any
    num_train_batches: int | None
    num_val_batches: int | None
    epoch = PositionView()
    train_batch_idx = PositionView()
    val_batch_idx = PositionView()

    def __init__(
        self,
        max_epochs: Any,
        num_gpus: int = 0,
        gradient_clip_val: float = 0,
        *,
        device: torch.device | str | None = None,
        seed: int | None = None,
        replay: bool | None = None,
        stream: bool | None = None,
        precision: str = "32-true",
        compile: bool = False,
        accumulate: int = 1,
        patience: int | None = None,
        monitor: str = "val_loss",
        mode: str | None = None,
        checkpoint: str | Path | None = None,
        every: float = 1,
        keep: int = 2,
        run_dir: str | Path | None = None,
        strategy: str = "ddp",
        on_nonfinite: str = "warn",
        tutor: bool | str = True,
        loggers: Sequence[Any] = (),
    ) -> None:
        self.save_hyperparameters(ignore=OWN_OPTIONS)
        options = {name: value for name, value in locals().items() if name in OWN_OPTIONS}
        options["device"] = usable(device) if device is not None else None
        config = RunConfig(**options)
        checks.warn_about_no_epochs(checks.whole_number(max_epochs))
        checks.warn_about_gpus(num_gpus, count_gpus(), from_environment().size)
        self.gpus = [gpu(i) for i in range(min(num_gpus, count_gpus()))]
        self.hparams = {**getattr(self, "hparams", {}), **options}
        vars(self)["_d2l"] = TrainerState(config)
        state_of(self).device = config.device or next(iter(self.gpus), cpu())

    @Addition
    def is_main(self) -> bool:
        """Whether this process has rank 0, which draws, prints and writes files."""
        return from_environment().is_main

    @Addition
    def plan(self) -> Plan:
        """How the training steps are executed, and why."""
        state = state_of(self)
        return state.plan if state.run is None else state.run.plan

    @Addition
    def hints(self) -> list[Any]:
        """The mistakes reported in this run, or the last one: `kind`, `message`, …"""
        return state_of(self).hints

    @Addition
    def device(self) -> torch.device:
        """The device of the current or the last run."""
        return state_of(self).device

    def prepare_data(self, data: Any) -> None:
        """Get the loaders from the data module and count their batches.

        `num_train_batches` and `num_val_batches` are None for loaders of unknown length.
        """
        self.train_dataloader = checks.require_training(data, data.train_dataloader())
        self.val_dataloader = data.val_dataloader()
        self.num_train_batches = checks.length(self.train_dataloader)
        self.num_val_batches = (
            0 if self.val_dataloader is None else checks.length(self.val_dataloader)
        )

    def prepare_model(self, model: Any) -> None:
        """Set `model.trainer` and `self.model`, and move the model to the run's device."""
        model.trainer = self
        model.board.xlim = [0, self.max_epochs]
        model.to(state_of(self).device)
        self.model = model

    def prepare_batch(self, batch: Any) -> Any:
        """Return the batch for the steps, on the run's device; subclasses may transform it."""
        state = state_of(self)
        return batch if state.run is not None else move(batch, state.device)

    def fit(self, model: Any, data: Any, *, resume: str | Path | None = None) -> None:
        """Train `model` on `data`; the points stay on `model.board`, even after an error.

        `resume="last"` continues from the newest checkpoint of the trainer's folder, if it has one,
        "best" from the best, and a path from that checkpoint; on a CPU the result is bit-identical
        to an uninterrupted run.

        Raises `CheckpointError` if a checkpoint cannot be written or does not belong to this run;
        `ModelError`, `BatchError` or `DataError` if model and data do not fit together;
        `NotFiniteError` with `on_nonfinite="stop"`.
        """
        checks.check_parts(model, data)
        with _open_run(self, model, data, resume) as run:
            for _ in run.epochs:
                if run.graphed is not None and run.has_book_loop:
                    _OUR_FIT_EPOCH(self)
                else:
                    self.fit_epoch()
                run.epoch_done()

    def fit_epoch(self) -> None:
        """Train on all training batches, then evaluate on all validation batches."""
        run = state_of(self).run
        self.model.train()
        if run is not None and run.graphed is not None:
            run.graphed.train_epoch()
        else:
            for batch in self.train_dataloader:
                _train_batch(self, run, self.prepare_batch(batch))
                if run is None:
                    self.train_batch_idx += 1
        if self.val_dataloader is None:
            return
        self.model.eval()
        if run is not None and run.graphed is not None:
            run.graphed.validate_epoch(lambda: _validate_epoch(self, self.val_dataloader))
        else:
            _validate_epoch(self, self.val_dataloader)

    def train_batch(self, batch: Any) -> None:
        """Run forward, backward and update; for a custom `fit_epoch` with `accumulate`."""
        _train_batch(self, state_of(self).run, batch)

    def validate_epoch(self, val_dataloader: Any) -> None:
        """Evaluate on all validation batches without gradients; for a custom `fit_epoch`."""
        self.model.eval()
        _validate_epoch(self, val_dataloader)

    def clip_gradients(self, grad_clip_val: float, model: nn.Module) -> None:
        """Scale all gradients so that their total norm is at most `grad_clip_val`.

        Parameters without a gradient are skipped; trainable unregistered tensors are included.

        Book: 9.5 Recurrent neural network implementation from scratch
        """
        scale_to_norm(
            [t.grad for t in trainable_tensors(model) if t.grad is not None], grad_clip_val
        )

    def validate(self, model: Any, data: Any) -> dict[str, float]:
        """Return the validation metrics of a model without plotting; each example counts equally.

        The result holds what its `validation_step` plots: `{'val_loss': …, 'val_acc': …}`.
        """
        checks.check_parts(model, data)
        return validate(self, model, data, state_of(self).config)

    def save(self, path: str | Path) -> None:
        """Save the state of the run to a file, from which `fit(…, resume=path)` continues.

        If the name ends in `.safetensors`, only the weights of the model are saved. In a run of
        several processes all of them must call this; rank 0 writes.
        """
        state = state_of(self)
        if state.run is not None:
            state.run.flush()
        parts = state.finished if state.run is None else state.run.state_parts()
        checks.check_was_fitted(parts is not None)
        assert parts is not None
        checkpointing.save(parts, Path(path))

    def __getstate__(self) -> dict[str, Any]:
        """Return the state to copy or pickle, without the run in progress."""
        state = replace(state_of(self), run=None, recorder=None, finished=None)
        return {**vars(self), "_d2l": state}


def _open_run(trainer: Trainer, model: Any, data: Any, resume: str | Path | None) -> OpenRun:
    """Return the context manager that opens the run of a fit."""
    state = state_of(trainer)
    if state.config.seed is not None:
        seed_all(state.config.seed)
    state.counters = dict.fromkeys(state.counters, 0)
    run = Run(trainer, model, state.config)
    run.plan, state.device = NOT_TRAINED, run.device
    state.run = state.recorder = run
    state.hints = []
    replaced = ["fit_epoch"] if _is_replaced(trainer) else []
    run.has_book_loop = bool(replaced) and _has_book_loop(trainer)
    hooks = Hooks(replaced, _train_batch, _val_batch)
    return OpenRun(run, data, resume, hooks, lambda: finish_run(trainer, run))


def _train_batch(trainer: Trainer, run: Run | None, batch: Any) -> None:
    """Run forward, backward and an update, or one update per `accumulate` batches."""
    if run is not None and run.config.accumulate > 1:
        accumulate_gradients(trainer, run, batch)
        return
    loss = trainer.model.training_step(batch)
    if run is not None:
        run.check_step(loss)
    zero_grad(trainer.optim)
    with torch.no_grad():
        loss.backward()
        if trainer.gradient_clip_val > 0:
            trainer.clip_gradients(trainer.gradient_clip_val, trainer.model)
        trainer.optim.step()


def _val_batch(trainer: Trainer, run: Run | None, batch: Any) -> None:
    trainer.model.validation_step(batch)


def _validate_epoch(trainer: Trainer, val_dataloader: Any) -> None:
    run = state_of(trainer).run
    with torch.no_grad():
        for batch in val_dataloader:
            trainer.model.validation_step(trainer.prepare_batch(batch))
            if run is None:
                trainer.val_batch_idx += 1


def _is_replaced(trainer: Trainer) -> bool:
    """Whether `fit_epoch` is user-defined and does not call `super()`."""
    if "fit_epoch" in vars(trainer):
        return True
    for kind in type(trainer).__mro__:
        method = vars(kind).get("fit_epoch")
        if method is _OUR_FIT_EPOCH:
            return False
        code = getattr(method, "__code__", None)
        if method is not None and (code is None or "__class__" not in code.co_freevars):
            return True
    return True


def _has_book_loop(trainer: Trainer) -> bool:
    return "fit_epoch" not in vars(trainer) and is_book_loop(type(trainer).fit_epoch)


_OUR_FIT_EPOCH = Trainer.fit_epoch  # before any user code replaces it


def zero_grad(optimizer: Any) -> None:
    """Call `optimizer.zero_grad()`, without the profiler hook of PyTorch's own optimizers.

    That hook takes longer than the work itself, up to a tenth of a small step.
    """
    is_pytorchs = getattr(type(optimizer), "zero_grad", None) is _OF_PYTORCH
    if is_pytorchs and "zero_grad" not in vars(optimizer):
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = None
    else:
        optimizer.zero_grad()


_OF_PYTORCH = torch.optim.Optimizer.zero_grad
