"""One checkpoint: a file of plain types that says what it is, and is read with care.

Knows nothing of what it holds; `core/state.py` collects that and puts it back.
"""

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from d2l import __version__
from d2l.errors import CheckpointError
from d2l.runs.files import write_whole
from d2l.runs.plain import plain

FORMAT = "d2l checkpoint"
VERSION = 1  # raised when an older d2l could not read a new checkpoint rightly


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a state of plain types (see `runs/plain.py`) whole, or not at all."""
    marked = {"format": FORMAT, "version": VERSION, "d2l": __version__, "torch": torch.__version__}
    content = plain({**marked, **state}, "the checkpoint")
    write_whole(path, lambda file: torch.save(content, file))


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The state in a checkpoint, with its tensors on the CPU.

    Raises `CheckpointError` if the file is missing, damaged, no checkpoint of d2l, or of a newer
    version. Nothing in the file is executed.
    """
    if not os.path.isfile(path):  # Path.is_file raises in a folder without rights
        raise CheckpointError(f"there is no checkpoint {path}{_neighbours(path)}")
    _check_archive(path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} holds more than plain data and was not read, since that could run its code: "
            f"{str(error).splitlines()[0]}. It was not written by d2l"
        ) from error
    except Exception as error:
        raise CheckpointError(_damaged(path, error)) from error
    return check_origin(path, state)


def check_origin(path: Path, state: Any) -> dict[str, Any]:
    """Raise unless this is the content of a checkpoint of d2l that this version can read."""
    is_ours = isinstance(state, dict) and state.get("format") == FORMAT
    if not is_ours or not isinstance(state.get("version"), int):
        found = list(state)[:4] if isinstance(state, dict) else type(state).__name__
        raise CheckpointError(
            f"{path} is a file of PyTorch, but no checkpoint of a run of d2l (it holds {found}). "
            "Weights alone go into a model: model.load_state_dict(torch.load(PATH))"
        )
    if state["version"] > VERSION:
        raise CheckpointError(
            f"{path} was written by d2l {state.get('d2l')}, in format {state['version']}; this is "
            f"d2l {__version__}, which reads up to format {VERSION}: pip install --upgrade d2l"
        )
    return state


def _check_archive(path: Path) -> None:
    """Compare every part with its checksum; PyTorch's reader does not look at them all."""
    try:
        with zipfile.ZipFile(path) as archive:
            bad = archive.testzip()
            # PyTorch sets no attributes. One wrong bit there makes a tensor a folder, and its
            # reader hands out whatever is in memory.
            odd = next((part.filename for part in archive.infolist() if part.external_attr), None)
    except Exception as error:  # the reader of archives raises half a dozen kinds
        raise CheckpointError(_damaged(path, error)) from error
    if bad or odd:
        raise CheckpointError(_damaged(path, f"its part {bad or odd} is not as it was written"))


def _damaged(path: Path, reason: object) -> str:
    words = str(reason).splitlines() or [type(reason).__name__]
    return (
        f"{path} is no whole checkpoint ({path.stat().st_size:,} bytes; {words[0]}): cut short, "
        f"damaged, or another kind of file{_neighbours(path)}"
    )


def _neighbours(path: Path) -> str:
    """The other checkpoints in the folder, newest first, as a hint."""
    found = sorted((p.name for p in path.parent.glob("step-*") if p != path), reverse=True)
    return f". In {path.parent} there are also: {', '.join(found[:3])}" if found else ""
