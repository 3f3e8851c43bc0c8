"""When a loop by hand evaluates its model: told from targets that are computed within a step."""

from typing import Any

import torch
from torch import Tensor

from d2l.tutor.evidence import Call, Evidence

ENOUGH_PASSES = 4  # without a call under `no_grad`: a pass that computes a target has one itself


class Evaluation:
    """Follows the calls of a model under `no_grad` until one is an evaluation.

    An evaluation is a call of the model, on other inputs than those of the step before, after
    `ENOUGH_PASSES` without such a call. It is over when the model is called to learn again, or at
    the end. One that repeats its input draws samples on purpose, and does not count.
    """

    def __init__(self) -> None:
        self._last_passes = 0
        self._inputs: tuple[Any, ...] | None = None
        self._is_repeated = False
        self._is_done = False

    def called(
        self,
        evidence: Evidence,
        num_passes: int,
        inputs: tuple[Any, ...],
        learned: tuple[Any, ...],
        calls: list[Call],
    ) -> None:
        """The model answered; `learned` are the inputs of the step before."""
        num_between, self._last_passes = num_passes - self._last_passes, num_passes
        if self._is_done or evidence.model is None:
            return
        if self._inputs is not None:
            self._is_repeated |= _are_equal(inputs, self._inputs)
        elif num_between >= ENOUGH_PASSES and not _are_equal(inputs, learned):
            self._inputs = inputs
            evidence.evaluated_in = {n for n, m in evidence.model.named_modules() if m.training}
            evidence.validation_calls = calls

    def is_over(self) -> bool:
        """Whether an evaluation that counts is over; true once."""
        if self._inputs is None or self._is_done:
            return False
        self._inputs, self._is_done = None, not self._is_repeated
        self._is_repeated = False
        return self._is_done


def _are_equal(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether the first inputs are the same tensor, or equal ones."""
    if not one or not other or not isinstance(one[0], Tensor) or not isinstance(other[0], Tensor):
        return False
    a, b = one[0], other[0]
    return a is b or (a.shape == b.shape and a.device == b.device and torch.equal(a, b))
