"""Open and close a run: what `fit` does before the first epoch and after the last."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from d2l.base.devices import current_device
from d2l.core import checks
from d2l.core.board import board_curves
from d2l.core.observer import observer_of
from d2l.core.training import parallel_run
from d2l.core.training.checkpointing import CheckpointManager
from d2l.core.training.device_loader import DeviceLoader
from d2l.core.training.graphed_run import GraphedRun, make_plan
from d2l.core.training.lr_schedule import unpack, unpack_for_own_loop
from d2l.core.training.metrics import MetricRecorder
from d2l.core.training.parallel_run import initialise_lazy_layers
from d2l.core.training.progress_reporter import ProgressReporter
from d2l.core.training.run import Run
from d2l.core.training.run_logger import RunLogger
from d2l.core.unregistered import device_of_unregistered_tensors
from d2l.engine.plan import autocast_for

if TYPE_CHECKING:
    from d2l.core.trainer import Trainer

Step = Callable[["Trainer", Run | None, Any], None]


class OpenRun:
    """Context manager of a run: prepares model, loaders, optimizer, checkpoints and logging.

    At its end, also after an error, the board and the record are updated and the trainer gets the
    user's loaders back. (Not a generator, because user code may raise StopIteration.)
    """

    def __init__(
        self,
        run: Run,
        data: Any,
        resume: str | Path | None,
        hooks: "Hooks",
        close: Callable[[], None],
    ) -> None:
        self._run, self._data, self._resume, self._hooks = run, data, resume, hooks
        self._close = close
        self._stack = ExitStack()

    def __enter__(self) -> Run:
        run = self._run
        with ExitStack() as stack:
            stack.callback(self._close)
            run.observer = observer_of(run)
            stack.push(partial(_explain, run))
            stack.push(partial(_note_batch, run))
            _prepare(run, self._data, stack)
            initialise_lazy_layers(run)
            stack.enter_context(current_device(run.device))
            stack.enter_context(autocast_for(run.config.precision, run.device))
            stack.enter_context(parallel_run.parallel(run))
            _configure(run, bool(self._hooks.replaced))
            run.checkpoints = CheckpointManager(run)
            run.checkpoints.begin(self._resume)
            _plan(run, self._hooks)
            stack.enter_context(_compiled(run))
            run.reporter = ProgressReporter(run, run.model.board)
            run.logger = RunLogger(run, self._data)
            run.logger.begin()
            run.is_started = True
            if run.observer is not None:
                run.observer.opened()
            stack.push(partial(_report_end, run))
            stack.enter_context(run.signals)
            self._stack = stack.pop_all()
        return run

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if error is None:
            try:
                self._run.flush()
            except BaseException as raised:
                self._stack.__exit__(type(raised), raised, raised.__traceback__)
                raise
        self._stack.__exit__(kind, error, traceback)


@dataclass
class Hooks:
    """The steps of the trainer, and the names of its methods that are user-defined."""

    replaced: list[str]
    train: Step
    validate: Step


def _prepare(run: Run, data: Any, stack: ExitStack) -> None:
    """Move the model, wrap the loaders, and register a callback that undoes both."""
    trainer, model = run.trainer, run.model
    stack.callback(_undo, trainer, model, device_of_unregistered_tensors(model), run.device)
    display = getattr(model.board, "display", True)
    trainer.prepare_data(data)
    trainer.prepare_model(model)
    run.num_train_batches = trainer.num_train_batches
    run.num_val_batches = getattr(trainer, "num_val_batches", None)
    checks.check_has_batches(run.num_train_batches)
    model.board.display = display and run.group.is_main
    trainer.train_dataloader = DeviceLoader(trainer.train_dataloader, run, True)
    if getattr(trainer, "val_dataloader", None) is not None:
        trainer.val_dataloader = DeviceLoader(trainer.val_dataloader, run, False)


def _undo(trainer: "Trainer", model: Any, home: Any, device: torch.device) -> None:
    for name in ("train_dataloader", "val_dataloader"):
        loader = vars(trainer).get(name)
        if isinstance(loader, DeviceLoader):
            setattr(trainer, name, loader.loader)
    if home is not None and device.type != "meta":
        model.to(home)  # the user may continue to compute with the tensors they created


def _configure(run: Run, has_own_loop: bool) -> None:
    """Create the optimizer and the metric recorder."""
    configured = run.model.configure_optimizers()
    if has_own_loop:
        run.trainer.optim, run.optimizer, run.schedule = unpack_for_own_loop(configured)
        run.optimizer = configured if run.optimizer is None else run.optimizer
    else:
        run.optimizer, run.schedule = unpack(configured)
        run.trainer.optim = run.optimizer
    parallel_run.check_optimizer(run)
    run.rng.begin()
    run.metrics = MetricRecorder(run.model, run.group, run.device, run.num_train_batches)
    curves = board_curves(run.model.board)
    if curves is not None:
        curves.drop_unfinished()  # the incomplete last point of an earlier run


def _plan(run: Run, hooks: Hooks) -> None:
    """Decide how the steps are executed."""
    run.plan = make_plan(run, hooks.replaced)
    if run.plan.step == "replayed":
        trainer = run.trainer
        run.graphed = GraphedRun(
            run,
            lambda batch: _observed(run, batch, hooks.train),
            lambda batch: hooks.validate(trainer, run, trainer.prepare_batch(batch)),
        )


def _observed(run: Run, batch: Any, train: Step) -> None:
    """Run a step that is captured later; the first, eager steps are reported to an observer."""
    observer, trainer = run.observer, run.trainer
    if observer is None or run.num_batches_done < observer.next_batch:
        train(trainer, run, trainer.prepare_batch(batch))
        return
    observer.batch_started(batch, True)
    train(trainer, run, trainer.prepare_batch(batch))
    observer.batch_done(True)


@contextmanager
def _compiled(run: Run) -> Iterator[None]:
    """Compile the model's forward pass inside the block, if requested; undone at the end."""
    if not run.config.compile:
        yield
        return
    model = run.model
    before = vars(model).get("_compiled_call_impl")
    model.compile()
    try:
        yield
    finally:
        vars(model)["_compiled_call_impl"] = before


def _report_end(run: Run, kind: Any, error: BaseException | None, traceback: Any) -> None:
    try:
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            run.flush()
    finally:
        run.reporter.finish()
        run.logger.finish(error)


def _explain(run: Run, kind: Any, error: BaseException | None, traceback: Any) -> None:
    """Close the observer; if it can explain an error, raise its error from that one."""
    observer, run.observer = run.observer, None
    if observer is None:
        return
    try:
        better = observer.failed(error) if isinstance(error, Exception) else None
    finally:
        observer.close()
    if better is not None and better is not error:
        raise better from error


def _note_batch(run: Run, kind: Any, error: BaseException | None, traceback: Any) -> None:
    """Add a note about the batch to an error raised in a step."""
    if run.batch is not None and isinstance(error, Exception):
        parts = checks.describe_batch(run.batch)
        epoch = run.position.epoch + 1
        error.add_note(f"Raised in epoch {epoch}, for a batch of {parts}.")
