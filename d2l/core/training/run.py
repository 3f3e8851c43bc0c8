"""The state of one fit, from its first batch to its last, and the components that it uses.

`Trainer.fit` opens a run and loops over its epochs; the run's loaders report each batch to it, and
`Module.plot` each value. When `fit` returns, the run is closed and its state is freed.
"""

import math
import time
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from d2l.base.batches import count_examples
from d2l.base.seed import GeneratorStates
from d2l.core import checks
from d2l.core.board import board_curves
from d2l.core.training import parallel_run
from d2l.core.training.checkpointing import SignalHandler
from d2l.core.training.device_loader import DeviceLoader, batches_from
from d2l.core.training.early_stopping import EarlyStopping, require_metric
from d2l.core.training.lr_schedule import Schedule
from d2l.core.training.metrics import MetricRecorder, mean_of, scalar
from d2l.core.training.run_config import RunConfig, choose_device
from d2l.core.training.run_state import Position, ResumePoint, RunParts
from d2l.engine.plan import Plan
from d2l.engine.running_metrics import SECONDS_BETWEEN_READS, STEP_LOSS, FiniteCheck, NonFinite
from d2l.errors import NotFiniteError
from d2l.scale.process_group import from_environment
from d2l.scale.sharding import SharedRandomState

if TYPE_CHECKING:
    from d2l.core.module import Module
    from d2l.core.observer import RunObserver
    from d2l.core.trainer import Trainer
    from d2l.core.training.checkpointing import CheckpointManager
    from d2l.core.training.graphed_run import GraphedRun
    from d2l.core.training.progress_reporter import ProgressReporter
    from d2l.core.training.run_logger import RunLogger
    from d2l.engine.running_metrics import ResultTable


