"""The outputs that a submission was handed in with, against those that its code produces.

Outputs that were never stored are fine: what counts is that none is there that the code does not
make.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from nbformat import NotebookNode

from d2l.grader.compare.compare_values import compare_items, read_cell
from d2l.grader.compare.notebook_runs import NotebookRuns
from d2l.grader.compare.outputs import Curves, Output, Picture
from d2l.grader.compare.report import Finding

_NOT_PRODUCED = "stored output is not what the code produces"


def stale_outputs(stored: NotebookNode, fresh: NotebookRuns) -> tuple[Finding, ...]:
    """Return a finding for each stored output that no fresh run produces.

    `stored` has the same cells as the fresh runs. Random values need only be of the kind that the
    fresh runs give.
    """
    return tuple(
        finding
        for index in fresh.words
        for finding in _stale_in(index, read_cell(stored.cells[index].outputs), fresh)
    )


def _stale_in(index: int, stored: Sequence[Output], fresh: NotebookRuns) -> Iterator[Finding]:
    produced, failure = fresh.shown([index]), fresh.failure([index])
    for finding in _unlike(stored, produced) if stored else ():
        reason = failure.how if failure else finding.hint
        message = f"{_NOT_PRODUCED}: {reason}"
        verdict = "failed" if failure else finding.verdict
        yield replace(
            finding, verdict=verdict, message=message, hint=message, submission_cell=index
        )


def _unlike(stored: Sequence[Output], produced: Sequence[Sequence[Output]]) -> list[Finding]:
    """What is stored otherwise than it was produced, and what was never produced.

    The hint is the part of a finding that does not call the fresh run a reference.
    """
    if not any(isinstance(item, Curves) for item in stored):  # a Jupyter like any other stored it
        produced = [[_without_points(item) for item in items] for items in produced]
    otherwise = [f for f in compare_items(produced, [stored]) if f.verdict == "differs"]
    never = [f for f in compare_items([stored], produced) if f.verdict == "missing"]
    return [*otherwise, *(replace(finding, hint="the cell does not show it") for finding in never)]


def _without_points(item: Output) -> Output:
    return Picture(0, 0) if isinstance(item, Curves) else item
