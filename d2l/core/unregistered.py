"""Tensors of a model that are not registered as parameters, as in from-scratch models."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

Found = TypeVar("Found")


def unregistered_tensors(model: nn.Module) -> Iterator[Tensor]:
    """Iterate over tensors in attributes of the model's modules, also in lists, tuples and dicts.

    Parameters and registered buffers are excluded. Each tensor is yielded once.
    """
    return (tensor for _, tensor in named_unregistered_tensors(model))


def named_unregistered_tensors(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """As `unregistered_tensors`, with names: `W1`, `layer.W`, `params[0]`, `state['H']`."""
    seen: set[int] = set()
    for path, module in model.named_modules():
        registered = {id(t) for t in (*module._parameters.values(), *module._buffers.values())}
        attributes = {k: v for k, v in vars(module).items() if not k.startswith("_")}
        for attribute, value in attributes.items():
            for name, tensor in _found_in(value, f"{path}.{attribute}".lstrip("."), Tensor):
                if id(tensor) not in seen | registered and not isinstance(tensor, nn.Parameter):
                    seen.add(id(tensor))
                    yield name, tensor


def named_unregistered_layers(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Iterate over layers in lists, tuples and dicts, which PyTorch ignores: `blocks[0]`."""
    registered = {id(layer) for layer in model.modules()}
    for path, module in model.named_modules():
        for attribute, value in vars(module).items():
            if attribute not in _OF_PYTORCH and isinstance(value, (list, tuple, dict)):
                for name, layer in _found_in(value, f"{path}.{attribute}".lstrip("."), nn.Module):
                    if id(layer) not in registered:
                        yield name, layer


def trainable_tensors(model: nn.Module) -> list[Tensor]:
    """Return the parameters and the unregistered leaf tensors with `requires_grad`."""
    parameters = list(model.parameters())
    known = {id(parameter) for parameter in parameters}
    others = [tensor for tensor in unregistered_tensors(model) if id(tensor) not in known]
    return [t for t in (*parameters, *others) if t.requires_grad and t.is_leaf]


def trainable_unregistered_tensors(model: nn.Module) -> list[Tensor]:
    """Return the trainable tensors that are not parameters of any layer."""
    registered = {id(parameter) for parameter in nn.Module.parameters(model)}
    return [tensor for tensor in trainable_tensors(model) if id(tensor) not in registered]


def device_of_unregistered_tensors(model: nn.Module) -> torch.device | None:
    """Return the device of the trainable unregistered tensors; None if there are none."""
    trainable = (t for t in unregistered_tensors(model) if t.requires_grad)
    return next((tensor.device for tensor in trainable), None)


def apply_to_unregistered_tensors(model: nn.Module, fn: Callable[[Tensor], Tensor]) -> None:
    """Apply `fn` in place to the data and the gradient of each unregistered tensor."""
    for tensor in unregistered_tensors(model):
        grad = tensor.grad if tensor.is_leaf else None
        if grad is not None:
            tensor.grad = None  # PyTorch requires data and gradient on the same device
        _replace(tensor, fn(tensor.data))
        if grad is not None:
            tensor.grad = fn(grad)


def _replace(tensor: Tensor, data: Tensor) -> None:
    try:
        tensor.data = data
    except RuntimeError:  # a different type of device, such as "meta"
        torch.utils.swap_tensors(tensor, data.requires_grad_(tensor.requires_grad))


_OF_PYTORCH = frozenset(vars(nn.Module()))  # `_modules` is a dict of layers, too


def _found_in(value: Any, name: str, kind: type[Found]) -> Iterator[tuple[str, Found]]:
    """Iterate over the objects of type `kind` in a value, also in lists, tuples and dicts."""
    if isinstance(value, kind):
        yield name, value
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from _found_in(item, f"{name}[{i}]", kind)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _found_in(item, f"{name}[{key!r}]", kind)
