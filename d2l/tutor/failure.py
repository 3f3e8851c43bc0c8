"""Information about a PyTorch error: its message, the call that raised it, and the active layers.

The layers come from the frames of the traceback, so calls that were not recorded, such as those
with invalid argument types, are found as well. Nothing is changed.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from d2l.core.unregistered import named_unregistered_tensors
from d2l.errors import D2LError
from d2l.tutor.evidence import Call, Evidence, Finder, Finding, Step


@dataclass(frozen=True)
class LayerCall:
    """A call of a layer that was active when the error was raised, and its inputs."""

    layer: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def is_of_torch(self) -> bool:
        """Whether the layer is PyTorch's own, so that its expected inputs are known."""
        return type(self.layer).__module__.startswith("torch.nn.modules")

    @property
    def input(self) -> Any:
        """The first input."""
        return next(iter((*self.args, *self.kwargs.values())), None)


class Failure:
    """An error and the evidence about the program that raised it."""

    def __init__(self, evidence: Evidence, error: Exception) -> None:
        self.evidence, self.error, self.message = evidence, error, str(error)
        self.model = evidence.model

    def matches(self, *patterns: str) -> bool:
        """Whether the error message matches each of the regular expressions."""
        return all(re.search(pattern, self.message) for pattern in patterns)

    @property
    def step(self) -> Step | None:
        """The active step."""
        return self.evidence.steps[-1] if self.evidence.steps else None

    @property
    def call(self) -> Call | None:
        """The PyTorch call that raised the error."""
        return self.step.failed if self.step is not None else None

    def call_of(self, *names: str) -> Call | None:
        """Return that call if it is of one of these functions."""
        return self.call if self.call is not None and self.call.name in names else None

    @cached_property
    def frames(self) -> list[FrameType]:
        """The frames of the traceback, outermost first."""
        frames, traceback = [], self.error.__traceback__
        while traceback is not None:
            frames.append(traceback.tb_frame)
            traceback = traceback.tb_next
        return frames

    @cached_property
    def layers(self) -> list[LayerCall]:
        """The active calls of layers, outermost first."""
        return [
            LayerCall(local["self"], tuple(local["args"]), dict(local["kwargs"]))
            for local in (frame.f_locals for frame in self.frames if _is_layer_call(frame))
        ]

    @property
    def inner(self) -> LayerCall | None:
        """The innermost active layer, if it is one of PyTorch's."""
        return self.layers[-1] if self.layers and self.layers[-1].is_of_torch else None

    @property
    def outer(self) -> LayerCall | None:
        """The call of the model itself."""
        return self.layers[0] if self.layers else None

    def raised_in(self, *functions: str) -> bool:
        """Whether a PyTorch function of one of these names raised the error."""
        is_named = bool(self.frames) and self.frames[-1].f_code.co_name in functions
        return is_named and self.is_raised_by("torch.")

    def is_raised_by(self, package: str) -> bool:
        """Whether code of a package raised the error."""
        name = self.frames[-1].f_globals.get("__name__") if self.frames else ""
        return str(name).startswith(package)

    @property
    def num_examples(self) -> int | None:
        """The batch size: the first axis of the model's input."""
        given = self.outer.input if self.outer is not None else None
        if not isinstance(given, Tensor) and self.step is not None:
            given = self.step.X
        return given.shape[0] if isinstance(given, Tensor) and given.ndim else None

    def given(self) -> Iterator[Tensor]:
        """Yield the tensors of the batch and of the frames around the call of the model."""
        if self.step is not None:
            yield from tensors_in([self.step.batch, self.step.inputs])
        for frame in self.frames:
            if _is_layer_call(frame):
                return
            yield from tensors_in(frame.f_locals.values())

    def layer_name(self, layer: nn.Module) -> str:
        """Return the name of a layer in the model, with its class: `net.1` (Linear)."""
        kind = type(layer).__name__
        modules = self.model.named_modules() if self.model is not None else ()
        name = next((name for name, module in modules if module is layer), "")
        return f"`{name}` ({kind})" if name else f"`{kind}`"

    def layer_of(self, tensor: Any) -> str:
        """Return the layer that owns a parameter, or the name of the tensor."""
        modules = self.model.named_modules() if self.model is not None else ()
        for path, module in modules:
            for name, parameter in module._parameters.items():
                if parameter is tensor:
                    is_of_torch = type(module).__module__.startswith("torch.nn.modules")
                    full = f"{path}.{name}".lstrip(".")
                    return self.layer_name(module) if is_of_torch else f"`{full}`"
        found = self.attribute_of(tensor)
        if found:
            return f"`{found}`"
        inner = self.inner
        if inner is not None and any(p is tensor for p in inner.layer._parameters.values()):
            return self.layer_name(inner.layer)
        return ""

    def attribute_of(self, tensor: Any) -> str:
        """Return the attribute name of an unregistered tensor of the model, or an empty string."""
        if self.model is None or "_modules" not in vars(self.model):
            return ""
        named = named_unregistered_tensors(self.model)
        return next((name for name, held in named if held is tensor), "")


def _is_layer_call(frame: FrameType) -> bool:
    is_call = frame.f_code.co_name == "_call_impl"
    return is_call and frame.f_globals.get("__name__") == "torch.nn.modules.module"


def finder_of(explain: Callable[[Failure], Finding | None]) -> Finder:
    """Return the `find` of a check that explains errors other than those of d2l."""

    def find(evidence: Evidence) -> Finding | None:
        error = evidence.error
        if not isinstance(error, Exception) or isinstance(error, D2LError):
            return None
        return explain(Failure(evidence, error))

    return find


def tensors_in(values: Iterable[Any]) -> Iterator[Tensor]:
    """Yield the tensors among values, and in lists, tuples and dicts of them."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from (item for item in value if isinstance(item, Tensor))
        elif isinstance(value, dict):
            yield from (item for item in value.values() if isinstance(item, Tensor))


def shape_of(tensor: Tensor) -> str:
    """Return the shape as text: (64, 784)."""
    return str(tuple(tensor.shape))


def dtype_of(tensor: Tensor) -> str:
    """Return the dtype as text: float32."""
    return str(tensor.dtype).removeprefix("torch.")


def is_integer(tensor: Tensor) -> bool:
    """Whether a tensor has an integer dtype (bool excluded)."""
    is_real = tensor.is_floating_point() or tensor.is_complex()
    return not is_real and tensor.dtype != torch.bool


def capitalized(text: str) -> str:
    """Return a text with its first letter capitalized."""
    return text[:1].upper() + text[1:]
