"""Holds what a cell of a submission shows against what the reference's cell shows.

What differs between the reference's own runs is random, and compared as such; the rest exactly.
Knows nothing of cells and sections, and runs nothing.
"""

from collections.abc import Sequence

import numpy as np

from d2l.grader.compare.compare_repeats import repeats_difference
from d2l.grader.compare.difference import Difference
from d2l.grader.compare.outputs import Output
from d2l.grader.compare.pairing import pair
from d2l.grader.compare.read_outputs import MOST_ITEMS, read_cell
from d2l.grader.compare.report import Finding

__all__ = ["Output", "compare_items", "read_cell"]


@np.errstate(all="ignore")  # what is shown may hold nan, inf and numbers near the largest
def compare_items(
    expected: Sequence[Sequence[Output]], found: Sequence[Sequence[Output]]
) -> list[Finding]:
    """Return one finding for each item that the reference's runs have in common, in order.

    `expected` has the items of each run of the reference, `found` those of each run of the
    submission; more of them are tolerated. A finding's `message` names the reference's values, its
    `hint` does not.
    """
    ours, theirs = _in_all_runs(expected), _in_all_runs(found)
    firsts = [runs[0] for runs in theirs]
    places = pair([runs[0] for runs in ours], firsts)
    return [
        _finding(runs, None if place is None else theirs[place], bool(theirs))
        for runs, place in zip(ours, places, strict=True)
    ]


def _in_all_runs(runs: Sequence[Sequence[Output]]) -> list[list[Output]]:
    """The items of the first run that the others have too, each with its likes."""
    first, *others = [run[:MOST_ITEMS] for run in runs] or [[]]
    groups = [[item] for item in first]
    for other in others:
        for group, place in zip(groups, pair(first, other), strict=True):
            if place is not None:
                group.append(other[place])
    return [group for group in groups if len(group) == len(runs)]


def _finding(expected: list[Output], found: list[Output] | None, shows_anything: bool) -> Finding:
    what = expected[0].what
    if found is None:
        if _is_remark(expected[0]) and shows_anything:
            return Finding("match", what)
        return Finding("missing", what, f"missing: {what}", hint=f"missing: {what}")
    problem: Difference | None = repeats_difference(expected, found)
    if problem is None:
        return Finding("match", what)
    return Finding("differs", what, problem.message, hint=problem.hint)


def _is_remark(item: Output) -> bool:
    return isinstance(item, Text) and not item.is_value
