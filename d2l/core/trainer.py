"""The trainer: a ladder of small methods, each of which a reader may override.

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
from d2l.core.gradients import accumulate_gradients, is_book_loop, scale_to_norm, zero_grad
from d2l.core.hyperparameters import HyperParameters
from d2l.core.module import release_trainer
from d2l.core.trainer_state import NOT_TRAINED, Addition, PositionView, TrainerState, state_of
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
    """Trains a model on a data module for `max_epochs` passes.

    `num_gpus=1` trains on the first GPU, or on the CPU with a warning where there is none;
    `device` names another one. `gradient_clip_val` above 0 bounds the norm of all gradients
    together. `seed` makes a run repeatable from its initial weights, data order included. The model
    stays on the device where it was trained, but one that learns unregistered tensors comes back to
    where they were made. A loss that becomes nan or infinite is warned about; with
    `on_nonfinite="stop"` it raises `NotFiniteError`.

    On a CUDA device steps are captured once and replayed where that gives the same numbers, and
    data in memory move there if they take at most half of what is free; `plan` says what was
    chosen and why, `replay=False` and `stream=True` choose otherwise. `precision` is "32-true",
    "tf32" or "bf16-mixed". `compile=True` has PyTorch compile the model's forward pass, which pays
    in long runs.

    `accumulate` batches make one update, every example counting equally. A run stops early once the
    metric `monitor` has not improved for `patience` epochs; `mode` says whether it is to fall
    ("min") or to rise ("max"), and follows from its name unless given.

    A folder `checkpoint` gets the whole state of the run after `every` epochs (a fraction counts
    batches) and on Ctrl-C or SIGTERM; the last `keep` and the best stay. `run_dir` gets
    metrics.csv, hparams.json, board.svg and TensorBoard events of each run. `loggers` get the
    hyperparameters, the points of the board and its picture: `TensorBoardLogger`, `MLflowLogger`,
    `WandbLogger`, `TrackioLogger`, or any object with their four methods.

    A mistake that shows in the first steps is named, with its reason and its remedy: `hints` lists
    what was said. `tutor=False` (or the environment variable D2L_TUTOR=0) says nothing, and
    `tutor="strict"` raises `MistakeError`.

    Started by torchrun, the processes share every batch of the data module's `batch_size` and
    train as one, with DDP or, with `strategy="fsdp"`, sharding a model too large for one device.

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
    gradient_clip_val: float = 0  # defaults, for a reader's __init__ that does not set them
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
        """Whether this is the process that draws, prints and writes: the only one, or the first."""
        return from_environment().is_main

    @Addition
    def plan(self) -> Plan:
        """How the steps of the run are executed, and why."""
        state = state_of(self)
        return state.plan if state.run is None else state.run.plan

    @Addition
    def hints(self) -> list[Any]:
        """What was said about mistakes in this run, or the last one: `kind`, `message`, …"""
        return state_of(self).hints

    @Addition
    def device(self) -> torch.device:
        """The device of the run, or of the last one."""
        return state_of(self).device

    def prepare_data(self, data: Any) -> None:
        """Take the loaders from the data module and count their batches.

        `num_train_batches` and `num_val_batches` are None for loaders of unknown length.
        """
        self.train_dataloader = checks.require_training(data, data.train_dataloader())
        self.val_dataloader = data.val_dataloader()
        self.num_train_batches = _length(self.train_dataloader)
        self.num_val_batches = 0 if self.val_dataloader is None else _length(self.val_dataloader)

    def prepare_model(self, model: Any) -> None:
        """Bind model and trainer, and bring the model to the run's device."""
        model.trainer = self
        model.board.xlim = [0, self.max_epochs]
        model.to(state_of(self).device)
        self.model = model

    def prepare_batch(self, batch: Any) -> Any:
        """What the steps get to see of a batch; in a run it is on the run's device already."""
        state = state_of(self)
        return batch if state.run is not None else move(batch, state.device)

    def fit(self, model: Any, data: Any, *, resume: str | Path | None = None) -> None:
        """Train `model` on `data`; whatever ends the run, its points stay on `model.board`.

        `resume="last"` continues from the newest checkpoint of the trainer's folder, if it has one,
        "best" from the best, a path from that one: bit-identical on a CPU.

        Raises `CheckpointError` where a checkpoint cannot be written or does not belong to this
        run; `ModelError`, `BatchError` or `DataError` where the parts do not fit together;
        `NotFiniteError` under `on_nonfinite="stop"`.
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
        """One pass over the training batches, and one over the validation batches."""
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
        """Forward, backward and an update, for a `fit_epoch` of your own that accumulates."""
        _train_batch(self, state_of(self).run, batch)

    def validate_epoch(self, val_dataloader: Any) -> None:
        """One pass over the validation batches without gradients, for a `fit_epoch` of your own."""
        self.model.eval()
        _validate_epoch(self, val_dataloader)

    def clip_gradients(self, grad_clip_val: float, model: nn.Module) -> None:
        """Scale all gradients together so that their norm is at most `grad_clip_val`.

        Parameters without a gradient are skipped; unregistered tensors that learn count.

        Book: 9.5 Recurrent neural network implementation from scratch
        """
        scale_to_norm(
            [t.grad for t in trainable_tensors(model) if t.grad is not None], grad_clip_val
        )

    def validate(self, model: Any, data: Any) -> dict[str, float]:
        """The validation metrics of a model, every example counting equally, without a plot.

        `{'val_loss': …, 'val_acc': …}`: what its `validation_step` plots.
        """
        checks.check_parts(model, data)
        return validate(self, model, data, state_of(self).config)

    def save(self, path: str | Path) -> None:
        """Write the state of the run in one file, from which `fit(…, resume=path)` continues.

        A name that ends in `.safetensors` gets the weights of the model alone. In a run of several
        processes all must call this; the first one writes.
        """
        state = state_of(self)
        if state.run is not None:
            state.run.flush()
        parts = state.finished if state.run is None else state.run.state_parts()
        checks.check_was_fitted(parts is not None)
        assert parts is not None
        checkpointing.save(parts, Path(path))

    def __getstate__(self) -> dict[str, Any]:
        """A copy or a pickle is not in the run that this trainer is in."""
        return {
            **vars(self),
            "_d2l": replace(state_of(self), run=None, recorder=None, finished=None),
        }


def _open_run(trainer: Trainer, model: Any, data: Any, resume: str | Path | None) -> OpenRun:
    """The run of a fit, to be entered."""
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
    return OpenRun(run, data, resume, hooks, lambda: _finish(trainer, run))


def _finish(trainer: Trainer, run: Run) -> None:
    """Close the run; what the trainer keeps of it are counters, its plan and what `save` needs."""
    state = state_of(trainer)
    position = run.position
    state.run, state.recorder, state.counters = None, None, position.counters()
    state.counters["epoch"] = max(0, position.epoch - (not position.is_inside_epoch))
    if run.is_started:
        state.finished = replace(run.state_parts(), validation_rng=None)
    graphed = run.graphed
    if graphed is not None:
        graphed.close()
        run.graphed = None
    state.plan = run.plan
    release_trainer(run.model, trainer, replace(state, finished=None))
    run.close()


def _train_batch(trainer: Trainer, run: Run | None, batch: Any) -> None:
    """Forward, backward, and an update, or one for `accumulate` batches."""
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


def _length(loader: Any) -> int | None:
    try:
        return len(loader)
    except TypeError:
        return None


def _is_replaced(trainer: Trainer) -> bool:
    """Whether `fit_epoch` is a reader's; one that calls `super()` may still lead to ours."""
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


_OUR_FIT_EPOCH = Trainer.fit_epoch  # as it was before any reader replaced it
