"""Checkpoint files, and the directory that keeps the last and the best."""

import json
import os
import pickle
import re
import shutil
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from d2l import __version__
from d2l.errors import CheckpointError, CheckpointUnavailableError
from d2l.files.atomic_write import PART, atomic_write, is_stale_temporary, rename, temporary_name
from d2l.runs.serializable import to_serializable

FORMAT = "d2l checkpoint"
VERSION = 1  # raised when an older d2l would misread a new checkpoint


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a state (see `runs/serializable.py`) atomically."""
    header = {"format": FORMAT, "version": VERSION, "d2l": __version__, "torch": torch.__version__}
    content = to_serializable({**header, **state}, "the checkpoint")
    atomic_write(path, lambda file: torch.save(content, file))


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return the state in a checkpoint, with tensors on the CPU; no code in the file is executed.

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
    """Raise `CheckpointError` unless `state` was written by d2l, in a supported format."""
    is_ours = isinstance(state, dict) and state.get("format") == FORMAT
    if not is_ours or not isinstance(state.get("version"), int):
        found = list(state)[:4] if isinstance(state, dict) else type(state).__name__
        raise CheckpointError(
            f"{path} is a PyTorch file, but not a checkpoint of a d2l run (it contains {found}). "
            "Load weights into a model with model.load_state_dict(torch.load(PATH))"
        )
    if state["version"] > VERSION:
        raise CheckpointError(
            f"{path} has format {state['version']}, written by d2l {state.get('d2l')}; this "
            f"d2l {__version__} reads formats up to {VERSION}. Run pip install --upgrade d2l"
        )
    return state


def missing_checkpoint(path: Path) -> CheckpointError:
    """Return the error for a path that does not exist; lists other checkpoints in its folder."""
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
    except Exception as error:  # zipfile raises several types of errors
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


BEST = "best.json"
_ARCHIVE = re.compile(r"earlier-(\d+)")
_CHECKPOINT = re.compile(r"step-(\d+)\.(pt|dcp)")


class CheckpointDir:
    """The checkpoints of one run in `folder`; the last `keep` of them and the best are kept.

    A removal or a write of `best.json` that fails temporarily is reported once as a warning and
    retried by the next `prune()`.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder, self.keep = folder, keep
        self._unrecorded_best: dict[str, Any] | None = None
        self._has_warned_of: set[str] = set()

    def prepare(self) -> None:
        """Create the folder, check that it is writable, and remove stale temporary files."""
        probe = self.folder / ".writable"
        atomic_write(probe, lambda file: file.write(b"d2l"))
        self._remove([probe, *self._leftovers()])

    def archive_other_run(self, resumed_from: Path | None = None) -> str | None:
        """Move the checkpoints of an earlier run to a new folder `earlier-N`; return its name.

        Checkpoints up to `resumed_from` are not moved.
        """
        found = checkpoints = self._checkpoints()
        if resumed_from is not None and self.contains(resumed_from):
            found = [path for path in found if _num_steps(path) > _num_steps(resumed_from)]
        if not found:
            return None
        numbers = [_ARCHIVE.fullmatch(path.name) for path in self.folder.iterdir()]
        number = 1 + max((int(match[1]) for match in numbers if match), default=0)
        archive, best = self.folder / f"earlier-{number}", self.folder / BEST
        if best.exists() and (found == checkpoints or self.best() in found):
            found = [*found, best]
        archive.mkdir()
        for path in found:
            rename(path, archive / path.name)
        return archive.name

    def path(self, num_steps: int, suffix: str = ".pt") -> Path:
        """Return the path of the checkpoint after `num_steps` steps."""
        return self.folder / f"step-{num_steps:08d}{suffix}"

    def contains(self, path: Path) -> bool:
        """Whether `path`, relative or absolute, is the path of a checkpoint in this folder."""
        is_here = path.resolve().parent == self.folder.resolve()
        return is_here and _CHECKPOINT.fullmatch(path.name) is not None

    def newest(self) -> Path | None:
        """Return the checkpoint with the most steps; None if there is none."""
        return max(self._checkpoints(), key=_num_steps, default=None)

    def best(self) -> Path | None:
        """Return the checkpoint with the best monitored value; None if there is none."""
        name = self._unrecorded_best["file"] if self._unrecorded_best else self._recorded_best()
        return self.folder / name if name and (self.folder / name).exists() else None

    def record_best(self, path: Path, monitor: str, value: float) -> None:
        """Record in `best.json` which checkpoint is the best."""
        self._unrecorded_best = {"file": path.name, "monitor": monitor, "value": value}
        self._write_best()

    def prune(self) -> None:
        """Remove all but the last `keep` checkpoints and the best."""
        self._write_best()
        try:
            kept = {self.best(), self.folder / (self._recorded_best() or BEST)}
            outdated = sorted(self._checkpoints(), key=_num_steps)[: -self.keep]
            removable = [path for path in (*outdated, *self._leftovers()) if path not in kept]
        except OSError as error:  # without knowing the best, none is removed
            self._warn_once("list", f"old checkpoints could not be removed: {error}")
        else:
            self._remove(removable)

    def _checkpoints(self) -> list[Path]:
        found = self.folder.iterdir() if self.folder.is_dir() else ()
        return [path for path in found if _CHECKPOINT.fullmatch(path.name)]

    def _leftovers(self) -> list[Path]:
        return [path for path in self.folder.iterdir() if is_stale_temporary(path)]

    def _recorded_best(self) -> str | None:
        try:
            recorded = json.loads((self.folder / BEST).read_text("utf-8"))
            return (self.folder / recorded["file"]).name
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"{self.folder / BEST} cannot be read ({error}). Pass the path of the checkpoint: "
                "trainer.fit(model, data, resume=PATH)"
            ) from error

    def _write_best(self) -> None:
        if self._unrecorded_best is None:
            return
        text = json.dumps(self._unrecorded_best, indent=1)
        try:
            atomic_write(self.folder / BEST, lambda file: file.write(text.encode()))
        except CheckpointUnavailableError as error:
            self._warn_once(BEST, str(error))
        else:
            self._unrecorded_best = None

    def _remove(self, paths: Iterable[Path]) -> None:
        for path in paths:
            try:
                _delete(path)
            except OSError as error:
                self._warn_once("remove", f"{path} could not be removed ({error})")

    def _warn_once(self, what: str, message: str) -> None:
        if what not in self._has_warned_of:
            self._has_warned_of.add(what)
            hint = "Training continues; this is retried after the next checkpoint"
            warnings.warn(f"{message}. {hint}", RuntimeWarning, stacklevel=4)


def replace_folder(temporary: Path, path: Path) -> None:
    """Rename a complete folder to `path`, replacing an existing one; errors as `atomic_write`."""
    old = temporary_name(path.with_name(f"old-{path.name}"))
    if path.exists():
        rename(path, old)
    rename(temporary, path)
    shutil.rmtree(old, ignore_errors=True)


def newest_in(folder: Path) -> Path:
    """Return the newest checkpoint in a folder; raise `CheckpointError` if there is none."""
    newest = CheckpointDir(folder, keep=1).newest()
    if newest is None:
        raise CheckpointError(f"there is no checkpoint in the folder {folder}")
    return newest


def _delete(path: Path) -> None:
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    temporary = path if path.name.endswith(PART) else temporary_name(path)
    if temporary != path:
        os.replace(path, temporary)  # a checkpoint folder must never be partially removed
    shutil.rmtree(temporary)


def _num_steps(path: Path) -> int:
    return int(path.stem.removeprefix("step-"))
