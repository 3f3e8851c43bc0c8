"""Input and output of a sandbox run as plain data: `Job` and `Outcome`."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from nbformat import NotebookNode

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
Value = np.ndarray | Plain
CellStatus = Literal["ok", "error", "timeout", "died", "not run"]
# How a run as a whole ended. All but "ok" are failures: "broken" is a sandbox that sent invalid
# messages, "start" a kernel that did not respond, "stopped" a run ended by its caller.
RunStatus = Literal[
    "ok", "error", "timeout", "died", "memory", "processes", "output", "disk", "broken", "start",
    "stopped",
]  # fmt: skip


@dataclass(frozen=True)
class Fetch:
    """A value to fetch after the last cell: that of the first expression that can be evaluated."""

    name: str
    expressions: tuple[str, ...]

    @property
    def names(self) -> set[str]:
        """The names used by the expressions."""
        trees = (ast.parse(expression.strip(), mode="eval") for expression in self.expressions)
        return {n.id for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Name)}


@dataclass(frozen=True)
class Problem:
    """Why a value could not be fetched."""

    message: str


@dataclass(frozen=True)
class Job:
    """One run: a notebook, the offset of its seeds, and the values to fetch afterwards.

    `seed_offset` is added to every seed that the notebook sets, and is the seed of a notebook that
    sets none. `set` assigns names after the cell that first assigns them (or before the first
    cell). `inputs` are hidden: after the last cell, each expression of `fetches` receives those
    that it names, as tensors. With `trusts_tags`, a cell with the tag "raises-exception" may fail.
    """

    notebook: NotebookNode
    seed_offset: int = 0
    set: Mapping[str, Plain] = field(default_factory=dict)
    fetches: tuple[Fetch, ...] = ()
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict)
    files: Path | None = None  # a folder whose files are copied next to the notebook
    keep_going: bool = True  # whether cells after one that failed still run
    may_install: bool = False
    trusts_tags: bool = True  # False for graded notebooks, whose authors set the tags


@dataclass(frozen=True)
class CellOutcome:
    """The result of one code cell; `index` counts all cells of the notebook from 0."""

    index: int
    status: CellStatus
    seconds: float = 0.0
    peak_memory: int = 0  # bytes, of the kernel
    error: str = ""  # "ZeroDivisionError: division by zero"


@dataclass(frozen=True)
class Outcome:
    """The result of a run: validated against a schema, but untrusted."""

    status: RunStatus
    reason: str  # one readable line; empty when status is "ok"
    notebook: NotebookNode  # the cells of the job's notebook, with the outputs of this run
    cells: tuple[CellOutcome, ...]  # of all code cells, in order, including those that did not run
    values: Mapping[str, Value | Problem]
    seconds: float
    start_seconds: float  # until the kernel responded; included in `seconds`
    peak_memory: int  # bytes, of all processes of the sandbox
    seed_offset: int
    # The cell after which each name of the job's `set` was assigned; None: before the first.
    assigned_after_cell: Mapping[str, int | None] = field(default_factory=dict)
