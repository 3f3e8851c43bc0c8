"""How often a right program is called wrong, and a wrong one found: `python -m bench.calibration`.

Pairs of a reference and a submission are drawn from the kinds of value that homework prints, as
text through the real parser; no sandbox is needed.
"""

import json
import sys
import zlib
from typing import NamedTuple

import click
import numpy as np

from bench.calibration_pairs import PAIRS, Pair
from bench.calibration_values import KINDS, Chance, Program
from d2l.grader.compare.compare_items import items_of, match_items
from d2l.grader.compare.compare_repeats import num_random_values
from d2l.grader.compare.report import Finding
from d2l.grader.compare.tolerance import ENOUGH_VALUES, MOST_REFERENCE_RUNS, SUBMISSION_RUNS
from d2l.grader.outputs.output_values import Output
from d2l.grader.outputs.read_cell import read_cell

MOST_FALSE_ALARMS = 0.005  # of homework with so many outputs
OUTPUTS = 20
LEAST_CAUGHT = 0.8
BEYOND = ("Cauchy arrays",)  # without a mean, for which no band holds; no part of the goal
DRAWS = 30  # of each minimal pair
REFERENCE_RUNS = 3


class Rate(NamedTuple):
    """How often something happened."""

    name: str
    count: int
    pairs: int
    reason: str = ""  # why outputs cannot tell

    @property
    def share(self) -> float:
        return self.count / max(self.pairs, 1)


@click.command()
@click.option("--pairs", default=20_000, show_default=True, type=click.IntRange(100))
@click.option("--seed", default=0, show_default=True)
@click.option("--half", type=click.Choice(["open", "held out", "both"]), default="both")
@click.option("--check", is_flag=True, help="Exit with status 1 if a goal is missed.")
@click.option("--record", is_flag=True, help="Append the run to bench/records.md.")
@click.option("--json", "as_json", is_flag=True, help="Print the rates as JSON.")
def main(pairs: int, seed: int, half: str, check: bool, record: bool, as_json: bool) -> None:
    """Measure false alarms by kind of value, and how often wrong programs are caught."""
    from bench import summary

    alarms = false_alarms(pairs, seed)
    homework, as_graded = (of_homework(column) for column in zip(*alarms, strict=True))
    halves = ["open", "held out"] if half == "both" else [half]
    caught = {name: minimal_pairs(name, seed) for name in halves}
    found = {name: mean_caught(rates) for name, rates in caught.items()}
    lines = [
        f"a right homework of {OUTPUTS} outputs is not a full match: {homework:.2%} with "
        f"{REFERENCE_RUNS} runs of the reference and {SUBMISSION_RUNS} of the submission, "
        f"{as_graded:.2%} as it is graded; goal at most {MOST_FALSE_ALARMS:.1%} ({pairs} pairs)",
        *(
            f"wrong programs caught, {name} half: {share:.0%}, goal at least {LEAST_CAUGHT:.0%}"
            for name, share in found.items()
        ),
    ]
    rows = [
        (few.name, str(few.pairs), str(few.count), f"{few.share:.3%}", str(auto.count))
        for few, auto in alarms
    ]
    heads = ("right, printed twice", "pairs", "not a match, 3 runs", "rate", "as graded")
    text = summary.table(rows, heads)
    for name in halves:
        columns = (f"minimal pair, {name}: goes as it should", "3 runs", "as graded", "why not")
        text += "\n\n" + summary.table(_rows(caught[name]), columns)
    if as_json:
        click.echo(json.dumps({"homework": homework, "caught": found, "alarms": alarms}))
    else:
        click.echo("\n".join([text, "", *lines]))
    if record:
        summary.record(f"Calibration: seed {seed}", [*(f"- {line}" for line in lines), "", text])
    kept = max(homework, as_graded) <= MOST_FALSE_ALARMS and min(found.values()) >= LEAST_CAUGHT
    sys.exit(0 if kept or not check else 1)


def false_alarms(pairs: int, seed: int) -> list[tuple[Rate, Rate]]:
    """Return how often a right program is no match, by kind of value: of 3 runs, as graded."""
    each = pairs // len(KINDS)
    return [_alarms(name, seed, each) for name in KINDS]


def _alarms(name: str, seed: int, pairs: int) -> tuple[Rate, Rate]:
    few = auto = 0
    for number in range(pairs):
        draw = np.random.default_rng([seed, zlib.crc32(name.encode()), number])
        program = KINDS[name](draw)
        verdicts = _verdicts(program, program, draw)
        few += not verdicts[0]
        auto += not verdicts[1]
    return Rate(name, few, pairs), Rate(name, auto, pairs)


def _verdicts(right: Program, other: Program, chance: Chance) -> tuple[bool, bool]:
    """Whether a cell is a full match: by 3 and 2 runs, and by as many as grading adds to them."""
    references = [_read(right, chance) for _ in range(REFERENCE_RUNS)]
    submissions = [_read(other, chance) for _ in range(SUBMISSION_RUNS)]
    few = _findings(references, submissions)
    if any(0 < count < ENOUGH_VALUES for count in map(num_random_values, items_of(references))):
        more = MOST_REFERENCE_RUNS - REFERENCE_RUNS
        references += [_read(right, chance) for _ in range(more)]
    auto = _findings(references, submissions)
    if any(finding.is_unsure for finding in auto):
        auto = _findings(references, [*submissions, _read(other, chance)])
    return _is_match(few), _is_match(auto)


def _read(program: Program, chance: Chance) -> list[Output]:
    return read_cell(program(chance))


def _findings(references: list[list[Output]], submissions: list[list[Output]]) -> list[Finding]:
    """Of a cell of a homework of 20 such cells."""
    expected = items_of(references)
    random = sum(num_random_values(runs) > 0 for runs in expected)
    return match_items(expected, items_of(submissions), OUTPUTS * max(random, 1)).findings


def _is_match(findings: list[Finding]) -> bool:
    return all(finding.verdict == "match" for finding in findings)


def of_homework(rates: list[Rate]) -> float:
    """Return the rate of a homework whose outputs are of all kinds alike, but the beyond ones."""
    shares = [rate.share for rate in rates if rate.name not in BEYOND]
    return 1 - (1 - float(np.mean(shares))) ** OUTPUTS


def mean_caught(rates: list[tuple[Rate, Rate]]) -> float:
    """Return the mean share of wrong programs caught, those that outputs can tell apart."""
    wrong = [auto for _, auto in rates if not auto.name.startswith("right")]
    return float(np.mean([rate.share for rate in wrong if not rate.reason]))


def minimal_pairs(half: str, seed: int) -> list[tuple[Rate, Rate]]:
    """Return how often each minimal pair goes as it should: of 3 runs, as graded."""
    return [_caught(pair, seed) for pair in PAIRS if pair.half == half]


def _caught(pair: Pair, seed: int) -> tuple[Rate, Rate]:
    few = auto = 0
    for number in range(DRAWS):
        chance = np.random.default_rng([seed, zlib.crc32(pair.name.encode()), number])
        verdicts = _verdicts(pair.right, pair.other, chance)
        few += verdicts[0] == pair.is_right
        auto += verdicts[1] == pair.is_right
    return tuple(Rate(pair.name, count, DRAWS, pair.reason) for count in (few, auto))  # type: ignore[return-value]


def _rows(rates: list[tuple[Rate, Rate]]) -> list[tuple[str, ...]]:
    return [(few.name, f"{few.share:.0%}", f"{auto.share:.0%}", auto.reason) for few, auto in rates]


if __name__ == "__main__":
    main()
