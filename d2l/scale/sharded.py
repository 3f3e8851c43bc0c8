"""The state of a sharded run as a folder, to which every process writes its part.

PyTorch's distributed checkpoint holds the sharded tensors, so that any number of processes can
read them, one alone too; `rest.pt` beside them holds everything else in plain types.
"""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from d2l.errors import CheckpointError
from d2l.runs.checkpoint import read_checkpoint, write_checkpoint
from d2l.runs.files import temporary_name
from d2l.runs.shelf import replace_folder
from d2l.scale.world import World

SUFFIX = ".dcp"
REST = "rest.pt"
MARK = "a sharded tensor"


def is_sharded(model: nn.Module) -> bool:
    """Whether the parameters of the model lie in pieces in several processes."""
    return any(_is_piece(parameter) for parameter in nn.Module.parameters(model))


def save(path: Path, state: dict[str, Any], world: World) -> None:
    """Write the state into the folder `path`, whole or not at all; all processes call this."""
    import torch.distributed.checkpoint as dcp

    tensors: dict[str, Tensor] = {}
    rest = _map(state, lambda name, t: _moved_out(name, t, tensors))
    temporary = world.from_main(lambda: temporary_name(path))
    try:
        dcp.save(tensors, checkpoint_id=temporary)
    except (OSError, RuntimeError, dcp.CheckpointException) as error:
        raise CheckpointError(f"{path} could not be written: {error}") from error
    world.from_main(lambda: _finish(temporary, path, rest))


def load(path: Path, own: Mapping[str, Tensor], world: World) -> dict[str, Any]:
    """The state in the folder `path`; all processes call this.

    `own` are this run's sharded tensors by their place in the state: a saved one that belongs to
    it is read piece by piece, others whole. The folder's index is a pickle of PyTorch's: read only
    what your own runs have written.
    """
    import torch.distributed.checkpoint as dcp

    rest = world.from_main(lambda: read_checkpoint(path / REST))
    try:
        index = dcp.FileSystemReader(path).read_metadata().state_dict_metadata
        targets = {name: _target(name, form, own) for name, form in index.items()}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "torch.distributed is disabled")  # one reads alone
            dcp.load(targets, checkpoint_id=path)
    except (OSError, RuntimeError, EOFError, ValueError, dcp.CheckpointException) as error:
        reason = str(error).splitlines()[-1] if str(error) else type(error).__name__
        raise CheckpointError(
            f"{path} is damaged or cut short ({reason}); the model is as it was"
        ) from error
    return _map_marks(rest, targets)


def whole(value: Any) -> Any:
    """The state with every sharded tensor put together; all processes call this."""
    return _map(value, lambda _, tensor: _put_together(tensor) if _is_piece(tensor) else tensor)


def as_in(own: Tensor, saved: Tensor) -> Tensor:
    """A saved tensor as this run keeps it: in pieces, where `own` is."""
    if not _is_piece(own) or _is_piece(saved) or own.shape != saved.shape:
        return saved
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(saved.to(own.device), own.device_mesh, own.placements)  # type: ignore[attr-defined]


def _finish(temporary: Path, path: Path, rest: dict[str, Any]) -> None:
    write_checkpoint(temporary / REST, rest)
    replace_folder(temporary, path)


def _target(name: str, form: Any, own: Mapping[str, Tensor]) -> Tensor:
    if not hasattr(form, "properties"):
        raise ValueError(f"{name} in its index is no tensor")
    kin = next(
        (t for place, t in own.items() if _is_at(name, place) and t.shape == form.size), None
    )
    if kin is not None:
        return torch.empty_like(kin, dtype=form.properties.dtype)
    return torch.empty(form.size, dtype=form.properties.dtype)


def _is_at(name: str, place: str) -> bool:
    return name == place or name.startswith(f"{place}/")


def _moved_out(name: str, tensor: Tensor, tensors: dict[str, Tensor]) -> Any:
    if not _is_piece(tensor):
        return tensor
    tensors[name] = tensor.detach()
    return (MARK, name)


def _map(value: Any, change: Callable[[str, Tensor], Any], name: str = "") -> Any:
    """The value with each tensor in it changed; `change` gets its place, such as `a/b/0`."""
    if isinstance(value, Tensor):
        return change(name, value)
    if isinstance(value, Mapping):
        return {
            key: _map(item, change, f"{name}/{key}" if name else str(key))
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return type(value)(_map(item, change, f"{name}/{i}") for i, item in enumerate(value))
    return value


def _map_marks(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, tuple) and len(value) == 2 and value[0] == MARK:
        return tensors[value[1]]
    if isinstance(value, Mapping):
        return {key: _map_marks(item, tensors) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_map_marks(item, tensors) for item in value)
    return value


def _put_together(tensor: Any) -> Tensor:
    together: Tensor = tensor.full_tensor()
    return together


def _is_piece(tensor: Tensor) -> bool:
    return hasattr(tensor, "full_tensor")
