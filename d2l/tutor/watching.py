"""The tutor's entry points: `d2l.watching` and the observer of `Trainer.fit`."""

import os
from types import TracebackType
from typing import Any

from torch import nn

from d2l.core.observer import observes_runs
from d2l.core.training.device_loader import DeviceLoader
from d2l.core.training.run import Run
from d2l.tutor.hint import Hint, show

DENSE_PASSES = 64  # backward passes that are observed consecutively


class watching:  # noqa: N801 - used like a function
    """Find mistakes in a hand-written training loop: `with d2l.watching(model, optimizer):`.

    `optimizer` is a PyTorch optimizer, a custom one, or the list of tensors that the loop updates;
    `model` may be None if the loop has no module. `hints` lists all hints. The program's results
    are unchanged, and nothing is recorded after the first 64 steps.

    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    >>> optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    >>> X, y = torch.randn(6, 4), torch.tensor([0, 1, 2, 0, 1, 2])
    >>> with d2l.watching(net, optimizer) as watch:
    ...     for _ in range(3):
    ...         l = nn.functional.cross_entropy(net(X), y)
    ...         optimizer.zero_grad()
    ...         l.backward()
    ...         optimizer.step()
    >>> watch.hints
    []

    Book: 3.4 Linear regression implementation from scratch
    """

    def __init__(self, model: nn.Module | None = None, optimizer: Any = None) -> None:
        from d2l.tutor.evidence import Evidence  # the checks load on first use, not with d2l
        from d2l.tutor.recorder import ModelHook
        from d2l.tutor.watch import Watch

        self.hints: list[Hint] = []
        self._watch = Watch(Evidence(model, optimizer), self._on_hint)
        self._hook = ModelHook(self._watch, model)
        self._before: Any = None
        self._is_off = os.environ.get("D2L_TUTOR") == "0"
        self._model = model

    def __enter__(self) -> "watching":
        if self._is_off:
            return self
        from d2l.tutor.evidence import When
        from d2l.tutor.recorder import StepStart

        watch = self._watch
        watch.last_pass = DENSE_PASSES
        watch.run_checks(When.BEFORE)
        self._hook.attach()
        if self._model is not None:
            self._before = self._model.register_forward_pre_hook(StepStart(watch, self._model))
        watch.record()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._is_off:
            return
        watch, better = self._watch, None
        try:
            if isinstance(error, Exception):
                better = watch.explain(error)
                self.hints = list(watch.hints)
            elif error is None:
                watch.finish_step()
                watch.evaluation_over()
                watch.judge()
        finally:
            self._hook.close()
            if self._before is not None:
                self._before.remove()
            self._model = self._before = None
            watch.close()
        if better is not None and better is not error:
            raise better from error

    def _on_hint(self, hint: Hint) -> None:
        self.hints.append(hint)
        show(hint)


MIN_STEPS = 30  # before the end-of-epoch checks run
DENSE_STEPS = 3
SPARSE_STEPS = frozenset({7, 8, 15, 16, 31, 32, 63, 64})
LAST_OF_EPOCH = 3  # steps observed at the end of the first epoch
STEPS_OF_SECOND_EPOCH = 2
MAX_STEPS = 64  # observed consecutively while the loss does not fall
FELL = 0.97  # times the first loss: below, the loss is falling


@observes_runs
def observe(run: Run) -> "FitObserver | None":
    """Return the observer of a run; None if the tutor is off or this is not the main process."""
    config = run.config
    is_off = config.tutor is False or os.environ.get("D2L_TUTOR") == "0"
    if is_off or not run.group.is_main or config.compile:
        return None
    if run.group.size > 1 and config.strategy != "ddp":
        return None  # the norm of a sharded tensor requires all processes
    return FitObserver(run)


