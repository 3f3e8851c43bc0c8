"""Tells a watch of the calls of a model; a copy of the model, or a saved one, is not watched."""

from typing import Any

import torch
from torch import nn

from d2l.tutor.watch import Watch


class ModelHook:
    """A forward hook of one model, from `attach` to `remove`."""

    def __init__(self, watch: Watch | None = None, model: nn.Module | None = None) -> None:
        self._watch, self._model = watch, model
        self._handle: Any = None

    def attach(self) -> None:
        """Be told of the calls of the model."""
        if self._handle is None and self._model is not None and not _skips_hooked(self._model):
            self._handle = self._model.register_forward_hook(self)

    def remove(self) -> None:
        """Be told no more."""
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    def close(self) -> None:
        """Be told no more, and let go of the model."""
        self.remove()
        self._watch = self._model = None

    def __call__(self, model: nn.Module, inputs: tuple[Any, ...], outputs: Any) -> None:
        if self._watch is None or model is not self._model:
            return
        if torch.is_grad_enabled():
            self._watch.model_called(inputs, outputs, model.training)
        else:
            self._watch.model_evaluated(inputs)

    def __deepcopy__(self, memo: Any) -> "ModelHook":
        return ModelHook()

    def __reduce__(self) -> Any:
        return ModelHook, ()


def _skips_hooked(model: nn.Module) -> bool:
    """Whether a hook would change how the model computes: some layers have a way without hooks."""
    return isinstance(model, (nn.TransformerEncoderLayer, nn.MultiheadAttention))
