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

MOST_FALSE_ALARMS = 0.005  # of homework with so many outputs
OUTPUTS = 20
LEAST_CAUGHT = 0.8
BEYOND = ("Cauchy arrays",)  # without a mean, for which no band holds; no part of the goal
DRAWS = 30  # of each minimal pair
REFERENCE_RUNS, SUBMISSION_RUNS = 3, 2


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
    homework = of_homework(alarms)
    halves = ["open", "held out"] if half == "both" else [half]
    caught = {name: minimal_pairs(name, seed) for name in halves}
    found = {name: mean_caught(rates) for name, rates in caught.items()}
    lines = [
        f"a right homework of {OUTPUTS} outputs is not a full match: {homework:.2%}, goal at most "
        f"{MOST_FALSE_ALARMS:.1%} ({pairs} pairs of {REFERENCE_RUNS} and {SUBMISSION_RUNS} runs)",
        *(
            f"wrong programs caught, {name} half: {share:.0%}, goal at least {LEAST_CAUGHT:.0%}"
            for name, share in found.items()
        ),
    ]
    rows = [(r.name, f"{r.count} of {r.pairs}", f"{r.share:.3%}") for r in alarms]
    text = summary.table(rows, ("right, printed twice", "not a match", "rate"))
    for name in halves:
        heads = (f"minimal pair, {name}: goes as it should", "3 runs", "auto", "why not")
        text += "\n\n" + summary.table(_rows(caught[name]), heads)  # fmt: skip
    if as_json:
        click.echo(json.dumps({"homework": homework, "caught": found, "alarms": alarms}))
    else:
        click.echo("\n".join([text, "", *lines]))
    if record:
        summary.record(f"Calibration: seed {seed}", [*(f"- {line}" for line in lines), "", text])
    kept = homework <= MOST_FALSE_ALARMS and min(found.values()) >= LEAST_CAUGHT
    sys.exit(0 if kept or not check else 1)


def false_alarms(pairs: int, seed: int) -> list[Rate]:
    """Return how often a right program is not a match, by kind of value."""
    from bench.calibration_values import KINDS

    each = pairs // len(KINDS)
    return [
        Rate(name, sum(_is_alarm(name, seed, number) for number in range(each)), each)
        for name in KINDS
    ]


def _is_alarm(name: str, seed: int, number: int) -> bool:
    from bench.calibration_values import KINDS

    draw = np.random.default_rng([seed, zlib.crc32(name.encode()), number])
    program = KINDS[name](draw)
    runs = [program(draw) for _ in range(REFERENCE_RUNS + SUBMISSION_RUNS)]
    return not matches(runs[:REFERENCE_RUNS], runs[REFERENCE_RUNS:])


def matches(references: list, submissions: list) -> bool:
    """Whether a cell of a homework of 20 such cells is a full match."""
    from d2l.grader.compare.compare_items import items_of, match_items
    from d2l.grader.compare.compare_repeats import num_random_values
    from d2l.grader.compare.read_outputs import read_cell

    expected = items_of([read_cell(outputs) for outputs in references])
    found = items_of([read_cell(outputs) for outputs in submissions])
    random = sum(num_random_values(runs) > 0 for runs in expected)
    findings = match_items(expected, found, OUTPUTS * max(random, 1)).findings
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
    """Return how often each minimal pair goes as it should, with 3 and with automatic runs."""
    from bench.calibration_pairs import PAIRS
    from d2l.grader.compare.tolerance import MOST_REFERENCE_RUNS

    chosen = [pair for pair in PAIRS if pair.half == half]
    return [
        tuple(_caught(pair, seed, runs) for runs in (REFERENCE_RUNS, MOST_REFERENCE_RUNS))
        for pair in chosen
    ]  # type: ignore[misc]


def _caught(pair, seed: int, runs: int) -> Rate:
    count = 0
    for number in range(DRAWS):
        chance = np.random.default_rng([seed, zlib.crc32(pair.name.encode()), number])
        references = [pair.right(chance) for _ in range(runs)]
        submissions = [pair.other(chance) for _ in range(SUBMISSION_RUNS)]
        count += matches(references, submissions) == pair.is_right
    return Rate(pair.name, count, DRAWS, pair.reason)


def _rows(rates: list[tuple[Rate, Rate]]) -> list[tuple[str, ...]]:
    return [(few.name, f"{few.share:.0%}", f"{auto.share:.0%}", auto.reason) for few, auto in rates]


if __name__ == "__main__":
    main()
