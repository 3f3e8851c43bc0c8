"""What goes into a sandbox and what comes out of it, as plain data."""

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
# How a run as a whole ended. All but "ok" are failures: "broken" is a sandbox that sent nonsense,
# "start" a kernel that did not answer, "stopped" a run that its caller ended.
RunStatus = Literal[
    "ok", "error", "timeout", "died", "memory", "processes", "output", "disk", "broken", "start",
    "stopped",
]  # fmt: skip


@dataclass(frozen=True)
class Fetch:
    """A value wanted from the notebook's names at the end: the first expression that works."""

    name: str
    expressions: tuple[str, ...]

    @property
    def names(self) -> set[str]:
        """The names that its expressions use."""
        trees = (ast.parse(expression.strip(), mode="eval") for expression in self.expressions)
        return {n.id for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Name)}


@dataclass(frozen=True)
class Problem:
    """Why a value could not be fetched."""

    message: str


@dataclass(frozen=True)
class Job:
    """One run: a notebook, how its random numbers begin, and what is wanted of it afterwards.

    Every seed that the notebook sets is moved by `seed_offset`; a notebook that sets none begins
    with that. `set` assigns names after the cell that first assigns them (or at the start).
    `inputs` are hidden: after the last cell, those that an expression of `fetches` names are
    handed over for this expression, as tensors. With `trusts_tags` a cell may fail whose metadata
    announce it (the tag "raises-exception").
    """

    notebook: NotebookNode
    seed_offset: int = 0
    set: Mapping[str, Plain] = field(default_factory=dict)
    fetches: tuple[Fetch, ...] = ()
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict)
    files: Path | None = None  # a folder whose files lie next to the notebook
    keep_going: bool = True  # whether cells after one that failed still run
    may_install: bool = False
    trusts_tags: bool = True  # False for work that is graded: its author sets the tags


@dataclass(frozen=True)
class CellOutcome:
    """What became of one code cell; `index` counts all cells of the notebook from 0."""

    index: int
    status: CellStatus
    seconds: float = 0.0
    peak_memory: int = 0  # bytes, of the kernel
    error: str = ""  # "ZeroDivisionError: division by zero"


@dataclass(frozen=True)
class Outcome:
    """What became of a run: checked against a schema, and untrusted."""

    status: RunStatus
    reason: str  # one readable line; empty when status is "ok"
    notebook: NotebookNode  # the cells that were handed in, with the outputs of this run
    cells: tuple[CellOutcome, ...]  # of all code cells, in order, those that did not run included
    values: Mapping[str, Value | Problem]
    seconds: float
    start_seconds: float  # until the kernel answered, part of `seconds`
    peak_memory: int  # bytes, of all processes of the sandbox
    seed_offset: int
    # After which cell each name of the job's `set` was assigned; None: before the first.
    assigned_after_cell: Mapping[str, int | None] = field(default_factory=dict)
