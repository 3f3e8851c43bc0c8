"""Collect, check and load the state dicts of models and optimizers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from d2l.base.devices import move
from d2l.core.unregistered import named_unregistered_tensors
from d2l.errors import CheckpointError
from d2l.runs.serializable import to_serializable
from d2l.scale.sharded_checkpoint import shard_like

MAX_LISTED = 8


def weights_of(model: nn.Module) -> dict[str, Any]:
    """Return the state dict of a model, including its trainable unregistered tensors.

    Uninitialized lazy parameters are left out.
    """
    learned = {n: t for n, t in named_unregistered_tensors(model) if _is_trainable(t)}
    state = nn.Module.state_dict(model)
    return {**{n: value for n, value in state.items() if not is_lazy(value)}, **learned}


def extra_state_of(model: nn.Module) -> dict[str, Tensor]:
    """Return the unregistered tensors that are not trained, such as a state between batches."""
    return {n: t.detach() for n, t in named_unregistered_tensors(model) if not _is_trainable(t)}


def check_weights(model: nn.Module, saved: Mapping[str, Any], source: str) -> None:
    """Raise `CheckpointError` unless `saved` fits the model; the message lists the differences."""
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
    more = f"; and {len(listed) - MAX_LISTED} more" if len(listed) > MAX_LISTED else ""
    raise CheckpointError(
        f"{source} was saved from a different model than this {type(model).__name__}: "
        f"{'; '.join(listed[:MAX_LISTED])}{more}. The model was not changed. Construct it with the "
        "same arguments as in that run"
    )


def load_weights(model: nn.Module, saved: Mapping[str, Any]) -> None:
    """Copy saved weights that passed `check_weights` into the model's tensors, in place."""
    own = nn.Module.state_dict(model)
    sharded = {n: shard_like(own[n], saved[n]) if isinstance(own[n], Tensor) and not is_lazy(own[n])
               else saved[n] for n in own if n in saved}  # fmt: skip
    nn.Module.load_state_dict(model, sharded, strict=len(sharded) == len(own))
    with torch.no_grad():
        for name, tensor in named_unregistered_tensors(model):
            if name in saved and name not in own:
                tensor.copy_(saved[name])


def load_extra_state(model: nn.Module, saved: Mapping[str, Tensor]) -> None:
    """Restore the unregistered tensors that are not trained."""
    own = dict(named_unregistered_tensors(model))
    device = next((tensor.device for tensor in weights_of(model).values()), torch.device("cpu"))
    for name, value in saved.items():
        if name in own and own[name].shape == value.shape and own[name].is_leaf:
            own[name].data.copy_(value)
            continue
        path, _, attribute = name.rpartition(".")
        if attribute.isidentifier():  # tensors in a list or dict must be recreated by the model
            setattr(model.get_submodule(path), attribute, value.to(device))


def _is_trainable(tensor: Tensor) -> bool:
    return tensor.requires_grad and tensor.is_leaf


def _form(value: Any) -> str:
    if not isinstance(value, Tensor):
        return type(value).__name__
    return f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"


# Options for how a group is computed on this device; they do not change the result.
LOCAL_OPTIONS = ("capturable", "foreach", "fused", "differentiable")


def optimizers_in(value: Any) -> list[Any]:
    """Return the optimizers and schedulers that `configure_optimizers` returned, in order."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [optimizer for item in value for optimizer in optimizers_in(item)]
    return [] if value is None else [value]


def collect_states(value: Any, model_tensors: list[Tensor]) -> list[dict[str, Any]]:
    """Return the class and the state of each optimizer or scheduler in `value`.

    Without a method `state_dict`, the state is the attributes except for the model's tensors.
    Raises `CheckpointError` if it contains something that is not serializable.
    """
    states = []
    for optimizer in optimizers_in(value):
        name = type(optimizer).__name__
        if hasattr(optimizer, "state_dict"):
            state = to_serializable(optimizer.state_dict(), f"the state of {name}")
        else:
            state = to_serializable(_attributes(optimizer, model_tensors), name)
        states.append({"class": name, "state": state})
    return states


def check_states(value: Any, saved: Sequence[Mapping[str, Any] | None], source: str) -> None:
    """Raise `CheckpointError` unless `saved` are states of these optimizers."""
    own = optimizers_in(value) or [None]
    for optimizer, state in zip(own, list(saved) or [None], strict=True):
        _check_state(optimizer, state, source)


def load_states(value: Any, saved: Sequence[Mapping[str, Any]], device: torch.device) -> None:
    """Load a state that `check_states` accepted into each optimizer."""
    for optimizer, state in zip(optimizers_in(value), saved, strict=True):
        _load_state(optimizer, state["state"], device)


def settings_of(value: Any) -> set[str]:
    """Return the names of the optimizers' options: lr, momentum, …"""
    names: set[str] = set()
    for optimizer in optimizers_in(value):
        groups = getattr(optimizer, "param_groups", None)
        names |= set(groups[0]) if groups else set(vars(optimizer))
    return names


def _check_state(optimizer: Any, saved: Mapping[str, Any] | None, source: str) -> None:
    name = type(optimizer).__name__
    found = None if saved is None else saved["class"]
    if found != name:
        raise CheckpointError(
            f"{source} was trained with {found}, but this run uses {name}. The model was not "
            "changed. Return the same optimizer and scheduler from configure_optimizers(self)"
        )
    assert saved is not None
    own, other = (_group_sizes(s) for s in (_state_dict(optimizer), saved["state"]))
    if own != other:
        raise CheckpointError(
            f"{name} in {source} has parameter groups of {other} tensors, in this run of {own}. "
            "The model was not changed. Pass the optimizer the same parameters in the same groups"
        )


def _load_state(optimizer: Any, saved: Any, device: torch.device) -> None:
    if not hasattr(optimizer, "load_state_dict"):
        vars(optimizer).update(move(saved, device))
        return
    groups = getattr(optimizer, "param_groups", [])
    kept = [{name: group[name] for name in LOCAL_OPTIONS if name in group} for group in groups]
    optimizer.load_state_dict(_sharded_like(saved, groups))
    for group, options in zip(getattr(optimizer, "param_groups", []), kept, strict=True):
        group.update(options)


def _sharded_like(state: Any, groups: list[dict[str, Any]]) -> Any:
    """Return the state with the tensors of sharded parameters sharded in the same way."""
    parameters = [parameter for group in groups for parameter in group["params"]]
    if not parameters:
        return state
    sharded = {
        i: {k: shard_like(parameters[i], v) if isinstance(v, Tensor) else v for k, v in own.items()}
        for i, own in state["state"].items()
    }
    return {**state, "state": sharded}


def _attributes(optimizer: Any, model_tensors: list[Tensor]) -> dict[str, Any]:
    known = {id(tensor) for tensor in model_tensors}
    return {
        name: value
        for name, value in vars(optimizer).items()
        if not _contains(value, known) and not isinstance(value, Callable)  # type: ignore[arg-type]
    }


def _contains(value: Any, known: set[int]) -> bool:
    if isinstance(value, Tensor):
        return id(value) in known
    if isinstance(value, Mapping):
        return any(_contains(item, known) for item in value.values())
    return isinstance(value, (list, tuple)) and any(_contains(item, known) for item in value)


def _state_dict(optimizer: Any) -> Any:
    return optimizer.state_dict() if hasattr(optimizer, "state_dict") else {}


def _group_sizes(state: Any) -> list[int]:
    return [len(group["params"]) for group in state.get("param_groups", [])]
