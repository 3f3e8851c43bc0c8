"""What a run leaves on the disk: the executed notebook, its page, and `NAME.run.json`.

Knows nothing of how it ran.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
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
    page = notebook_page(outcome.notebook, title, summary(outcome))
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
