"""The state of an optimizer, PyTorch's or a reader's own, in plain types and back."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from d2l.base.devices import move
from d2l.errors import CheckpointError
from d2l.runs.plain import plain
from d2l.scale.sharded import as_in

KEPT = ("capturable", "foreach", "fused", "differentiable")  # how it computes here, not what


def state_of(optimizer: Any, model_tensors: list[Tensor]) -> dict[str, Any]:
    """The class and the state of an optimizer, or of a scheduler.

    Without a `state_dict` of its own these are its attributes, but the model's tensors. Raises
    `CheckpointError` if it keeps something that is no plain data.
    """
    name = type(optimizer).__name__
    if hasattr(optimizer, "state_dict"):
        return {"class": name, "state": plain(optimizer.state_dict(), f"the state of {name}")}
    return {"class": name, "state": plain(_attributes(optimizer, model_tensors), name)}


def check_state(optimizer: Any, saved: Mapping[str, Any] | None, source: str) -> None:
    """Raise unless `saved` is the state of such an optimizer."""
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


def put_state(optimizer: Any, saved: Mapping[str, Any], device: torch.device) -> None:
    """Give an optimizer a state that `check_state` has let through."""
    if not hasattr(optimizer, "load_state_dict"):
        vars(optimizer).update(move(saved["state"], device))
        return
    groups = getattr(optimizer, "param_groups", [])
    kept = [{name: group[name] for name in KEPT if name in group} for group in groups]
    optimizer.load_state_dict(_as_here(saved["state"], groups))
    for group, options in zip(getattr(optimizer, "param_groups", []), kept, strict=True):
        group.update(options)


def _as_here(state: Any, groups: list[dict[str, Any]]) -> Any:
    """The state with what belongs to a sharded parameter in the same pieces."""
    parameters = [parameter for group in groups for parameter in group["params"]]
    if not parameters:
        return state
    pieces = {
        i: {k: as_in(parameters[i], v) if isinstance(v, Tensor) else v for k, v in own.items()}
        for i, own in state["state"].items()
    }
    return {**state, "state": pieces}


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
