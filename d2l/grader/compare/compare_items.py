"""Compare the items shown by cells of a submission with those of the reference.

Items that differ between the reference's own runs are random and compared statistically; the
others exactly.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from nbformat import NotebookNode

from d2l.grader.compare.compare_repeats import (
    is_random,
    num_random_values,
    repeats_difference,
)
from d2l.grader.compare.differences import numbers_of
from d2l.grader.compare.notebook_runs import NotebookRuns
from d2l.grader.compare.pairing import pair
from d2l.grader.compare.report import Finding
from d2l.grader.compare.tolerance import (
    AUTO,
    ENOUGH_VALUES,
    FALSE_ALARMS,
    SUBMISSION_RUNS,
    Rule,
)
from d2l.grader.outputs.output_values import (
    MOST_ITEMS,
    Array,
    Curves,
    Line,
    Output,
    Picture,
    Table,
    Text,
)
from d2l.grader.outputs.read_cell import read_cell

Runs = Sequence[Sequence[Output]]  # the items shown by each run

NOT_PRODUCED = "stored output is not what the code produces"


class Compared(NamedTuple):
    """The findings, and the index of the submission's item for each, None if missing."""

    findings: list[Finding]
    places: list[int | None]


def compare_items(
    expected: Runs, found: Runs, rule: Callable[[Output], Rule] = lambda _: AUTO
) -> list[Finding]:
    """Return one finding for each item common to the reference's runs, in order.

    `expected` has the items of each run of the reference, `found` those of each run of the
    submission, which may have a few additional items. A finding's `message` contains the
    reference's values, its `hint` does not.
    """
    ours = items_of(expected, rule)
    num_random = sum(num_random_values(runs) > 0 for runs in ours)
    return match_items(ours, items_of(found, rule), num_random, rule).findings


@np.errstate(all="ignore")  # values may be nan, inf or close to the largest float
def match_items(
    expected: Runs, found: Runs, num_random: int, rule: Callable[[Output], Rule] = lambda _: AUTO
) -> Compared:
    """Like `compare_items`, for items given as runs; a notebook has `num_random` random items."""
    is_ordered = not any(rule(runs[0]).compare == "order-free" for runs in expected)
    places = pair(expected, [runs[0] for runs in found], is_ordered=is_ordered)
    alpha = FALSE_ALARMS / max(num_random, 1)
    findings = [
        _finding(runs, None if place is None else found[place], bool(found), alpha, rule(runs[0]))
        for runs, place in zip(expected, places, strict=True)
    ]
    return Compared(_without_free_remarks(expected, findings), list(places))


@np.errstate(all="ignore")
def items_of(runs: Runs, rule: Callable[[Output], Rule] = lambda _: AUTO) -> list[list[Output]]:
    """Return the items that all runs have in common, each as a list with the item of each run."""
    read = [[item for item in run[:MOST_ITEMS] if rule(item).compare != "ignore"] for run in runs]
    first, *others = [_under_rule(run, rule) for run in read] or [[]]
    groups = [[item] for item in first]
    for other in others:
        for group, place in zip(groups, pair([[item] for item in first], other), strict=True):
            if place is not None:
                group.append(other[place])
    return [group for group in groups if len(group) == len(runs)]


def is_remark(item: Output) -> bool:
    """Whether an item is text that is not a value."""
    return isinstance(item, Text) and not item.is_value


def _finding(
    expected: Sequence[Output],
    found: Sequence[Output] | None,
    shows_anything: bool,
    alpha: float,
    rule: Rule,
) -> Finding:
    what = expected[0].what
    if found is None:
        if is_remark(expected[0]) and shows_anything:
            return Finding("match", what)
        return Finding("missing", what, f"missing: {what}", hint=f"missing: {what}")
    problem = repeats_difference(expected, found, alpha, rule)
    is_repeated = len(found) > 1 and is_random(expected) and not is_random(found)
    if problem is None:
        return Finding("match", what, is_unsure=is_repeated)
    is_outlier = not is_repeated and _differs_by_one_run(expected, found, alpha, rule)
    if is_outlier and len(found) > SUBMISSION_RUNS:
        return Finding("match", what)
    is_unsure = is_outlier or is_repeated
    return Finding("differs", what, problem.message, hint=problem.hint, is_unsure=is_unsure)