class FitObserver:
    """Observes one run for the tutor; see `d2l.core.observer.RunObserver`."""

    next_batch: float = 0
    observes_validation = False

    def __init__(self, run: Run) -> None:
        from d2l.core.trainer_state import state_of
        from d2l.tutor.evidence import Evidence
        from d2l.tutor.hint import show
        from d2l.tutor.recorder import ModelHook
        from d2l.tutor.watch import Watch

        self._run = run
        self._hints = state_of(run.trainer).hints
        self.watch = Watch(Evidence(run.model), self._on_hint)
        self._hook = ModelHook(self.watch, run.model)
        self._show = show
        self._is_judged = False
        self._end: float = 0  # batches after which nothing is observed
        self._num_dense = DENSE_STEPS
        self._was_resumed = False

    def opened(self) -> None:
        """Run the checks of model, data and optimizer."""
        from d2l.tutor.evidence import When

        run, evidence = self._run, self.watch.evidence
        evidence.optimizer = _optimizer(run)
        trainer = run.trainer
        evidence.train_loader = _own(trainer.train_dataloader)
        evidence.val_loader = _own(getattr(trainer, "val_dataloader", None))
        evidence.batch_size = getattr(evidence.train_loader, "batch_size", None)
        self._was_resumed = run.position.num_steps > 0
        if run.graphed is not None:
            self._num_dense = 1  # the only step that runs in eager mode without the capture guard
        self.watch.begin_tracking()
        self.observes_validation = evidence.val_loader is not None
        if self._was_resumed:
            self.next_batch, self.observes_validation = float("inf"), False
            return
        self.watch.run_checks(When.BEFORE)
        self._stop_if_strict()

    def batch_started(self, batch: Any, is_training: bool) -> None:
        """Record the step that starts."""
        watch = self.watch
        self._hook.attach()
        if not is_training:
            watch.validation_started()
            return
        watch.finish_step()
        watch.recorder.clear()
        watch.record()
        watch.num_passes = max(watch.num_passes, self._run.num_batches_done)
        watch.batch_started(batch)

    def batch_done(self, is_training: bool) -> None:
        """Finish the step, and decide which step to observe next."""
        self._hook.remove()
        if not is_training:
            self.observes_validation = False
            self.watch.validation_done()
            self._stop_if_strict()
            return
        number = self._run.num_batches_done + 1
        self.next_batch = self._next(number)
        if self.next_batch > number:
            self.watch.pause()
        else:
            self.watch.finish_step()
            self.watch.recorder.stop()
        self._stop_if_strict()

    def epoch_done(self) -> None:
        """Run the end-of-epoch checks after the first epoch, once there were enough steps."""
        from d2l.tutor.evidence import When

        run = self._run
        if self._is_judged or self._was_resumed or run.num_batches_done < MIN_STEPS:
            return
        self._is_judged = True
        self.watch.finish_step()
        self.watch.run_checks(When.EPOCH)
        self.watch.pause()
        if run.graphed is None:  # observe the mode of the model after validation
            self.next_batch = run.num_batches_done
            self._end = run.num_batches_done + STEPS_OF_SECOND_EPOCH
        else:
            self.next_batch = float("inf")
        self._stop_if_strict()

    def explain_nonfinite(self, loss: Any) -> str | None:
        """Return the message about a loss of nan or inf if its cause is known."""
        hint = self.watch.not_finite(loss, self._run.batch)
        if hint is None:
            return None
        if hint not in self._hints:
            self._hints.append(hint)  # the run prints it
        return hint.message

    def failed(self, error: BaseException) -> BaseException | None:
        """Return the error that explains a mistake, to be raised from PyTorch's."""
        better = self.watch.explain(error)
        self._hints += [hint for hint in self.watch.hints if hint not in self._hints]
        return better

    def close(self) -> None:
        """Release the run."""
        self._hook.close()
        self.watch.close()
        del self._run

    def _on_hint(self, hint: Any) -> None:
        self._hints.append(hint)
        self._show(hint)

    def _next(self, number: int) -> float:
        """Return the index of the next batch to observe, given the number of batches done."""
        if self._is_judged:
            return number if number < self._end else float("inf")
        if number < self._num_dense:
            return number
        if self._run.graphed is not None:
            return float("inf")
        num_batches = self._run.num_train_batches
        last = None if num_batches is None else num_batches - LAST_OF_EPOCH
        if number < MAX_STEPS and number >= 8 and self.watch.is_stuck(FELL):
            return number
        candidates = [n for n in SPARSE_STEPS if n >= number]
        if last is not None and number < last + LAST_OF_EPOCH:
            candidates.append(max(number, last))
        return min(candidates, default=float("inf"))

    def _stop_if_strict(self) -> None:
        if self._run.config.tutor == "strict" and self.watch.hints:
            from d2l.errors import MistakeError

            hint = self.watch.hints[0]
            error = MistakeError(hint.message, kind=hint.kind)
            error.hint = hint
            raise error


def _own(loader: Any) -> Any:
    return loader.loader if isinstance(loader, DeviceLoader) else loader


def _optimizer(run: Run) -> Any:
    return run.optimizer if run.optimizer is not None else getattr(run.trainer, "optim", None)
