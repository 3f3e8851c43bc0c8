"""The tensors of a model by name, unregistered ones included: collected, compared and loaded."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from d2l.core.unregistered import named_unregistered_tensors
from d2l.errors import CheckpointError
from d2l.scale.sharded_checkpoint import shard_like

MOST_LISTED = 8


def weights_of(model: nn.Module) -> dict[str, Any]:
    """Everything a model has learned or counts: its state dict, and unregistered parameters.

    Lazy parameters that have no shape yet are left out.
    """
    learned = {n: t for n, t in named_unregistered_tensors(model) if _is_trainable(t)}
    state = nn.Module.state_dict(model)
    return {**{n: value for n, value in state.items() if not is_lazy(value)}, **learned}


def extra_state_of(model: nn.Module) -> dict[str, Tensor]:
    """Unregistered tensors that do not learn, such as a state carried from batch to batch."""
    return {n: t.detach() for n, t in named_unregistered_tensors(model) if not _is_trainable(t)}


def check_weights(model: nn.Module, saved: Mapping[str, Any], source: str) -> None:
    """Raise unless `saved` are the weights of such a model; lists what differs."""
    own = {name: _form(value) for name, value in weights_of(model).items()}
    lazy = {name for name, value in nn.Module.state_dict(model).items() if is_lazy(value)}
    others = {name: _form(value) for name, value in saved.items() if name not in lazy}
    missing = [f"{n}: {own[n]} in the model, not in the checkpoint" for n in own - others.keys()]
    surplus = [f"{n}: {others[n]} in the checkpoint, not in the model" for n in others - own.keys()]
    differing = [
        f"{name}: {own[name]} in the model, {others[name]} in the checkpoint"
        for name in own.keys() & others.keys()
        if own[name] != others[name]
    ]
    listed = sorted([*missing, *surplus, *differing])
    if not listed:
        return
    more = f"; and {len(listed) - MOST_LISTED} more" if len(listed) > MOST_LISTED else ""
    raise CheckpointError(
        f"{source} was saved from a different model than this {type(model).__name__}: "
        f"{'; '.join(listed[:MOST_LISTED])}{more}. The model is as it was. Construct it with the "
        "same arguments as in that run"
    )


def load_weights(model: nn.Module, saved: Mapping[str, Any]) -> None:
    """Overwrite the model's tensors in place with saved ones that passed `check_weights`."""
    own = nn.Module.state_dict(model)
    sharded = {n: shard_like(own[n], saved[n]) if isinstance(own[n], Tensor) and not is_lazy(own[n])
               else saved[n] for n in own if n in saved}  # fmt: skip
    nn.Module.load_state_dict(model, sharded, strict=len(sharded) == len(own))
    with torch.no_grad():
        for name, tensor in named_unregistered_tensors(model):
            if name in saved and name not in own:
                tensor.copy_(saved[name])


def load_extra_state(model: nn.Module, saved: Mapping[str, Tensor]) -> None:
    """Give the model back its unregistered tensors that do not learn."""
    there = dict(named_unregistered_tensors(model))
    device = next((tensor.device for tensor in weights_of(model).values()), torch.device("cpu"))
    for name, value in saved.items():
        if name in there and there[name].shape == value.shape and there[name].is_leaf:
            there[name].data.copy_(value)
            continue
        path, _, attribute = name.rpartition(".")
        if attribute.isidentifier():  # a list's or dict's tensors are the reader's to make again
            setattr(model.get_submodule(path), attribute, value.to(device))


def _is_trainable(tensor: Tensor) -> bool:
    return tensor.requires_grad and tensor.is_leaf


def _form(value: Any) -> str:
    if not isinstance(value, Tensor):
        return type(value).__name__
    return f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"
