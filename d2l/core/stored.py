"""A run's checkpoint on the disk: one file, or a folder where the model is sharded.

Binds what a run is (`core/state.py`) to how it is written (`runs/`, `scale/sharded.py`).
"""

from pathlib import Path
from typing import Any

from torch import Tensor

from d2l.core import state
from d2l.core.weights import weights_of
from d2l.errors import CheckpointError
from d2l.runs.checkpoint import read_checkpoint, write_checkpoint
from d2l.runs.files import write_whole
from d2l.runs.shelf import newest_in
from d2l.scale import sharded

WEIGHTS_ALONE = ".safetensors"


def suffix(run: Any) -> str:
    """What the names of this run's checkpoints end with."""
    return sharded.SUFFIX if sharded.is_sharded(run.model) else ".pt"


def save(run: Any, path: Path) -> None:
    """Write the run's state; in a run of many processes all must call this, the first one writes.

    A name in `.safetensors` gets the weights alone, one in `.dcp` each process's part of them.
    """
    if path.suffix == WEIGHTS_ALONE:
        _export(run, path)
        return
    content = state.capture(run)
    if path.suffix == sharded.SUFFIX:
        sharded.save(path, content, run.world)
        return
    if sharded.is_sharded(run.model):
        content = sharded.whole(content)
    run.world.from_main(lambda: write_checkpoint(path, content))


def load(run: Any, path: Path) -> None:
    """Bring the run to the state in a checkpoint; raises `CheckpointError` with nothing changed."""
    if path.suffix == sharded.SUFFIX:
        found = sharded.load(path, _sharded_tensors(run), run.world)
    else:
        found = run.world.from_main(lambda: read_checkpoint(path))
    state.apply(run, found, str(path))


def existing(path: Path) -> Path:
    """The checkpoint that a reader named; of a folder of them the newest."""
    if path.is_dir() and path.suffix != sharded.SUFFIX:
        return newest_in(path)
    if not path.exists():
        raise CheckpointError(f"there is no checkpoint {path}")
    return path


def _export(run: Any, path: Path) -> None:
    try:
        from safetensors.torch import save as as_bytes
    except ModuleNotFoundError as error:
        raise CheckpointError(
            f"{path} needs the package safetensors: pip install safetensors; or write a "
            'checkpoint of PyTorch: trainer.save("run.pt")'
        ) from error
    weights = sharded.whole(weights_of(run.model))
    tensors = {
        name: t.detach().cpu().clone() for name, t in weights.items() if isinstance(t, Tensor)
    }
    run.world.from_main(lambda: write_whole(path, lambda file: file.write(as_bytes(tensors))))


def _sharded_tensors(run: Any) -> dict[str, Tensor]:
    """This run's tensors by their place in its state; an optimizer's lie below its parameter's."""
    places = {f"model/weights/{name}": tensor for name, tensor in weights_of(run.model).items()}
    groups = getattr(run.optim, "param_groups", [])
    parameters = [parameter for group in groups for parameter in group["params"]]
    places.update({f"optimizer/state/state/{i}": p for i, p in enumerate(parameters)})
    return {place: t for place, t in places.items() if hasattr(t, "full_tensor")}
