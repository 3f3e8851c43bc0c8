"""The files of `d2l run`: those next to a notebook, copied into its sandbox, and what a run leaves.

Knows nothing of how it ran.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nbformat

from d2l.errors import OverwriteError
from d2l.grader.sandbox.isolation import SandboxConfig
from d2l.grader.sandbox.job import Job, Outcome
from d2l.notebook.page import notebook_page
from d2l.notebook.source import notebook_title
from d2l.notebook.versions import versions_of

PACKAGES = ("torch", "torchvision", "numpy", "matplotlib", "pandas", "ipykernel")


def targets(notebooks: Sequence[Path], out: Path) -> dict[Path, Path]:
    """Return where the results of each notebook go, without a suffix: no two to one place.

    Raises `OverwriteError` where a result would replace one of the notebooks.
    """
    chosen: dict[Path, Path] = {}
    taken: set[str] = set()
    for notebook in notebooks:
        names = (f"{notebook.stem}{f'-{n}' if n > 1 else ''}" for n in range(1, 10**6))
        name = next(name for name in names if name.casefold() not in taken)
        taken.add(name.casefold())
        chosen[notebook] = out / name
    sources = {notebook.resolve() for notebook in notebooks}
    for target in chosen.values():
        result = _with_suffix(target, ".ipynb")
        if result.resolve() in sources:
            raise OverwriteError(
                f"{result} would replace its own source: give another folder by --out"
            )
    return chosen


def write_run(
    target: Path, source: Path, job: Job, sandbox: SandboxConfig, outcome: Outcome
) -> None:
    """Write the results of one run next to each other; their names begin with `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(outcome.notebook, _with_suffix(target, ".ipynb"))
    title = notebook_title(outcome.notebook, source.stem)
    page = notebook_page(outcome.notebook, title, summary(outcome), files=source.parent)
    _with_suffix(target, ".html").write_text(page, encoding="utf-8")
    text = json.dumps(_record(source, job, sandbox, outcome), indent=1, ensure_ascii=False)
    _with_suffix(target, ".run.json").write_text(text + "\n", encoding="utf-8")


def summary(outcome: Outcome) -> str:
    """Return one line: how the run ended, and after how long."""
    if outcome.status == "ok":
        return f"ran in {outcome.seconds:.1f} s"
    return f"{outcome.status} after {outcome.seconds:.1f} s: {outcome.reason}"


def _record(source: Path, job: Job, sandbox: SandboxConfig, outcome: Outcome) -> dict[str, Any]:
    assigned = outcome.assigned_after_cell
    return {
        "notebook": str(source),
        "status": outcome.status,
        "reason": outcome.reason,
        "seconds": round(outcome.seconds, 3),
        "start_seconds": round(outcome.start_seconds, 3),
        "peak_memory": outcome.peak_memory,
        "isolation": sandbox.level.title,
        "limits": asdict(sandbox.limits),
        "set": [
            {"name": name, "value": value, "after_cell": assigned.get(name)}
            for name, value in job.set.items()
        ],
        "versions": versions_of(PACKAGES),
        "cells": [asdict(cell) for cell in outcome.cells],
    }


def _with_suffix(target: Path, suffix: str) -> Path:
    return target.with_name(target.name + suffix)  # a stem may have dots of its own


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
