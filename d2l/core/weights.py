"""The tensors of a model by name, plain ones included: taken out, compared, and put back."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from d2l.core.tensors import named_plain_tensors
from d2l.errors import CheckpointError
from d2l.scale.sharded import as_in

MOST_LISTED = 8


def weights_of(model: nn.Module) -> dict[str, Any]:
    """Everything a model has learned or counts: its state dict, and its plain tensors."""
    learned = {name: tensor for name, tensor in named_plain_tensors(model) if _learns(tensor)}
    return {**nn.Module.state_dict(model), **learned}


def notes_of(model: nn.Module) -> dict[str, Tensor]:
    """Plain tensors that do not learn, such as a state carried from batch to batch."""
    return {name: t.detach() for name, t in named_plain_tensors(model) if not _learns(t)}


def check_weights(model: nn.Module, saved: Mapping[str, Any], source: str) -> None:
    """Raise unless `saved` are the weights of such a model; lists what differs."""
    own = {name: _form(value) for name, value in weights_of(model).items()}
    others = {name: _form(value) for name, value in saved.items()}
    differing = [
        *(
            f"{name}: {own[name]} in the model, not in the checkpoint"
            for name in own - others.keys()
        ),
        *(
            f"{name}: {others[name]} in the checkpoint, not in the model"
            for name in others - own.keys()
        ),
        *(
            f"{name}: {own[name]} in the model, {others[name]} in the checkpoint"
            for name in own.keys() & others.keys()
            if own[name] != others[name]
        ),
    ]
    if differing:
        raise CheckpointError(_another_model(model, source, sorted(differing)))


def put_weights(model: nn.Module, saved: Mapping[str, Any]) -> None:
    """Overwrite the model's tensors in place with saved ones that passed `check_weights`."""
    state_names = nn.Module.state_dict(model).keys()
    own = weights_of(model)
    as_here = {name: _as_here(own[name], saved[name]) for name in state_names}
    nn.Module.load_state_dict(model, as_here)
    with torch.no_grad():
        for name, tensor in named_plain_tensors(model):
            if name in saved and name not in state_names:
                tensor.copy_(saved[name])


def put_notes(model: nn.Module, saved: Mapping[str, Tensor]) -> None:
    """Give the model back the plain tensors that do not learn."""
    there = dict(named_plain_tensors(model))
    device = next((tensor.device for tensor in weights_of(model).values()), torch.device("cpu"))
    for name, value in saved.items():
        if name in there and there[name].shape == value.shape and there[name].is_leaf:
            there[name].data.copy_(value)
            continue
        path, _, attribute = name.rpartition(".")
        if attribute.isidentifier():  # a list's or dict's tensors are the reader's to make anew
            setattr(model.get_submodule(path), attribute, value.to(device))


def _as_here(own: Any, saved: Any) -> Any:
    return as_in(own, saved) if isinstance(own, Tensor) else saved


def _learns(tensor: Tensor) -> bool:
    return tensor.requires_grad and tensor.is_leaf


def _form(value: Any) -> str:
    if not isinstance(value, Tensor):
        return type(value).__name__
    return f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"


def _another_model(model: nn.Module, source: str, differing: list[str]) -> str:
    listed = "; ".join(differing[:MOST_LISTED])
    more = len(differing) - MOST_LISTED
    return (
        f"{source} is of another model than this {type(model).__name__}: {listed}"
        f"{f'; and {more} more' if more > 0 else ''}. The model is as it was. Make it as it was "
        "made for that run"
    )
