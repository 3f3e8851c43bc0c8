"""A folder of checkpoints: the last few of a run, and the best; older ones go.

Names carry the number of steps done: `step-00000705.pt`, or a folder `step-00000705.dcp` of a
sharded model. `best.json` says which one is the best.
"""

import json
import os
import re
import shutil
from pathlib import Path

from d2l.errors import CheckpointError
from d2l.runs.files import PART, is_left_behind, write_whole

_EARLIER = re.compile(r"earlier-(\d+)")
_NAME = re.compile(r"step-(\d+)\.(pt|dcp)")


class Shelf:
    """The checkpoints of one run in `folder`; the last `keep` of them and the best stay."""

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder, self.keep = folder, keep

    def prepare(self) -> None:
        """Make the folder, try to write to it, and clear what a killed writer left."""
        write_whole(self.folder / ".writable", lambda file: file.write(b"d2l"))
        (self.folder / ".writable").unlink()
        for path in self.folder.iterdir():
            if is_left_behind(path):
                _remove(path)

    def make_way(self, going_on_from: Path | None = None) -> str | None:
        """Move the checkpoints of an earlier run into a folder `earlier-1`; returns its name.

        Of the run that goes on from one of them only those move that were written after that one.
        """
        found = self._checkpoints()
        if going_on_from is not None and self.holds(going_on_from):
            found = [path for path in found if _num_steps(path) > _num_steps(going_on_from)]
        return self._move_aside(found) if found else None

    def path(self, num_steps: int, suffix: str = ".pt") -> Path:
        """Where the checkpoint after so many steps goes."""
        return self.folder / f"step-{num_steps:08d}{suffix}"

    def holds(self, path: Path) -> bool:
        """Whether this is one of the checkpoints here, by whatever name of the folder."""
        return path.resolve().parent == self.folder.resolve() and bool(_NAME.fullmatch(path.name))

    def newest(self) -> Path | None:
        """The checkpoint with the most steps."""
        return max(self._checkpoints(), key=_num_steps, default=None)

    def best(self) -> Path | None:
        """The checkpoint with the best monitored value."""
        try:
            noted = json.loads((self.folder / "best.json").read_text("utf-8"))
            found = self.folder / noted["file"]
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"{self.folder / 'best.json'} cannot be read ({error}); name the checkpoint "
                "itself: trainer.fit(model, data, resume=PATH)"
            ) from error
        return found if found.exists() else None

    def note_best(self, path: Path, monitor: str, value: float) -> None:
        """Remember which checkpoint is the best."""
        text = json.dumps({"file": path.name, "monitor": monitor, "value": value}, indent=1)
        write_whole(self.folder / "best.json", lambda file: file.write(text.encode()))

    def prune(self) -> None:
        """Remove all but the last `keep` checkpoints and the best."""
        best = self.best()
        for path in sorted(self._checkpoints(), key=_num_steps)[: -self.keep]:
            if path != best:
                _remove(path)

    def _checkpoints(self) -> list[Path]:
        found = self.folder.iterdir() if self.folder.is_dir() else ()
        return [path for path in found if _NAME.fullmatch(path.name)]

    def _move_aside(self, checkpoints: list[Path]) -> str:
        earlier = [_EARLIER.fullmatch(path.name) for path in self.folder.iterdir()]
        number = 1 + max((int(found[1]) for found in earlier if found), default=0)
        aside, note = self.folder / f"earlier-{number}", self.folder / "best.json"
        is_whole_run = len(checkpoints) == len(self._checkpoints())
        note_moves = note.exists() and (is_whole_run or self.best() in checkpoints)
        aside.mkdir()
        for path in (*checkpoints, note) if note_moves else checkpoints:
            os.replace(path, aside / path.name)
        return aside.name


def replace_folder(temporary: Path, path: Path) -> None:
    """Give a folder that was filled under another name its own; one that was there goes."""
    if path.exists():
        _remove(path)
    os.replace(temporary, path)


def newest_in(folder: Path) -> Path:
    """The newest checkpoint in a folder; an error if there is none."""
    found = Shelf(folder, keep=1).newest()
    if found is None:
        raise CheckpointError(f"there is no checkpoint in the folder {folder}")
    return found


def _remove(path: Path) -> None:
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    doomed = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    os.replace(path, doomed)  # a folder must not be seen half removed
    shutil.rmtree(doomed)


def _num_steps(path: Path) -> int:
    found = _NAME.fullmatch(path.name)
    assert found is not None
    return int(found[1])
