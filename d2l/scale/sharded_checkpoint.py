"""Checkpoints of sharded runs: a folder to which every rank writes its shards.

PyTorch's distributed checkpoint contains the sharded tensors, so that any number of processes can
load them, including one; `rest.pt` in the same folder contains everything else.
"""

import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from d2l.errors import CheckpointError
from d2l.files.atomic_write import temporary_name, write_error
from d2l.runs.checkpoint_dir import read_checkpoint, replace_folder, write_checkpoint
from d2l.scale.process_group import ProcessGroup

SUFFIX = ".dcp"
REST = "rest.pt"
PLACEHOLDER = "a sharded tensor"  # ("a sharded tensor", NAME) in `rest.pt`
_UNREADABLE = (OSError, RuntimeError, EOFError, LookupError, ValueError)


def is_sharded(model: nn.Module) -> bool:
    """Whether the parameters of the model are sharded over several processes."""
    return any(_is_dtensor(parameter) for parameter in nn.Module.parameters(model))


def save(path: Path, state: dict[str, Any], group: ProcessGroup) -> None:
    """Write the state into the folder `path` atomically; all ranks must call this.

    Raises the errors of `atomic_write`.
    """
    import torch.distributed.checkpoint as dcp

    tensors: dict[str, Tensor] = {}

    def extract(name: str, value: Any) -> Any:
        if not _is_dtensor(value):
            return value
        tensors[name] = value.detach()
        return (PLACEHOLDER, name)

    rest = _map(state, extract)
    temporary = group.broadcast_result(lambda: temporary_name(path))

    def finish() -> None:
        write_checkpoint(temporary / REST, rest)
        replace_folder(temporary, path)

    try:
        try:
            with _without_dcp_warning():
                dcp.save(tensors, checkpoint_id=temporary)
        except dcp.CheckpointException as error:  # the same on all ranks
            raise write_error(path, next(iter(error.failures.values()))[0]) from error
        except (OSError, RuntimeError) as error:
            raise write_error(path, error) from error
        group.broadcast_result(finish)
    finally:
        if group.is_main:
            shutil.rmtree(temporary, ignore_errors=True)  # already renamed on success


def load(path: Path, own: Mapping[str, Tensor], group: ProcessGroup) -> dict[str, Any]:
    """Load the state in the folder `path`; all ranks must call this.

    `own` are this run's sharded tensors by their path in the state: a saved tensor that belongs
    to one is loaded shard by shard, others in full. The folder's index is a pickle written by
    PyTorch: load only checkpoints of your own runs.
    """
    import torch.distributed.checkpoint as dcp

    rest = group.broadcast_result(lambda: read_checkpoint(path / REST))
    try:
        index = dcp.FileSystemReader(path).read_metadata().state_dict_metadata
        targets = {name: _target(name, entry, own) for name, entry in index.items()}
        with _without_dcp_warning():
            dcp.load(targets, checkpoint_id=path)
        return _map(rest, lambda _, item: targets[item[1]] if _is_placeholder(item) else item)
    except (*_UNREADABLE, dcp.CheckpointException) as error:
        reason = str(error).splitlines()[-1] if str(error) else type(error).__name__
        raise CheckpointError(
            f"{path} is corrupt or truncated ({reason}); the model was not changed"
        ) from error


def full_state(value: Any) -> Any:
    """Return the state with every sharded tensor gathered in full; all ranks must call this."""
    return _map(value, lambda _, item: item.full_tensor() if _is_dtensor(item) else item)


def shard_like(own: Tensor, saved: Tensor) -> Tensor:
    """Return the saved tensor, sharded if `own` is."""
    if not _is_dtensor(own) or _is_dtensor(saved) or own.shape != saved.shape:
        return saved
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(saved.to(own.device), own.device_mesh, own.placements)  # type: ignore[attr-defined]


@contextmanager
def _without_dcp_warning() -> Iterator[None]:
    with warnings.catch_warnings():  # the warning that a single process saves
        warnings.filterwarnings("ignore", "torch.distributed is disabled")
        yield


def _target(name: str, entry: Any, own: Mapping[str, Tensor]) -> Tensor:
    """Return an empty tensor to load into, sharded like this run's tensor at the same path."""
    if not hasattr(entry, "properties"):
        raise ValueError(f"{name} in its index is not a tensor")
    for path, tensor in own.items():
        if f"{name}/".startswith(f"{path}/") and tensor.shape == entry.size:
            return torch.empty_like(tensor, dtype=entry.properties.dtype)
    return torch.empty(entry.size, dtype=entry.properties.dtype)


def _map(value: Any, change: Callable[[str, Any], Any], name: str = "") -> Any:
    """Apply `change(path, item)` to all items of containers; a path looks like `a/b/0`."""

    def path(key: object) -> str:
        return f"{name}/{key}" if name else str(key)

    if isinstance(value, Mapping):
        return {key: _map(item, change, path(key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and not _is_placeholder(value):
        return type(value)(_map(item, change, path(i)) for i, item in enumerate(value))
    return change(name, value)


def _is_placeholder(value: Any) -> bool:
    is_pair = isinstance(value, tuple) and len(value) == 2
    return is_pair and isinstance(value[0], str) and value[0] == PLACEHOLDER


def _is_dtensor(value: Any) -> bool:
    return hasattr(value, "full_tensor")
