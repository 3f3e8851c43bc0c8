"""The files next to a notebook, gathered to be copied into its sandbox, if not too many.

Knows nothing of what a notebook reads: it gets all of them or none.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MAX_FILES = 2_000
MAX_BYTES = 256 * 2**20
# Folders that are not part of a homework, like those whose names begin with a dot.
_PASSED_OVER = frozenset({"__pycache__", "node_modules", "site-packages"})


@dataclass(frozen=True)
class SiblingFiles:
    """A folder with copies of the files, None where there are none; `problem` says why not."""

    folder: Path | None
    problem: str = ""


@contextmanager
def sibling_files(notebook: Path, out: Path) -> Iterator[SiblingFiles]:
    """Gather the files next to `notebook`, without hidden ones, without environments and `out`.

    Links are not followed. More than 2,000 files, or 256 MB of them, are left where they are.
    """
    folder = notebook.resolve().parent
    found = _files(folder, out.resolve())
    if found is None:
        yield SiblingFiles(
            None,
            f"more than {MAX_FILES:,} files or {MAX_BYTES // 2**20} MB are next to {notebook}: it "
            "runs without them; put it into a folder of its own, with the files that it needs",
        )
        return
    with tempfile.TemporaryDirectory(prefix="d2l-inputs-") as private:
        for path in found:
            target = Path(private, path.relative_to(folder))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        yield SiblingFiles(Path(private) if found else None)


def _files(folder: Path, out: Path) -> list[Path] | None:
    """The files in `folder` and the folders in it, or None for too many."""
    found: list[Path] = []
    num_bytes = 0
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if _is_part(Path(here, name), out)]
        paths = (Path(here, name) for name in names if not name.startswith("."))
        for path in paths:
            if path.is_symlink() or not path.is_file():
                continue
            found.append(path)
            num_bytes += path.stat().st_size
            if len(found) > MAX_FILES or num_bytes > MAX_BYTES:
                return None
    return found


def _is_part(folder: Path, out: Path) -> bool:
    is_own = not folder.name.startswith(".") and folder.name not in _PASSED_OVER
    is_environment = (folder / "pyvenv.cfg").exists()
    return is_own and not is_environment and not folder.is_symlink() and folder != out
