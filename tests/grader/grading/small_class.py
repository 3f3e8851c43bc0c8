"""A small course on disk, and a runner of its notebooks in this process: for our own code alone."""

import copy
import io
from functools import partial

import nbformat
import numpy as np

from d2l.grader.sandbox.isolation import Level, Limits, SandboxConfig
from d2l.grader.sandbox.job import CellOutcome, Outcome, Problem
from d2l.notebook.execute import announces_failure

REFERENCE = """# %% [markdown]
# # Homework
# %%
import numpy as np
# %% [markdown]
# ## Sums
# %%
x = [1, 2, 3]
print(sum(x))
# %%
print(max(x))
# %% [markdown]
# ## Squares
# %%
def square(a):
    return a * a
# %%
print(square(12))
"""
RUBRIC = """
title = "Homework 1"
reference = "reference.py"
checks = "checks.py"
seed = 5
[[section]]
heading = "Sums"
points = 10
[[section]]
heading = "Squares"
points = 4
[[check]]
name = "squares of hidden numbers"
section = "Squares"
points = 6
function = "check_square"
[check.fetch]
result = ["square(hidden)", "Square(hidden)"]
"""
CHECKS = """
import numpy as np

def inputs(rng):
    return {"hidden": rng.normal(size=5)}

def check_square(result, hidden):
    assert np.allclose(result, hidden**2), "these are not the squares"
"""
WITHOUT_CHECKS = RUBRIC[: RUBRIC.index("[[check]]")]


def make_box():
    """A sandbox for `run_here`, which isolates nothing, with a cancellation token of its own."""
    return SandboxConfig(Level.NONE, Limits())


def make_course(folder, rubric=RUBRIC, checks=CHECKS, reference=REFERENCE):
    """Write the three files of a course; return the rubric's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reference.py").write_text(reference)
    (folder / "checks.py").write_text(checks)
    (folder / "rubric.toml").write_text(rubric)
    return folder / "rubric.toml"


def make_class(folder, **changes):
    """Write a submission for each name: the reference with one text replaced by another."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (old, new) in changes.items():
        assert not old or old in REFERENCE
        (folder / f"{name}.py").write_text(REFERENCE.replace(old, new) if old else REFERENCE)
    return folder


def run_here(job, sandbox):
    """Run the job's cells in this very process; a cell `END died` has the run end like that."""
    assert sandbox is not None
    notebook = copy.deepcopy(job.notebook)
    printed = io.StringIO()
    names = {"seed_offset": job.seed_offset, "print": partial(print, file=printed)}
    cells, status, reason = [], "ok", ""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        cell.outputs = []
        if status not in ("ok", "error"):
            cells.append(CellOutcome(index, "not run"))
            continue
        if cell.source.startswith("END "):
            status, reason = cell.source.split()[1], "it ended early"
            cells.append(CellOutcome(index, "died"))
            continue
        error = _executed(cell.source, names)
        if announces_failure(cell.metadata, trusted=job.trusts_tags):
            error = ""
        text = printed.getvalue()
        printed.seek(0)
        printed.truncate()
        cell.outputs = [nbformat.v4.new_output("stream", text=text)] if text else []
        if error:
            status, reason = "error", f"code cell {index}: {error}"
        cells.append(CellOutcome(index, "error" if error else "ok", 0.01, 2**20, error))
    known = status in ("ok", "error")
    values = {
        f.name: _fetched(f, names | job.inputs) if known else Problem("none") for f in job.fetches
    }
    return Outcome(
        status, reason, notebook, tuple(cells), values, 0.5, 0.1, 2**25, job.seed_offset
    )  # fmt: skip


def _executed(source, names):
    try:
        exec(source, names)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _fetched(fetch, names):
    for expression in fetch.expressions:
        try:
            value = eval(expression, dict(names))
        except Exception as error:
            problem = Problem(f"{expression}: {type(error).__name__}: {error}")
        else:
            return np.asarray(value) if isinstance(value, np.ndarray) else value
    return problem
