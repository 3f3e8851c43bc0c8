"""What goes on around the trainer's rungs from the first epoch to the last.

Reports, checkpoints, schedules and signals have their turn here, between steps and epochs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from d2l.core import preflight, team
from d2l.core.patience import latest
from d2l.core.recorder import Recorder
from d2l.core.report import Report
from d2l.errors import NotFiniteError


def run(trainer: Any) -> None:
    """Every epoch that is left to do; whatever ends them, the board is brought up to date."""
    report, recorder = Report(trainer, trainer.model.board), Recorder(trainer)
    _listen(trainer, report)
    recorder.begin()
    error: BaseException | None = None
    try:
        with trainer.keeper.signals, batch_named(trainer):
            for epoch in trainer.keeper.epochs:
                trainer.epoch = epoch
                trainer.fit_epoch()
                trainer.progress.enter("idle")
                _leave_fast_path_if_refused(trainer)
                recorder.update()
                if _after_epoch(trainer):
                    break
        finish_reading(trainer)
    except BaseException as raised:
        error = raised
        if isinstance(raised, (KeyboardInterrupt, SystemExit)):
            finish_reading(trainer)
        raise
    finally:
        _drop_fast_path(trainer)
        report.finish()
        recorder.finish(error)


def finish_reading(trainer: Any) -> None:
    """Have every number on the board, and every loss looked at; waits for the device."""
    if trainer.fast is not None:
        trainer.fast.finish()
    stop_if_bad(trainer, trainer.watch.read())


def stop_if_bad(trainer: Any, found: tuple[int, float] | None) -> None:
    """Stop for a loss that a watch has found to be no finite number."""
    if found is not None:
        stop_at(trainer, *found)


def stop_at(trainer: Any, batch_index: int, value: float) -> None:
    """Raise for a loss that is no finite number; batches are counted from the run's begin."""
    epoch, batch = divmod(batch_index, trainer.num_train_batches)
    is_late = trainer.watch.deferred or trainer.fast is not None
    when = "a moment later" if is_late else "before the weights took that step"
    raise NotFiniteError(
        f"the loss is {value} in epoch {epoch + 1} of {trainer.max_epochs}, batch {batch + 1} of "
        f"{trainer.num_train_batches}: stopped {when}; the points are on model.board. "
        f"{preflight.advice_on_divergence(trainer.model, trainer.gradient_clip_val)}"
    )


@contextmanager
def batch_named(trainer: Any) -> Iterator[None]:
    """Have errors of a step say which batch they were in."""
    try:
        yield
    except (RuntimeError, TypeError, IndexError, ValueError) as error:
        parts = preflight.describe_batch(trainer.progress.batch)
        error.add_note(f"This was in epoch {trainer.epoch + 1}, in a batch of the parts {parts}.")
        raise


def _listen(trainer: Any, report: Report) -> None:
    progress, keeper = trainer.progress, trainer.keeper
    progress.on_batch = report.tick
    progress.on_step_done = lambda: _after_step(trainer)
    progress.on_validation_step_done = keeper.after_step
    progress.on_validating = keeper.before_validation
    progress.on_validated = lambda: _plot_validated(trainer)


def _after_step(trainer: Any) -> None:
    team.check_step_was_shared(trainer)
    preflight.advise_on_accumulating(trainer)
    if trainer.schedule is not None:
        _step_schedule(trainer, "step", trainer.keeper.num_steps)
    trainer.keeper.after_step()


def _after_epoch(trainer: Any) -> bool:
    team.check_weights_agree(trainer)
    if trainer.schedule is not None:
        _step_schedule(trainer, "epoch", trainer.epoch + 1)
    return bool(trainer.keeper.after_epoch())


def _step_schedule(trainer: Any, interval: str, number: int) -> None:
    def value_of(label: str) -> float:
        finish_reading(trainer)
        return latest(trainer.model.board, label)

    trainer.schedule.after(interval, number, value_of)


def _plot_validated(trainer: Any) -> None:
    means = trainer.progress.pop_means()
    trainer.keeper.after_validation()
    if means:
        trainer.model.draw_validation(means, trainer.epoch)


def _leave_fast_path_if_refused(trainer: Any) -> None:
    if trainer.fast is not None and trainer.fast.is_refused:
        trainer.fast.finish()
        _drop_fast_path(trainer)


def _drop_fast_path(trainer: Any) -> None:
    """Keep what it did in the plan, and let its buffers and recordings go."""
    if trainer.fast is not None:
        trainer.plan = trainer.fast.conclude(trainer.plan)
        trainer.fast = None