def _differs_by_one_run(
    expected: Sequence[Output], found: Sequence[Output], alpha: float, rule: Rule
) -> bool:
    """Whether an item with few random values matches without one of the runs, an outlier."""
    if len(found) < 2 or not 0 < num_random_values(expected) < ENOUGH_VALUES:
        return False
    others = ([*found[:at], *found[at + 1 :]] for at in range(len(found)))
    return any(repeats_difference(expected, some, alpha, rule) is None for some in others)


def _without_free_remarks(expected: Runs, findings: list[Finding]) -> list[Finding]:
    """Replace matches of remarks by differences if none of the values matches."""
    values = [f for runs, f in zip(expected, findings, strict=True) if not is_remark(runs[0])]
    if not values or any(finding.verdict == "match" for finding in values):
        return findings
    message = "text without the values that belong to it"
    return [
        replace(finding, verdict="differs", message=message, hint=message)
        if is_remark(runs[0]) and finding.verdict == "match"
        else finding
        for runs, finding in zip(expected, findings, strict=True)
    ]


def _under_rule(items: Sequence[Output], rule: Callable[[Output], Rule]) -> list[Output]:
    """Return the items transformed by their rules: all numbers in one list, or sorted values."""
    numbers: list[np.ndarray] = []
    unit = 0.0
    result: list[Output] = []
    for item in items:
        how = rule(item).compare
        if how == "numbers":
            values = _values(item)
            numbers += [] if values is None else [values]
            unit = max(unit, _unit(item))
        else:
            result.append(_sorted(item) if how == "order-free" else item)
    if numbers:
        values = np.concatenate(numbers)
        shape = (len(values),)
        result.append(Array("sequence", "float", shape, shape, values, unit))
    return result


def _values(item: Output) -> np.ndarray | None:
    if isinstance(item, Array | Line):
        return item.values.ravel()
    return numbers_of(item).ravel() if isinstance(item, Table) else None


def _unit(item: Output) -> float:
    if isinstance(item, Line):
        return float(item.units.max())
    return item.unit if isinstance(item, Array) else 0.0


def _sorted(item: Output) -> Output:
    if isinstance(item, Array):
        return replace(item, values=np.sort(item.values))
    if isinstance(item, Line):
        return replace(item, values=item.values[np.lexsort(item.values.T[::-1])])
    if isinstance(item, Table):
        return replace(item, rows=tuple(sorted(item.rows, key=str)))
    if isinstance(item, Text):
        return replace(item, text=" ".join(sorted(item.text.split())))
    return item


def stale_outputs(stored: NotebookNode, fresh: NotebookRuns) -> tuple[Finding, ...]:
    """Return a finding for each stored output that no fresh run produces.

    `stored` has the same cells as the fresh runs. Outputs that are not stored are accepted; random
    values must only have the distribution of the fresh runs.
    """
    num_random = count_random_values(fresh)
    return tuple(
        finding
        for index in fresh.words
        for finding in _stale_in(index, read_cell(stored.cells[index].outputs), fresh, num_random)
    )


def _stale_in(
    index: int, stored: Sequence[Output], fresh: NotebookRuns, num_random: int
) -> Iterator[Finding]:
    produced, failure = fresh.shown([index]), fresh.failure([index])
    for finding in _unlike(stored, produced, num_random) if stored else ():
        reason = failure.reason if failure else finding.hint
        message = f"{NOT_PRODUCED}: {reason}"
        verdict = "failed" if failure else finding.verdict
        yield replace(
            finding, verdict=verdict, message=message, hint=message, submission_cell=index
        )


def _unlike(
    stored: Sequence[Output], produced: Sequence[Sequence[Output]], num_random: int
) -> list[Finding]:
    """Return findings for stored outputs that differ from, or are missing in, the fresh runs.

    Their hints do not call the fresh run a reference.
    """
    if not any(isinstance(item, Curves) for item in stored):  # stored without points of curves
        produced = [
            [Picture(0, 0) if isinstance(item, Curves) else item for item in items]
            for items in produced
        ]
    there, here = items_of(produced), items_of([stored])
    otherwise = [f for f in match_items(there, here, num_random)[0] if f.verdict == "differs"]
    never = [f for f in match_items(here, there, num_random)[0] if f.verdict == "missing"]
    return [*otherwise, *(replace(finding, hint="the cell does not show it") for finding in never)]


def count_random_values(runs: NotebookRuns) -> int:
    items = (items_of(runs.shown([cell])) for cell in runs.words)
    return sum(num_random_values(one) > 0 for found in items for one in found)
