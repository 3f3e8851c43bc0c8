"""The trainer: a ladder of short rungs, each of which a reader may override.

fit → prepare_data, prepare_model, configure_optimizers
    → fit_epoch → train_batch      per batch, after prepare_batch
                → validate_epoch
"""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from d2l.base.devices import cpu, gpu, move, usable
from d2l.base.devices import num_gpus as count_gpus
from d2l.base.modes import evaluating
from d2l.base.seed import seed_all
from d2l.core import loop, preflight, stored, team
from d2l.core.board import ProgressBoard
from d2l.core.fast import STEP_LOSS, FastRun, make_plan
from d2l.core.gradients import gather_gradients, scale_to_norm
from d2l.core.hyperparameters import HyperParameters
from d2l.core.keeper import Keeper
from d2l.core.patience import Patience
from d2l.core.pooled import PooledPoints
from d2l.core.progress import Feed, Progress
from d2l.core.schedule import Schedule, unpack
from d2l.core.tensors import home_of_plain_tensors, trainable_tensors
from d2l.engine.meter import FiniteWatch
from d2l.engine.plan import Plan
from d2l.engine.precision import arithmetic, check_precision
from d2l.scale.parallel import check_strategy
from d2l.scale.world import ALONE, World, launched


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

    `accumulate` batches make one step of the optimizer, every example weighing the same. A run
    ends early once the curve `monitor`, of which less is better (`mode="min"`) or more ("max"), has
    not improved for `patience` epochs.

    A folder `checkpoint` gets the whole state of the run after `every` epochs (a fraction counts
    batches) and on Ctrl-C or SIGTERM; the last `keep` and the best stay. `run_dir` gets
    metrics.csv, hparams.json, board.svg and TensorBoard events of each run.

    Started by torchrun, the processes share every batch of the data module's `batch_size` and
    train as one, with DDP or, with `strategy="fsdp"`, sharding a model too large for one device.

    >>> data = d2l.SyntheticRegressionData(w=torch.tensor([2.0, -1.0]), b=3.0)
    >>> model = d2l.LinearRegression(lr=0.03)
    >>> trainer = d2l.Trainer(max_epochs=3)
    >>> trainer.fit(model, data)
    epoch 3/3: train_loss ..., val_loss ... (... s)
    >>> w, b = model.get_w_b()
    >>> w.round(decimals=1), b.round(decimals=1)
    (tensor([[ 2., -1.]]), tensor([3.]))

    Book: 3.2 Object-oriented design for implementation
    """

    # Defaults, since the book has readers replace __init__ by one that knows three arguments, and
    # fit by the book's.
    max_epochs: int
    gradient_clip_val: float = 0
    seed: int | None = None
    replay: bool | None = None
    stream: bool | None = None
    precision: str = "32-true"
    compile: bool = False
    accumulate: int = 1
    patience: int | None = None
    monitor: str = "val_loss"
    mode: str = "min"
    checkpoint: str | Path | None = None
    every: float = 1
    keep: int = 2
    run_dir: str | Path | None = None
    strategy: str = "ddp"

    gpus: Sequence[torch.device] = ()
    device: torch.device = torch.device("cpu")
    plan: Plan = Plan("cpu", "resident", "plain", "nothing was trained yet")
    world: World = ALONE
    pool: PooledPoints | None = None
    schedule: Schedule | None = None
    fast: FastRun | None = None
    progress: Progress = Progress()
    watch: FiniteWatch = FiniteWatch(deferred=False)
    _asked_device: torch.device | None = None

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
        accumulate: int = 1,
        patience: int | None = None,
        monitor: str = "val_loss",
        mode: str = "min",
        checkpoint: str | Path | None = None,
        every: float = 1,
        keep: int = 2,
        run_dir: str | Path | None = None,
        strategy: str = "ddp",
    ) -> None:
        self.save_hyperparameters(ignore="device")
        preflight.check_max_epochs(max_epochs)
        preflight.check_keeping(accumulate, every, keep)
        check_precision(precision)
        check_strategy(strategy)
        Patience(monitor, mode, patience)
        self.world = launched()
        preflight.advise_on_gpus(num_gpus, count_gpus(), self.world.size)
        self.gpus = [gpu(i) for i in range(min(num_gpus, count_gpus()))]
        self._asked_device = usable(device) if device is not None else None
        self.device = self._wished_device() or cpu()
        self.progress = Progress(self.world)
        self.epoch = self.train_batch_idx = self.val_batch_idx = 0

    @property
    def is_main(self) -> bool:
        """Whether this is the process that draws, prints and writes: the only one, or the first."""
        return launched().is_main

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
        model.board.display = model.board.display and self.is_main
        model.to(self.device)
        self.model = model

    def prepare_batch(self, batch: Any) -> Any:
        """What the steps get to see of a batch; it is on the run's device already."""
        return move(batch, self.device)

    def fit(self, model: Any, data: Any, *, resume: str | Path | None = None) -> None:
        """Train `model` on `data`; whatever ends the run, its points stay on `model.board`.

        `resume="last"` goes on from the newest checkpoint of the trainer's folder, if it has one,
        "best" from the best, a path from that one: bit for bit on a CPU, as if nothing had been.

        Raises `NotFiniteError` at the batch whose loss becomes nan or infinite, before the
        weights take that step; `CheckpointError` where a checkpoint cannot be written or does not
        belong to this run; `ModelError`, `BatchError` or `DataError` before the first batch where
        the parts do not fit together.
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
        try:
            with arithmetic(self.precision, self.device), team.as_one(self):
                self._begin(resume)
                loop.run(self)
        finally:
            if home is not None and self.device.type != "meta":
                model.to(home)  # a reader goes on computing with tensors they made themselves

    def save(self, path: str | Path) -> None:
        """Write the state of the run in one file, from which `fit(…, resume=path)` goes on.

        A name that ends in `.safetensors` gets the weights of the model alone. In a run of several
        processes all must call this; the first one writes.
        """
        preflight.check_was_fitted(self)
        loop.finish_reading(self)
        stored.save(self, Path(path))

    def fit_epoch(self) -> None:
        """One pass over the training batches, and one over the validation batches."""
        self.model.train()
        if self.fast is not None:
            self.fast.train_epoch()
        else:
            for batch in self.train_dataloader:
                self.train_batch(self.prepare_batch(batch))
                self.train_batch_idx += 1
        if self.val_dataloader is not None:
            validate = self.validate_epoch if self.fast is None else self.fast.validate_epoch
            validate(self.val_dataloader)

    def train_batch(self, batch: Any) -> None:
        """Forward, backward, one step of the optimizer, or one for `accumulate` batches."""
        if self.accumulate > 1:
            gather_gradients(self, batch)
            return
        loss = self.model.training_step(batch)
        self.check_loss(loss)
        self.optim.zero_grad()
        loss.backward()
        self.update()

    def update(self) -> None:
        """One step of the optimizer along the gradients there are, clipped where asked for."""
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
        run._choose_device(model)
        run.progress = Progress(run.world)
        val_dataloader = preflight.require_validation(data)
        model.to(run.device)
        before = vars(model).get("trainer")
        run.model, model.trainer = model, run
        try:
            with evaluating(model):
                run.validate_epoch(Feed(val_dataloader, run.device, run.progress, "validate"))
        finally:
            model.trainer = before
        return {f"val_{key}": float(mean) for key, mean in run.progress.pop_means().items()}

    def clip_gradients(self, grad_clip_val: float, model: nn.Module) -> None:
        """Scale all gradients together so that their norm is at most `grad_clip_val`.

        Parameters without a gradient are passed over; plain tensors count.

        Book: 9.5 Recurrent neural network implementation from scratch
        """
        scale_to_norm(
            [t.grad for t in trainable_tensors(model) if t.grad is not None], grad_clip_val
        )

    def check_loss(self, loss: Any) -> None:
        """Raise unless the loss is one finite number; on a GPU it is read with some delay."""
        preflight.check_scalar(self.model, loss)
        if self.progress.results is not None:
            self.progress.results.write(STEP_LOSS, loss)
            return
        loop.stop_if_bad(self, self.watch.note(loss, self.train_batch_idx))

    def dry_step(self) -> Any:
        """The loss of a first batch, of which neither the model nor the board keeps a trace."""
        model, board, pool = self.model, self.model.board, self.pool
        model.board = ProgressBoard(display=False)  # what the dry pass plots leaves no trace
        self.pool = None
        try:
            with loop.batch_named(self), evaluating(model):  # nor do dropout and batch norm
                return model.training_step(self.prepare_batch(self.train_dataloader.peek()))
        finally:
            model.board, self.pool = board, pool

    def _wished_device(self) -> torch.device | None:
        """The device that was asked for, or is this process's among others; None: any."""
        first_gpu = self.gpus[0] if self.gpus else None
        return self.world.device(self._asked_device or first_gpu)

    def _choose_device(self, model: nn.Module) -> None:
        """Without a wish, a run takes place where the model is; all its processes meet there."""
        self.world = launched()
        tensors = trainable_tensors(model)
        home = tensors[0].device if tensors else cpu()
        self.device = self._wished_device() or home
        self.world.join(self.device)

    def _feed_loaders(self) -> None:
        self.progress = Progress(self.world)
        self.pool = PooledPoints(self.progress, self.device) if self.world.size > 1 else None
        self.watch = FiniteWatch(deferred=self.device.type != "cpu")
        where = (self.device, self.progress)
        self.train_dataloader = Feed(self.train_dataloader, *where, "train", self.stream)
        if self.val_dataloader is not None:
            self.val_dataloader = Feed(self.val_dataloader, *where, "validate", self.stream)

    def _initialise_lazy_layers(self) -> None:
        """One dry pass gives lazy layers their shapes, so that optimizers see real parameters."""
        if preflight.has_lazy_layers(self.model):
            with torch.no_grad():
                self.dry_step()

    def _begin(self, resume: str | Path | None) -> None:
        """Make the optimizer, put back what a checkpoint holds, and decide how steps are done."""
        self.optim, self.schedule = unpack(self.model.configure_optimizers())
        team.check_optimizer(self)
        self.progress.generators.begin()
        self.keeper = Keeper(self)
        self.keeper.begin(resume)
        replaced = [name for name, ours in _RUNGS.items() if _is_replaced(self, name, ours)]
        self.plan = make_plan(self, replaced)
        self.fast = FastRun(self) if self.plan.step == "replayed" else None
        if self.compile:
            self.model.compile()


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
