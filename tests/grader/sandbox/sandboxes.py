"""Notebooks made of a few sources, run in real sandboxes at the best level of this machine."""

from functools import cache

import nbformat
import pytest
from guards import why_not

from d2l.grader.sandbox.isolation import Level, Limits, SandboxConfig
from d2l.grader.sandbox.job import Job
from d2l.grader.sandbox.sandbox_run import run_in_sandbox


@cache
def strongest():
    for level in (Level.BUBBLEWRAP, Level.NONE):
        if not why_not(level):
            return level
    return None


def notebook_of(*sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A title"), *cells])


def box_of(**limits):
    if strongest() is None:
        pytest.skip(f"no sandbox at all: {why_not(Level.NONE)}")
    return SandboxConfig(strongest(), Limits(**({"seconds": 100, "wall_seconds": 100} | limits)))


def run(*sources, on_cell=lambda cell: None, limits=None, **job):
    """What became of a notebook of `sources`, or of `notebook`; cells count from 1."""
    job.setdefault("notebook", notebook_of(*sources))
    outcome = run_in_sandbox(Job(**job), box_of(**(limits or {})), on_cell)
    nbformat.validate(outcome.notebook)
    return outcome


def statuses(outcome):
    return [cell.status for cell in outcome.cells]


def printed(outcome, index, name="stdout"):
    outputs = outcome.notebook.cells[index].outputs
    return "".join(out.text for out in outputs if out.get("name") == name)
