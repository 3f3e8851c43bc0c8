"""Find the tensors and Python values that a training step uses, apart from its batch.

A captured step keeps the Python values from its capture. They are searched for in the model, its
layers, the optimizer, the objects these contain, and the variables that user-defined methods use.
"""

import functools
import inspect
from collections import deque
from collections.abc import Iterator, Mapping
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from d2l.core.board import ProgressBoard
from d2l.core.checks import has_lazy_layers
from d2l.core.unregistered import named_unregistered_tensors, trainable_tensors
from d2l.engine.capture_guard import Place

if TYPE_CHECKING:
    from d2l.core.training.run import Run

SCALARS = (bool, int, float, complex, str, bytes, np.generic, torch.dtype, torch.device)
CONTAINERS = (dict, list, tuple, set, frozenset, deque)
MAX_ITEMS = 1000  # of a longer list, such as a vocabulary, only the length is compared
MAX_DEPTH = 4
LIBRARY_PACKAGES = ("d2l", "torch", "builtins", "numpy")  # their classes are not user-defined
OF_EVERY_MODULE = frozenset(vars(nn.Module())) | {"trainer", "board", "training_step"}


class StepState:
    """The state that the steps of a run use; `with_optimizer` for training steps."""

    def __init__(self, run: "Run", with_optimizer: bool) -> None:
        self._run, self._with_optimizer = run, with_optimizer

    def is_ready(self) -> bool:
        """Whether all lazy layers are initialized."""
        return not has_lazy_layers(self._run.model)

    def trainable(self) -> list[Tensor]:
        """Return the tensors that get gradients."""
        return trainable_tensors(self._run.model) if self._with_optimizer else []

    def tensors(self) -> dict[str, Tensor]:
        """Return what a step may change: parameters, buffers, other tensors, optimizer state."""
        run = self._run
        found = dict(_model_tensors(run.model))
        known = {id(tensor) for tensor in found.values()}
        held = [*_held_by_model(run.model)]
        held += _held_by_optimizer(run.optimizer) if self._with_optimizer else ()
        found.update({n: v for n, v in held if isinstance(v, Tensor) and id(v) not in known})
        return {n: t for n, t in found.items() if t.layout == torch.strided and t.numel()}

    def values(self) -> dict[str, Any]:
        """Return the Python values and tensor addresses that become constants of a capture."""
        run = self._run
        found: dict[str, Any] = {n: _place(t) for n, t in _model_tensors(run.model)}
        leaves = [*_held_by_model(run.model), *_held_by_class(type(run.model), "model")]
        if self._with_optimizer:
            found["gradient_clip_val"] = run.trainer.gradient_clip_val
            leaves += _held_by_optimizer(run.optimizer)
            leaves += _held_by_class(type(run.optimizer), "optimizer")
        for name, value in leaves:
            found.setdefault(name, _place(value) if isinstance(value, Tensor) else value)
        return found


def _place(tensor: Tensor) -> Place:
    address = None if is_lazy(tensor) or tensor.layout != torch.strided else tensor.data_ptr()
    shape = None if is_lazy(tensor) else tuple(tensor.shape)
    return Place(shape, tensor.dtype, tensor.device, address, tensor.requires_grad)


def _model_tensors(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from ((n, p) for n, p in nn.Module.named_parameters(model) if not is_lazy(p))
    yield from model.named_buffers()
    yield from named_unregistered_tensors(model)


def _held_by_model(model: nn.Module) -> Iterator[tuple[str, Any]]:
    seen: set[int] = set()
    for path, module in model.named_modules():
        is_user_defined = not _is_of(type(module), LIBRARY_PACKAGES)
        for name, value in vars(module).items():
            if name not in OF_EVERY_MODULE and (is_user_defined or not name.startswith("_")):
                yield from _leaves(value, f"{path}.{name}".lstrip("."), seen)
        yield f"{path}.training".lstrip("."), module.training


def _held_by_optimizer(optimizer: Any) -> Iterator[tuple[str, Any]]:
    seen: set[int] = set()
    groups = getattr(optimizer, "param_groups", None) or []
    for i, group in enumerate(groups):
        for name, value in group.items():
            if name == "lr" and isinstance(value, Tensor):
                yield f"the optimizer's lr (group {i})", "a tensor that is read at each step"
            elif name not in ("params", "fused"):  # fused does not change the result
                yield from _leaves(value, f"the optimizer's {name} (group {i})", seen)
    state = getattr(optimizer, "state", None)
    parameters = [parameter for group in groups for parameter in group["params"]]
    for i, parameter in enumerate(parameters):
        if isinstance(state, Mapping) and parameter in state:
            yield from _leaves(state[parameter], f"the optimizer's state of parameter {i}", seen)
    for name, value in getattr(optimizer, "__dict__", {}).items():
        if name not in _of_every_optimizer():
            yield from _leaves(value, f"the optimizer's {name}", seen)


@functools.cache
def _of_every_optimizer() -> frozenset[str]:
    """Return PyTorch's own attributes of an optimizer; cached, since creating the first is slow."""
    return frozenset(vars(torch.optim.SGD([torch.empty(0)]))) | {"_opt_called"}


def _held_by_class(kind: type, owner: str) -> Iterator[tuple[str, Any]]:
    """Iterate over the attributes of a user-defined class, and the globals its methods use."""
    seen: set[int] = set()
    for base in kind.__mro__:
        if _is_of(base, LIBRARY_PACKAGES):
            continue
        for attribute, value in vars(base).items():
            if isinstance(value, FunctionType):
                outside = inspect.getclosurevars(value)
                for name, used in {**outside.globals, **outside.nonlocals}.items():
                    yield from _leaves(used, f"{name} (used by {owner}.{attribute})", seen)
            elif not attribute.startswith("__"):
                yield from _leaves(value, f"{base.__name__}.{attribute}", seen)


def _leaves(
    value: Any, name: str, seen: set[int], depth: int = MAX_DEPTH
) -> Iterator[tuple[str, Any]]:
    """Iterate over the scalars and tensors in a value, by name, and the lengths of containers."""
    if value is None or isinstance(value, (*SCALARS, Tensor)):
        yield name, value
        return
    if isinstance(value, np.ndarray):
        yield name, value.tobytes() if value.size <= MAX_ITEMS else value.shape
        return
    if depth == 0 or id(value) in seen or _is_opaque(value):
        return
    seen.add(id(value))
    if isinstance(value, CONTAINERS):
        yield f"the length of {name}", len(value)
        if len(value) > MAX_ITEMS:
            return
    for item_name, item in _items(value, name):
        yield from _leaves(item, item_name, seen, depth - 1)


def _items(value: Any, name: str) -> list[tuple[str, Any]]:
    """Return the items of a container, or the attributes of another object, by name."""
    if isinstance(value, dict):
        return [(f"{name}[{k!r}]" if _is_short(k) else name, v) for k, v in value.items()]
    if isinstance(value, CONTAINERS):
        return [(f"{name}[{i}]", item) for i, item in enumerate(value)]
    return [(f"{name}.{key}", v) for key, v in getattr(value, "__dict__", {}).items()]


def _is_opaque(value: Any) -> bool:
    """Whether the contents of this object are not searched."""
    kinds = (nn.Module, ProgressBoard, ModuleType, type)
    return isinstance(value, kinds) or callable(value) or _is_of(type(value), ("d2l",))


def _is_short(key: Any) -> bool:
    return isinstance(key, (bool, int, float, str)) and len(str(key)) < 40


def _is_of(kind: type, packages: tuple[str, ...]) -> bool:
    return kind.__module__.partition(".")[0] in packages
