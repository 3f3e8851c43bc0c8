"""One checkpoint file: plain types only, marked as written by d2l, and checked when it is read.

What it contains is up to `core/`, which collects the state of a run and restores it.
"""

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from d2l import __version__
from d2l.errors import CheckpointError
from d2l.files.atomic_write import atomic_write
from d2l.runs.serializable import to_serializable

FORMAT = "d2l checkpoint"
VERSION = 1  # raised when an older d2l would misread a new checkpoint


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a state (see `runs/serializable.py`) atomically."""
    header = {"format": FORMAT, "version": VERSION, "d2l": __version__, "torch": torch.__version__}
    content = to_serializable({**header, **state}, "the checkpoint")
    atomic_write(path, lambda file: torch.save(content, file))


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The state in a checkpoint, with its tensors on the CPU; no code in the file is executed.

    Raises `CheckpointError` if the file is missing, corrupt, not a checkpoint of d2l, or written
    by a newer version.
    """
    if not os.path.isfile(path):  # Path.is_file raises in a folder without permissions
        raise missing_checkpoint(path)
    _check_archive(path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} contains arbitrary pickled objects and was not loaded because that could "
            f"execute code: {str(error).splitlines()[0]}. It was not written by d2l"
        ) from error
    except Exception as error:
        raise _corrupt(path, error) from error
    return check_origin(path, state)


def check_origin(path: Path, state: Any) -> dict[str, Any]:
    """Raise `CheckpointError` unless `state` was written by d2l, in a format known here."""
    is_ours = isinstance(state, dict) and state.get("format") == FORMAT
    if not is_ours or not isinstance(state.get("version"), int):
        found = list(state)[:4] if isinstance(state, dict) else type(state).__name__
        raise CheckpointError(
            f"{path} is a PyTorch file, but not a checkpoint of a d2l run (it contains {found}). "
            "Load weights into a model with model.load_state_dict(torch.load(PATH))"
        )
    if state["version"] > VERSION:
        raise CheckpointError(
            f"{path} was written by d2l {state.get('d2l')}, in format {state['version']}; this is "
            f"d2l {__version__}, which reads up to format {VERSION}: pip install --upgrade d2l"
        )
    return state


def missing_checkpoint(path: Path) -> CheckpointError:
    """The error for a path that does not exist; names other checkpoints in its folder."""
    return CheckpointError(
        f"there is no checkpoint {path}{_alternatives(path)}. To resume from the trainer's own "
        'checkpoint folder: resume="last" or resume="best"'
    )


def _check_archive(path: Path) -> None:
    """Verify the checksum of every member; PyTorch's reader does not check them all."""
    try:
        with zipfile.ZipFile(path) as archive:
            bad = archive.testzip()
            # PyTorch sets no attributes. One flipped bit there turns a tensor into a directory, and
            # its reader returns uninitialized memory.
            odd = next((part.filename for part in archive.infolist() if part.external_attr), None)
    except Exception as error:  # zipfile raises half a dozen kinds
        raise _corrupt(path, error) from error
    if bad or odd:
        raise _corrupt(path, f"its member {bad or odd} was altered")


def _corrupt(path: Path, reason: object) -> CheckpointError:
    first_line = (str(reason).splitlines() or [type(reason).__name__])[0]
    return CheckpointError(
        f"{path} is not a complete checkpoint ({path.stat().st_size:,} bytes; {first_line}): "
        f"truncated, corrupt, or a different kind of file{_alternatives(path)}"
    )


def _alternatives(path: Path) -> str:
    found = sorted((p.name for p in path.parent.glob("step-*") if p != path), reverse=True)
    return f". Other checkpoints in {path.parent}: {', '.join(found[:3])}" if found else ""
