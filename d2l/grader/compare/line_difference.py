"""How the numbers of a line, or of lines in the same words, differ from what they should be."""

import numpy as np

from d2l.grader.compare.difference import Difference, joined, plain
from d2l.grader.compare.outputs import Line
from d2l.grader.compare.tolerance import close


def line_difference(expected: Line, found: Line) -> Difference | None:
    """Return how the numbers of lines differ: each by its place, or else by its words."""
    if len(expected.values) != len(found.values):
        count = f"{len(found.values)} lines"
        wanted = f"{count} where the reference has {len(expected.values)}"
        return Difference(wanted, f"{count} are not as many as asked for")
    columns = columns_of(expected, found)
    problems = []
    for i, j in enumerate(columns):
        name = expected.labels[i].strip(" :=,") or f"number {i + 1}"
        if j is None:
            problems.append(Difference(f"no number for {name}", f"no number for {name}"))
            continue
        ours, theirs = expected.values[:, i], found.values[:, j]
        is_exact = bool(expected.integers[i] and found.integers[j])
        same = close(ours, theirs, expected.units[i], found.units[j], is_exact)
        if not same.all():
            row = int(np.argmin(same))
            here, there = f"{name} {plain(theirs[row])}", plain(ours[row])
            problems.append(
                Difference(f"{here} where the reference has {there}", f"{here} is not right")
            )
    return joined(problems)


def columns_of(expected: Line, found: Line) -> list[int | None]:
    """Return which number of `found` stands for each number of `expected`."""
    if len(expected.labels) == len(found.labels):
        return list(range(len(found.labels)))
    free = {position: _last_word(label) for position, label in enumerate(found.labels)}
    columns: list[int | None] = []
    for label in expected.labels:
        matching = [position for position, word in free.items() if word == _last_word(label)]
        columns.append(matching[0] if matching else None)
        if matching:
            del free[matching[0]]
    return columns


def _last_word(label: str) -> str:
    words = [word for word in label.replace(":", " ").replace("=", " ").split() if word.isalnum()]
    return words[-1].lower() if words else ""