class Run:
    """The state of one fit.

    `batch` is the current batch; `table` is where a step writes its values while it is captured or
    replayed. In a run of several processes `num_local` of the `num_global` examples of the batch
    are in this process.
    """

    is_open, is_started = True, False
    has_book_loop = False  # a user-defined `fit_epoch` that is identical to the book's
    checkpoints: "CheckpointManager"
    graphed: "GraphedRun | None" = None
    observer: "RunObserver | None" = None
    plan: Plan
    logger: "RunLogger"
    metrics: MetricRecorder
    reporter: "ProgressReporter"
    schedule: Schedule | None = None
    optimizer: Any = None
    table: "ResultTable | None" = None
    num_train_batches: int | None
    num_val_batches: int | None

    def __init__(self, trainer: "Trainer", model: "Module", config: RunConfig) -> None:
        self.trainer, self.model, self.config = trainer, model, config
        self.group = from_environment()
        self.device = choose_device(trainer, model, config, self.group)
        self.max_epochs = checks.whole_number(trainer.max_epochs)
        self.position = Position()
        self.rng = SharedRandomState(self.group)
        self.early_stopping = EarlyStopping(config.monitor, config.mode, config.patience)
        self.signals = SignalHandler(verbose=self.group.is_main)
        self.finite_check = FiniteCheck(self.device.type != "cpu")
        self.resume_point: ResumePoint | None = None
        self.epoch_rng: GeneratorStates | None = None
        self.validation_rng: GeneratorStates | None = None
        self.started = time.monotonic()
        self.batch: Any = None
        self._source: Any = None  # of the current pass
        self.is_training = self.is_validating = False
        self.num_accumulated = 0  # examples whose gradients are not applied yet
        self.num_batches_done = 0
        self._is_loss_checked = self._has_warned = False
        self._written_loss: Any = None  # of the current step, already in the table
        self._next_report = self.started + SECONDS_BETWEEN_READS

    @property
    def epochs(self) -> Iterator[int]:
        """Iterate over the remaining epochs, until early stopping ends the run."""
        while self.position.epoch < self.max_epochs and not self.early_stopping.should_stop:
            yield self.position.epoch

    @property
    def num_local(self) -> int:
        """The number of examples of the batch in this process."""
        return self._source.num_local if self.group.size > 1 else count_examples(self.batch)

    @property
    def num_global(self) -> int:
        """The number of examples of the batch in all processes together."""
        return self._source.num_global if self.group.size > 1 else count_examples(self.batch)

    @property
    def num_updates(self) -> int:
        """The number of optimizer updates so far, of `accumulate` batches each."""
        accumulate, num_batches = self.config.accumulate, self.num_train_batches
        if accumulate == 1 or num_batches is None:
            return self.position.num_steps
        per_epoch = math.ceil(num_batches / accumulate)
        return self.position.epoch * per_epoch + math.ceil(self.position.batch / accumulate)

    @property
    def is_between_updates(self) -> bool:
        """Whether all gradients have been applied."""
        done = self.position.batch
        return done % self.config.accumulate == 0 or done == self.num_train_batches

    def start_pass(self, loader: "DeviceLoader") -> Iterator[Any]:
        """Start a pass over the training or validation batches; a resumed one in its middle."""
        self.finish_pass()
        self._source = loader.source
        self.is_training, self.is_validating = loader.is_training, not loader.is_training
        if self.is_validating:  # a validation pass is never resumed in its middle
            self.validation_rng, self.position.val_batch = self.rng.states, 0
            return batches_from(loader.source, 0)
        rng = self.start_training_pass()
        batches = batches_from(loader.source, self.position.batch)
        self.training_pass_started(rng)
        return batches

    def resume_after(self, epoch_rng: GeneratorStates | None, rng: GeneratorStates) -> None:
        """Let the next training pass draw its order from `epoch_rng`, then continue with `rng`."""
        self.resume_point = None if epoch_rng is None else ResumePoint(epoch_rng, rng)

    def state_parts(self) -> RunParts:
        """Return the parts of the run that a checkpoint contains."""
        return RunParts(
            self.model,
            self.optimizer,
            self.schedule,
            getattr(self.trainer, "hparams", {}),
            self.position,
            self.num_train_batches,
            self.early_stopping,
            self.metrics,
            self.group,
            self.rng,
            self.epoch_rng,
            self.validation_rng,
        )

    def start_training_pass(self) -> GeneratorStates | None:
        """Prepare to draw the order of a training pass; return the random states for after it."""
        resume_point, self.resume_point = self.resume_point, None
        if resume_point is None:
            self.position.batch = 0
        else:
            self.rng.states = resume_point.epoch_rng
        self.epoch_rng = self.rng.states
        return None if resume_point is None else resume_point.rng

    def training_pass_started(self, rng: GeneratorStates | None) -> None:
        """Set the random states of a resumed pass, after its order was drawn."""
        if rng is not None:
            self.rng.states = rng

    def finish_pass(self) -> None:
        """End the pass over the batches; plots the means of a validation pass."""
        was_validating, self.validation_rng = self.is_validating, None
        self.is_training = self.is_validating = False
        if was_validating:
            self.metrics.draw_means(self.validation_x)
        self.batch = None

    @property
    def num_epochs_done(self) -> float:
        """How many epochs are done, as a fraction; whole epochs if their length is unknown."""
        return self.position.epoch + self.position.batch / (self.num_train_batches or math.inf)

    @property
    def validation_x(self) -> float:
        """The x position of the validation points of this epoch."""
        position = self.position
        return position.epoch + 1 if self.num_train_batches is not None else position.num_steps

    def batch_done(self) -> None:
        """Update schedule, checkpoints, signals and progress output after a batch."""
        position = self.position
        self._is_loss_checked = False
        if self.is_validating:
            position.val_batch += 1
        elif self.is_training:
            position.batch += 1
            self.num_batches_done += 1
            if self.group.size > 1:
                parallel_run.check_step_was_parallel(self.model)
            if self.config.accumulate > 1 and self.num_accumulated == 0:
                checks.warn_about_accumulating(self.trainer, self.config.accumulate)
            if self.schedule is not None and self.is_between_updates:
                self.schedule.update("step", self.num_updates, self.latest)
        due = position.steps_before + position.batch >= self.checkpoints.next_save
        if due or self.signals.received or self.group.size > 1:
            self.checkpoints.batch_done()
        if time.monotonic() >= self._next_report:
            if self.graphed is not None:
                self.graphed.update()
            self._next_report = self.reporter.update()

    def epoch_done(self) -> None:
        """Update everything that happens once per epoch."""
        self.finish_pass()
        if self.graphed is not None and self.graphed.is_blocked:
            self.graphed.leave()
        self.position.finish_epoch()
        if self.observer is not None:
            self.observer.epoch_done()
        self.epoch_rng = None
        self.logger.update()
        parallel_run.check_weights_agree(self)
        if self.schedule is not None:
            self.schedule.update("epoch", self.position.epoch, self.latest)
        is_best = self._is_monitoring() and self.early_stopping.update(
            self.latest(self.early_stopping.monitor)
        )
        self.checkpoints.epoch_done(is_best)
        if self.early_stopping.should_stop and self.group.is_main:
            print(self.early_stopping.describe())
        self.reporter.epoch_done()

    def record(self, key: str, value: Any, train: bool) -> None:
        """Record a value of the current batch; called by `Module.plot`."""
        if self.table is not None:
            self.table.write(key, mean_of(value))
            if train and key == "loss":
                self._written_loss = value
            return
        loss, value = value, scalar(value)
        if self.is_validating and not train:
            self.metrics.add_validation(key, value, self.num_local)
            return
        if not train:  # outside a validation pass, by a user-defined loop
            self.metrics.draw_validation(key, value, self.validation_x, self.num_val_batches or 1)
            return
        if key == "loss" and not self._is_loss_checked:
            self.check_loss(value, loss)
        fraction = 1.0 if self.group.size == 1 else self.num_local / self.num_global
        index = self.position.first_batch + self.position.batch
        self.metrics.add_training(key, value, index, fraction)

    def check_loss(self, loss: Any, tensor: Any = None) -> None:
        """Warn or stop at the first loss that is not finite; called once per batch.

        `tensor` is the loss with its graph, from which an observer may determine the cause.
        """
        self._is_loss_checked = True
        if self._has_warned:
            return
        index = self.position.first_batch + self.position.batch
        if self.finite_check.deferred:
            found = self.finite_check.add(loss, index)
            if found is not None:
                self.report_nonfinite(found)
        elif not math.isfinite(loss):
            self.report_nonfinite(NonFinite(index, float(loss)), tensor)

    def check_step(self, loss: Any) -> None:
        """Raise unless the step returned a scalar loss; check that it is finite."""
        if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
            checks.check_scalar(self.model, loss)
        written, self._written_loss = self._written_loss, None
        if self.table is not None:
            if loss is not written:
                self.table.write(STEP_LOSS, loss)
        elif not self._is_loss_checked:
            self.check_loss(scalar(loss), loss)

    def check_losses(self, losses: list[float], first: int) -> None:
        """Check that the losses of the batches from `first` on are finite."""
        bad = (i for i, loss in enumerate(losses) if not math.isfinite(loss))
        i = next(bad, None)
        if i is not None:
            self.report_nonfinite(NonFinite(first + i, losses[i]))

    def report_nonfinite(self, found: NonFinite, loss: Any = None) -> None:
        """Warn once, or raise `NotFiniteError`, about a loss that is nan or infinite."""
        if self._has_warned:
            return
        self._has_warned = True
        num_batches, batch = self.num_train_batches, found.batch_index
        if num_batches is not None:
            batch %= num_batches
        epoch = self.position.epoch if not num_batches else found.batch_index // num_batches
        where = f"epoch {epoch + 1} of {self.max_epochs}, batch {batch + 1}" + (
            "" if num_batches is None else f" of {num_batches}"
        )
        clip = getattr(self.trainer, "gradient_clip_val", 0) or 0
        known = None if self.observer is None else self.observer.explain_nonfinite(loss)
        advice = known or checks.advice_on_divergence(self.model, self.optimizer, clip)
        if self.config.on_nonfinite == "stop":
            is_late = self.finite_check.deferred or self.graphed is not None
            when = "shortly afterwards" if is_late else "before the weights were updated"
            raise NotFiniteError(
                f"the loss is {found.value} in {where}; training stopped {when}. The metrics "
                f"so far are in model.board. {advice}"
            )
        warnings.warn(
            f"the loss is {found.value} in {where}; training continues, but such weights rarely "
            f'recover. {advice} To stop instead: Trainer(…, on_nonfinite="stop").',
            RuntimeWarning,
            stacklevel=2,
        )

    def flush(self) -> None:
        """Plot all values and check all losses; synchronizes with the device."""
        if self.graphed is not None:
            self.graphed.flush()
        found = self.finite_check.read()
        if found is not None:
            self.report_nonfinite(found)

    def latest(self, label: str) -> float:
        """Return the last point of a curve; raise `ModelError` if it has none."""
        self.flush()
        curves = board_curves(self.model.board)
        value = None if curves is None else curves.latest_of(label)
        return require_metric(value, label, [] if curves is None else list(curves.counts()))

    def describe_position(self) -> str:
        """Return the current epoch, or the last one that was done: `epoch 2/10`."""
        is_inside = self.is_training or self.is_validating or self.position.is_inside_epoch
        number = self.position.epoch + is_inside
        return f"epoch {number}/{self.max_epochs}"

    def close(self) -> None:
        """Free everything and mark the run as closed."""
        vars(self).clear()
        self.is_open = False

    def _is_monitoring(self) -> bool:
        """Whether early stopping needs the metric, or checkpoints need it and it was plotted."""
        if self.early_stopping.patience is not None:
            return True
        if not self.checkpoints.has_folder:
            return False
        self.flush()  # values on the device count as plotted once they were read
        curves = board_curves(self.model.board)
        return curves is not None and bool(curves.counts().get(self.early_stopping.monitor))
