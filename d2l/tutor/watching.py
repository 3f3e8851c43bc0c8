"""Watching a loop by hand: one line around it, and mistakes are named as in `Trainer.fit`."""

import os
from types import TracebackType
from typing import Any

from torch import nn

from d2l.tutor.hint import Hint
from d2l.tutor.show import show

DENSE_PASSES = 64  # backward passes that are looked at one after the other


class watching:  # noqa: N801 - used like a function
    """Name mistakes of a training loop by hand: `with d2l.watching(model, optimizer):`.

    `optimizer` is PyTorch's, one of your own, or the list of tensors that the loop updates; `model`
    may be None where a loop has no module. `hints` lists what was said. No number of the program
    changes, and after the first 64 steps nothing is recorded any more.

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
        from d2l.tutor.hooks import ModelHook
        from d2l.tutor.watch import Watch

        self.hints: list[Hint] = []
        self._watch = Watch(Evidence(model, optimizer), self._said)
        self._hook = ModelHook(self._watch, model)
        self._before: Any = None
        self._is_off = os.environ.get("D2L_TUTOR") == "0"
        self._model = model

    def __enter__(self) -> "watching":
        if self._is_off:
            return self
        from d2l.tutor.check import When
        from d2l.tutor.hooks import StepStart

        watch = self._watch
        watch.last_pass = DENSE_PASSES
        watch.look(When.BEFORE)
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

    def _said(self, hint: Hint) -> None:
        self.hints.append(hint)
        show(hint)
