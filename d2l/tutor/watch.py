"""Record the first steps of a program, run the checks on them, and report hints.

One `Watch` serves `Trainer.fit`, where the run reports its batches, and hand-written loops, where
backward passes separate the steps.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from d2l.tutor.evidence import DROPOUTS, Evidence, Step, When
from d2l.tutor.hint import Hint
from d2l.tutor.recorder import OptimizerHook, Recorder
from d2l.tutor.run_checks import CheckRunner, explained
from d2l.tutor.tracker import Evaluation, Tracker, leaves_of

FULL_STEPS = 2  # the newest steps, whose calls and tensors are stored
MIN_PASSES = 30  # before the end-of-epoch checks run
MAX_PAIRS = 1500  # examples whose inputs and labels are stored
MAX_PAIR_BYTES = 2**26


class Watch:
    """Observes the steps of one program; `on_hint` is called with each new hint."""

    def __init__(self, evidence: Evidence, on_hint: Callable[[Hint], None]) -> None:
        self.evidence = evidence
        self._check_runner = CheckRunner(on_hint)
        self.recorder = Recorder(self._before_backward, self._after_backward)
        self.num_passes = 0  # observed backward passes
        self.last_pass: float = math.inf  # number of passes after which nothing is recorded
        self._is_judged = False
        self._is_nested = False
        self._num_before = 0  # recorded calls before the model was evaluated
        self._tracker: Tracker | None = None
        self._open_step: Step | None = None  # whose updates are not known yet
        self._inputs: tuple[Any, ...] = ()
        self._outputs: Any = None
        self._was_training = True
        self._batch: Any = None
        self._num_pairs = 0
        self._optimizer_hooks: list[Any] = []
        self._evaluation, self._is_validating = Evaluation(), False
        self._num_early = [
            0,
            0,
        ]  # optimizer steps before the backward pass; those without gradients

    @property
    def hints(self) -> list[Hint]:
        """All hints so far."""
        return self._check_runner.hints

    def run_checks(self, when: When, *, show: bool = True) -> None:
        """Run the checks of a moment on the evidence and report their hints."""
        with torch.no_grad(), self.recorder.unrecorded():
            self._check_runner.run(when, self.evidence, show=show)

    def begin_tracking(self) -> None:
        """Track the trainable tensors; called once they have their shapes."""
        self._tracker = Tracker(self.evidence.model, self.evidence.optimized)
        self.evidence.names = self._tracker.names

    def batch_started(self, batch: Any) -> None:
        """Record the next batch of the trainer's loader."""
        self._batch = batch

    def model_called(self, inputs: tuple[Any, ...], outputs: Any, was_training: bool) -> None:
        """Record a call of the model in a training step."""
        self._inputs, self._outputs, self._was_training = inputs, outputs, was_training

    def step_begins(self) -> None:
        """In a hand-written loop: the model is about to be called in a training step."""
        self.evaluation_over()
        if self.recorder.is_after_backward:
            self.finish_step()
            self.recorder.clear()
        if self.num_passes >= self.last_pass and self.recorder.is_active:
            self.judge()  # before the calls of the newest steps are released
            self.pause()

    def evaluation_begins(self) -> None:
        """In a hand-written loop: the model is about to be called under `no_grad`."""
        self._num_before = len(self.recorder.calls)
        if self.num_passes >= MIN_PASSES:
            self.finish_step()
            self.judge()

    def judge(self) -> None:
        """Run the end-of-epoch checks, once there were enough steps."""
        if not self._is_judged and self.num_passes >= MIN_PASSES:
            self._is_judged = True
            self.run_checks(When.EPOCH)

    def model_evaluated(self, inputs: tuple[Any, ...]) -> None:
        """Record the modes of the layers in a call of the model under `no_grad`."""
        evidence = self.evidence
        if self.last_pass < math.inf:  # hand-written loop: validation is not reported
            calls = self.recorder.calls[self._num_before :]
            self._evaluation.called(evidence, self.num_passes, inputs, self._inputs, calls)
        elif self._is_validating and evidence.evaluated_in is None and evidence.model is not None:
            evidence.evaluated_in = {n for n, m in evidence.model.named_modules() if m.training}

    def evaluation_over(self) -> None:
        """In a hand-written loop: run the validation checks after an evaluation."""
        if self._evaluation.is_over():
            self.run_checks(When.VALIDATION)
            self.evidence.validation_calls = []

    def validation_started(self) -> None:
        """The first validation batch starts."""
        self._is_validating = True
        self.recorder.clear()
        if self.evidence.uses_dropout:
            self.recorder.start()

    def validation_done(self) -> None:
        """The first validation batch has ended."""
        self.evidence.validation_calls = self.recorder.calls
        self.recorder.stop()
        self.recorder.clear()
        if self.evidence.evaluated_in is None:
            self.model_evaluated(())
        self.run_checks(When.VALIDATION)
        self.evidence.validation_calls, self._is_validating = [], False

    def is_stuck(self, factor: float) -> bool:
        """Whether the newest loss of a classifier is not below `factor` times the first one."""
        steps = self.evidence.steps
        if not steps or not self.evidence.pairs:
            return False
        return not steps[-1].loss_value < factor * steps[0].loss_value

    def not_finite(self, loss: Any, batch: Any) -> Hint | None:
        """Return the hint that explains a loss of nan or inf from its graph and its batch."""
        known = self._check_runner.hints_of(When.NOT_FINITE)
        if not known and self.evidence.model is not None:
            num_before = len(self.hints)
            step = self._new_step()
            step.batch, step.loss_value = batch, math.nan
            step.loss = loss if isinstance(loss, Tensor) else None
            self.evidence.steps.append(step)
            self.run_checks(When.NOT_FINITE, show=False)
            known = self.hints[num_before:]
        return known[0] if known else (self.hints[0] if self.hints else None)

    def explain(self, error: BaseException) -> BaseException | None:
        """Return the error to raise from this one if the cause is known; it contains the hint."""
        self.recorder.stop()
        evidence = self.evidence
        evidence.error = error
        evidence.steps.append(self.failed_step(error))
        found = explained(error, evidence) if isinstance(error, Exception) else None
        if found is None:
            return None
        hint, better = found
        self._check_runner.note(hint)
        return better

    def finish_step(self) -> None:
        """Finish the previous step, whose updates are now known."""
        step, self._open_step = self._open_step, None
        if step is None or self._tracker is None:
            return
        with self.recorder.unrecorded():
            self._tracker.after_step(step)
        self.evidence.uses_dropout |= any(call.name in DROPOUTS for call in step.calls)
        step.calls = step.calls + [c for c in self.recorder.calls if c.is_after_backward]
        self.run_checks(When.STEPS)
        for old in self.evidence.steps[:-FULL_STEPS]:
            old.release()

    def record(self) -> None:
        """Start recording."""
        self._watch_optimizer()
        self.recorder.start()

    def pause(self) -> None:
        """Stop recording until further steps are observed."""
        self.finish_step()
        self.recorder.stop()
        self.recorder.clear()
        self._unwatch_optimizer()
        if self._tracker is not None:
            self._tracker.forget()
        for step in self.evidence.steps:
            step.release()
            step.leaves = {}
        self._inputs, self._outputs, self._batch = (), None, None

    def failed_step(self, error: BaseException) -> Step:
        """Return the incomplete step in which an error was raised."""
        step = self._new_step()
        recorder, cause = self.recorder, error
        while cause is not None and cause is not recorder.failure:
            cause = cause.__cause__ or cause.__context__  # type: ignore[assignment]
        step.failed = recorder.failed if cause is not None else None
        return step

    def close(self) -> None:
        """Release the program."""
        self.recorder.stop()
        self.recorder.clear()
        self._unwatch_optimizer()
        self.evidence = Evidence(None)
        self._tracker, self._open_step = None, None
        self._inputs, self._outputs, self._batch = (), None, None

    def _new_step(self) -> Step:
        return Step(
            index=self.num_passes,
            batch=self._batch,
            inputs=self._inputs,
            outputs=self._outputs,
            was_training=self._was_training,
            calls=[call for call in self.recorder.calls if not call.is_after_backward],
            rates=_rates(self.evidence),
            num_early_steps=self._num_early[0],
            num_early_empty_steps=self._num_early[1],
        )

    def _before_backward(self, loss: Tensor) -> None:
        leaves = leaves_of(loss)
        self._is_nested = self._is_nested_loss(loss, leaves)
        if self._is_idle():
            return
        with torch.no_grad():
            self._open(loss, leaves)
        if not math.isfinite(self.evidence.step.loss_value):
            self.run_checks(When.NOT_FINITE)
        elif self.num_passes == 0:
            self.run_checks(When.FIRST_FORWARD)

    def _open(self, loss: Tensor, leaves: dict[int, Tensor]) -> None:
        is_after = self.recorder.is_after_backward
        if is_after:
            new = [c for c in self.recorder.calls if c.is_after_backward]
        self.finish_step()
        if is_after:
            self.recorder.clear()
            self.recorder.calls = [_before(call) for call in new]
        if self._tracker is None:
            self.begin_tracking()
        assert self._tracker is not None
        if not self._tracker.is_complete:
            self._tracker.complete()
        step = self._new_step()
        self._num_early = [0, 0]
        step.loss = loss
        step.loss_value = float(loss.detach()) if loss.numel() == 1 else math.nan
        step.leaves = self._named(leaves)
        self.evidence.steps.append(step)
        self._keep_labels(step)
        self._tracker.before_backward(step)

    def _after_backward(self) -> None:
        if self._is_idle():
            self.num_passes += not self._is_nested
            return
        assert self._tracker is not None
        step = self.evidence.step
        self._tracker.after_backward(step)
        self._open_step = step
        if self.num_passes == 0:
            self.run_checks(When.FIRST_BACKWARD)
        self.num_passes += 1
        self.recorder.is_idle = self.num_passes >= self.last_pass

    def _is_nested_loss(self, loss: Tensor, leaves: dict[int, Tensor]) -> bool:
        """Whether a loss depends only on untracked tensors: a nested training inside a step."""
        tracked = self._tracker.names if self._tracker is not None else {}
        return bool(tracked and leaves) and not loss.is_leaf and not leaves.keys() & tracked.keys()

    def _is_idle(self) -> bool:
        return (
            self.recorder.is_idle
            or self._is_nested
            or (torch.cuda.is_available() and torch.cuda.is_current_stream_capturing())
        )

    def _named(self, leaves: dict[int, Tensor]) -> dict[str, Tensor]:
        assert self._tracker is not None
        named: dict[str, Tensor] = {}
        for number, tensor in leaves.items():
            name = self._tracker.names.get(number)
            if name is None:
                name = f"tensor of shape {tuple(tensor.shape)} #{len(named)}"
            named[name] = tensor
        return named

    def _keep_labels(self, step: Step) -> None:
        y, X = step.y, step.X
        if not isinstance(y, Tensor) or y.is_floating_point() or y.ndim == 0:
            return
        self.evidence.labels.append(y.detach().reshape(-1).clone())
        y_hat = step.y_hat
        if y_hat is not None and y_hat.ndim == 2 and y.ndim == 1 and len(y_hat) == len(y):
            step.answers = y_hat.detach().argmax(1), y.detach().clone()
        if not isinstance(X, Tensor) or len(X) != len(y) or self._num_pairs > MAX_PAIRS:
            return
        if X.numel() * X.element_size() * max(1, MAX_PAIRS // len(X)) < MAX_PAIR_BYTES:
            self._num_pairs += len(X)
            self.evidence.pairs.append((X.detach().clone(), y.detach().clone()))

    def _watch_optimizer(self) -> None:
        optimizer = self.evidence.optimizer
        if isinstance(optimizer, torch.optim.Optimizer) and not self._optimizer_hooks:
            self._optimizer_hooks.append(
                optimizer.register_step_pre_hook(OptimizerHook(self, optimizer))
            )

    def _unwatch_optimizer(self) -> None:
        for hook in self._optimizer_hooks:
            hook.remove()
        self._optimizer_hooks = []

    def optimizer_stepped(self) -> None:
        """Record a step of PyTorch's optimizer, which is about to be taken."""
        held, step = self.evidence.optimized, self._open_step
        with torch.no_grad(), self.recorder.unrecorded():
            is_empty = not any(_is_nonzero(p.grad) for p in held)
        if step is not None:
            step.num_optimizer_steps += 1
            step.num_empty_steps += is_empty
        else:
            self._num_early = [self._num_early[0] + 1, self._num_early[1] + is_empty]


def _before(call: Any) -> Any:
    """Assign a call between two steps to the next one."""
    call.is_after_backward = False
    return call


def _is_nonzero(grad: Tensor | None) -> bool:
    return grad is not None and (grad.layout is not torch.strided or bool(grad.any()))


def _rates(evidence: Evidence) -> tuple[float, ...]:
    if evidence.groups:
        return tuple(float(group["lr"]) for group in evidence.groups if "lr" in group)
    lr = getattr(evidence.optimizer, "lr", None)
    return (float(lr),) if isinstance(lr, (int, float)) else ()
