"""Tell a watch of the calls of a model and the steps of an optimizer.

A hook belongs to one object: a copy of it, or one that was saved and loaded, is not watched.
"""

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from d2l.tutor.watch import Watch


class Hook:
    """A hook of `owner`, which tells `watch`."""

    def __init__(self, watch: "Watch | None" = None, owner: Any = None) -> None:
        self._watch, self._owner = watch, owner

    def __call__(self, caller: Any, *arguments: Any) -> None:
        if self._watch is not None and caller is self._owner:
            self.tell(self._watch, *arguments)

    def tell(self, watch: "Watch", *arguments: Any) -> None:
        """What the hook is for."""
        raise NotImplementedError

    def __deepcopy__(self, memo: Any) -> "Hook":
        return type(self)()

    def __reduce__(self) -> Any:
        return type(self), ()


class ModelHook(Hook):
    """After each call of a model, from `attach` to `remove`."""

    def __init__(self, watch: "Watch | None" = None, owner: nn.Module | None = None) -> None:
        super().__init__(watch, owner)
        self._handle: Any = None

    def attach(self) -> None:
        """Be told of the calls of the model."""
        if self._handle is None and self._owner is not None and not _skips_hooked(self._owner):
            self._handle = self._owner.register_forward_hook(self)

    def remove(self) -> None:
        """Be told no more."""
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    def close(self) -> None:
        """Be told no more, and let go of the model."""
        self.remove()
        self._watch = self._owner = None

    def tell(self, watch: "Watch", *arguments: Any) -> None:
        """The model has answered."""
        inputs, outputs = arguments
        if torch.is_grad_enabled():
            assert self._owner is not None
            watch.model_called(inputs, outputs, self._owner.training)
        else:
            watch.model_evaluated(inputs)


class StepStart(Hook):
    """Before each call of a model in a loop by hand."""

    def tell(self, watch: "Watch", *arguments: Any) -> None:
        """The model is about to be called."""
        if torch.is_grad_enabled():
            watch.step_begins()
        else:
            watch.evaluation_begins()


class OptimizerHook(Hook):
    """Before each step of PyTorch's optimizer."""

    def tell(self, watch: "Watch", *arguments: Any) -> None:
        """The optimizer is about to step."""
        watch.optimizer_stepped()


def _skips_hooked(model: nn.Module) -> bool:
    """Whether a hook would change how the model computes: some layers have a way without hooks."""
    return isinstance(model, (nn.TransformerEncoderLayer, nn.MultiheadAttention))
