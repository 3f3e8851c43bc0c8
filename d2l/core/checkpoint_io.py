"""A run's checkpoint on disk: one file, or a folder where the model is sharded.

Binds what a run is (`core/run_state.py`) to how it is written (`runs/`, `scale/`).
"""

from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from d2l.core import run_state
from d2l.core.model_state import weights_of
from d2l.core.optimizer_state import optimizers_in
from d2l.core.run_state import RunParts
from d2l.errors import CheckpointError
from d2l.files.atomic_write import atomic_write
from d2l.runs.checkpoint_dir import newest_in
from d2l.runs.checkpoint_file import missing_checkpoint, read_checkpoint, write_checkpoint
from d2l.scale import sharded_checkpoint

if TYPE_CHECKING:
    from d2l.core.run import Run

WEIGHTS_ALONE = ".safetensors"


def suffix(run: "Run") -> str:
    """What the names of this run's checkpoints end with."""
    return sharded_checkpoint.SUFFIX if sharded_checkpoint.is_sharded(run.model) else ".pt"


def save(parts: RunParts, path: Path) -> None:
    """Write a run's state; in a run of many processes all must call this, the first one writes.

    A name in `.safetensors` gets the weights alone, one in `.dcp` each process's part of them.
    """
    if path.suffix == WEIGHTS_ALONE:
        _save_weights(parts, path)
        return
    content = run_state.collect(parts)
    if path.suffix == sharded_checkpoint.SUFFIX:
        sharded_checkpoint.save(path, content, parts.group)
        return
    if sharded_checkpoint.is_sharded(parts.model):
        content = sharded_checkpoint.full_state(content)
    parts.group.broadcast_result(lambda: write_checkpoint(path, content))


def load(run: "Run", path: Path) -> None:
    """Bring the run to the state in a checkpoint; raises `CheckpointError` with nothing changed."""
    if path.suffix == sharded_checkpoint.SUFFIX:
        found = sharded_checkpoint.load(path, _sharded_tensors(run), run.group)
    else:
        found = run.group.broadcast_result(lambda: read_checkpoint(path))
    run_state.restore(run, found, str(path))


def resolve(path: Path) -> Path:
    """The checkpoint of this name; of a folder of them the newest."""
    if path.is_dir() and path.suffix != sharded_checkpoint.SUFFIX:
        return newest_in(path)
    if not path.exists():
        raise missing_checkpoint(path)
    return path


def _save_weights(parts: RunParts, path: Path) -> None:
    try:
        from safetensors.torch import save as as_bytes
    except ModuleNotFoundError as error:
        raise CheckpointError(
            f"{path} needs the package safetensors: pip install safetensors; or write a "
            'checkpoint of PyTorch: trainer.save("run.pt")'
        ) from error
    weights = sharded_checkpoint.full_state(weights_of(parts.model))
    tensors = {
        name: t.detach().cpu().clone() for name, t in weights.items() if isinstance(t, Tensor)
    }
    parts.group.broadcast_result(
        lambda: atomic_write(path, lambda file: file.write(as_bytes(tensors)))
    )


def _sharded_tensors(run: "Run") -> dict[str, Tensor]:
    """This run's tensors by their place in its state; an optimizer's lie below its parameter's."""
    places = {f"model/weights/{name}": tensor for name, tensor in weights_of(run.model).items()}
    for i, optimizer in enumerate(optimizers_in(run.optimizer)):
        groups = getattr(optimizer, "param_groups", [])
        parameters = [parameter for group in groups for parameter in group["params"]]
        places.update({f"optimizers/{i}/state/state/{j}": p for j, p in enumerate(parameters)})
    return {place: t for place, t in places.items() if hasattr(t, "full_tensor")}
