"""Runs of the reference: made once, validated against the rubric, and stored for `--resume`.

A reference that fails, or that does not pass the rubric's own checks, raises `RubricError` before
any submission is run.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from d2l.files.atomic_write import replace_file
from d2l.grader.compare.compare import compare, needs_more_runs
from d2l.grader.compare.match_sections import sections_of
from d2l.grader.compare.tolerance import FIRST_REFERENCE_RUNS
from d2l.grader.grading.hidden_checks import HiddenChecks
from d2l.grader.grading.result import by_heading, rubric_headings_of
from d2l.grader.grading.rubric import Rubric, RubricError, require_headings
from d2l.grader.grading.worker_pool import Done, run_tasks
from d2l.grader.sandbox.isolation import SandboxConfig
from d2l.grader.sandbox.job import CellOutcome, Job, Outcome
from d2l.notebook.source import read_notebook

Run = Callable[[Job, SandboxConfig], Outcome]
_KEPT = Path("journal", "reference.json")


@dataclass(frozen=True)
class Reference:
    """What submissions are compared with.

    `rubric_headings` has an entry for each section with code, as returned by `rubric_headings_of`;
    `expected` is the number of findings for each heading.
    """

    outcomes: tuple[Outcome, ...]
    rubric_headings: tuple[str, ...]
    expected: Mapping[str, int]


def read_reference(rubric: Rubric) -> NotebookNode:
    """Return the reference's notebook; raise `RubricError` if it lacks a heading of the rubric."""
    notebook = read_notebook(rubric.reference)
    require_headings(rubric, [section.heading for section in sections_of(notebook)])
    return notebook


def stored_reference(rubric: Rubric, out: Path, stamp: Mapping[str, str]) -> Reference | None:
    """Return the reference runs of an earlier grading in `out`, if no input has changed since."""
    try:
        kept = json.loads((out / _KEPT).read_bytes())
        if kept["stamp"] != _hash(stamp):
            return None
        return _validated(rubric, [_outcome(plain) for plain in kept["outcomes"]])
    except (OSError, ValueError, LookupError, TypeError):
        return None  # missing or written by another version: run the reference again


@dataclass(frozen=True)
class ReferenceRunner:
    """Runs a reference with the seeds of its rubric and validates the result."""

    rubric: Rubric
    checks: HiddenChecks
    sandbox: SandboxConfig
    run_job: Run
    jobs: int

    def run(self, on_run: Callable[[], None]) -> Reference:
        """Run the reference with the rubric's seeds and return it if it earns full points.

        Raises `RubricError` if a run or a check fails, or if a section has no output to compare.
        """
        notebook = read_reference(self.rubric)
        outcomes: dict[int, Outcome] = {}

        def keep(done: Done[int, Outcome]) -> None:
            outcomes[done.task] = _required(self.rubric, done)
            on_run()

        def run(seeds: Sequence[int]) -> list[Outcome]:
            run_tasks(
                seeds,
                lambda seed_offset: self._run_one(notebook, seed_offset),
                self.jobs,
                on_start=lambda seed_offset: None,
                on_done=keep,
                stop=self.sandbox.cancellation.cancel,
            )
            return [outcomes[seed_offset] for seed_offset in seeds]

        first = FIRST_REFERENCE_RUNS if self.rubric.auto_seeds else len(self.rubric.seeds)
        in_order = run(self.rubric.seeds[:first])
        if self.rubric.auto_seeds and needs_more_runs(in_order):
            in_order += run(self.rubric.seeds[first:])
        reference = _validated(self.rubric, in_order)
        self._require_passed(in_order)
        return reference

    def _run_one(self, notebook: NotebookNode, seed_offset: int) -> Outcome:
        job = Job(
            notebook,
            seed_offset,
            fetches=self.checks.fetches,
            inputs=self.checks.visible_inputs(seed_offset),
            files=self.rubric.files,
        )
        return self.run_job(job, self.sandbox)

    def _require_passed(self, outcomes: Sequence[Outcome]) -> None:
        for check in self.checks.judge(outcomes):
            if check.status != "passed":
                raise RubricError(
                    f"{self.rubric.path}, [[check]] {check.name!r}: the reference does not pass it "
                    f"({check.points:g} of {check.out_of:g} points): {check.message}"
                )


def store_reference(reference: Reference, out: Path, stamp: Mapping[str, str]) -> None:
    """Store the reference's runs for `stored_reference`."""
    outcomes = [asdict(outcome) | {"values": {}} for outcome in reference.outcomes]
    kept = {"stamp": _hash(stamp), "outcomes": outcomes}
    replace_file(out / _KEPT, json.dumps(kept).encode())


def _required(rubric: Rubric, done: Done[int, Outcome]) -> Outcome:
    outcome = done.result
    if outcome is None:
        assert done.error is not None
        raise done.error
    if outcome.status == "ok":
        return outcome
    failed = next((cell for cell in outcome.cells if cell.status != "ok"), None)
    where = f", in cell {failed.index + 1}: {failed.error}" if failed else ""
    raise RubricError(
        f"the reference {rubric.reference} failed (seed_offset={outcome.seed_offset}): "
        f"{outcome.reason}{where}"
    )


def _validated(rubric: Rubric, outcomes: Sequence[Outcome]) -> Reference:
    rubric_headings = rubric_headings_of(rubric, sections_of(outcomes[0].notebook))
    itself = compare(outcomes, outcomes, rules=rubric.compare_rules)
    found = by_heading(rubric_headings, itself)
    expected = {heading: len(section.findings) for heading, section in found.items()}
    for rule in rubric.sections:
        if rule.points and not rule.manual and not expected.get(rule.heading):
            raise RubricError(
                f"{rubric.path}, [[section]] {rule.heading!r}: {rubric.reference.name} has no "
                "output to compare in this section. Display a result in one of its cells, or give "
                "the points to a [[check]]."
            )
    return Reference(tuple(outcomes), rubric_headings, expected)


def _outcome(plain: Mapping[str, Any]) -> Outcome:
    cells = tuple(CellOutcome(**cell) for cell in plain["cells"])
    notebook = nbformat.from_dict(plain["notebook"])
    return Outcome(**{**plain, "cells": cells, "notebook": notebook})


def _hash(stamp: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(stamp, sort_keys=True).encode()).hexdigest()
