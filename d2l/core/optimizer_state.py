"""The state of optimizers and schedulers, PyTorch's or a reader's own, in plain types and back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from d2l.base.devices import move
from d2l.errors import CheckpointError
from d2l.runs.serializable import to_serializable
from d2l.scale.sharded_checkpoint import shard_like

# How a group is computed on this device, which is not part of what it computes.
LOCAL_OPTIONS = ("capturable", "foreach", "fused", "differentiable")


def optimizers_in(value: Any) -> list[Any]:
    """The optimizers and schedulers in what `configure_optimizers` returned, in order."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [optimizer for item in value for optimizer in optimizers_in(item)]
    return [] if value is None else [value]


def collect_states(value: Any, model_tensors: list[Tensor]) -> list[dict[str, Any]]:
    """The class and the state of each optimizer or scheduler in `value`.

    Without a `state_dict` of its own these are its attributes, but the model's tensors. Raises
    `CheckpointError` if it keeps something that is not plain data.
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
    """Raise unless `saved` are the states of such optimizers."""
    own = optimizers_in(value) or [None]
    for optimizer, state in zip(own, list(saved) or [None], strict=True):
        _check_state(optimizer, state, source)


def load_states(value: Any, saved: Sequence[Mapping[str, Any]], device: torch.device) -> None:
    """Give each optimizer a state that `check_states` accepted."""
    for optimizer, state in zip(optimizers_in(value), saved, strict=True):
        _load_state(optimizer, state["state"], device)


def settings_of(value: Any) -> set[str]:
    """The names of what the optimizers were made with: lr, momentum, …"""
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
            f"{source} was trained with {found}, this run with {name}. The model is as it was. "
            "Return the same optimizer and scheduler from configure_optimizers(self)"
        )
    assert saved is not None
    own, other = (_group_sizes(s) for s in (_state_dict(optimizer), saved["state"]))
    if own != other:
        raise CheckpointError(
            f"the {name} of {source} has parameter groups of {other} tensors, this one of {own}. "
            "The model is as it was. Give the optimizer the same parameters in the same groups"
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
    """The state with what belongs to a sharded parameter sharded in the same way."""
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
        if not _holds(value, known) and not isinstance(value, Callable)  # type: ignore[arg-type]
    }


def _holds(value: Any, known: set[int]) -> bool:
    if isinstance(value, Tensor):
        return id(value) in known
    if isinstance(value, Mapping):
        return any(_holds(item, known) for item in value.values())
    return isinstance(value, (list, tuple)) and any(_holds(item, known) for item in value)


def _state_dict(optimizer: Any) -> Any:
    return optimizer.state_dict() if hasattr(optimizer, "state_dict") else {}


def _group_sizes(state: Any) -> list[int]:
    return [len(group["params"]) for group in state.get("param_groups", [])]
