"""The rounds of `bench.peers`: every contender once in each, in a process of its own."""

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import click

from bench import rivals, rounds
from bench.peers.case import Case
from bench.peers.contenders import EAGER, OURS, WORKS, Contender, case_of, in_order

MOST_APART = 0.03  # of a contender's accuracy from the median: else it measured something else


@dataclass
class PeerFindings(rounds.Findings):
    """`values[task][contender]`: seconds an epoch; `values[task + " accuracy"]`: see `measure`."""

    def ratios(self, task: str, over: str, under: str = OURS) -> list[float]:
        """Of the seconds of two contenders, round by round; none where one was not measured."""
        both = self.values[task][over], self.values[task][under]
        return [a / b for a, b in zip(*both, strict=True)] if all(both) else []

    def bar_ratios(self, task: str) -> list[float]:
        """Our seconds over the eager loop's, round by round."""
        return self.ratios(task, OURS, EAGER)

    def missed(self, task: str) -> bool:
        """Whether the median of these is above the bar."""
        ratios = self.bar_ratios(task)
        return bool(ratios) and median(ratios) > WORKS[task].bar

    def accuracy(self, task: str, contender: str) -> float | None:
        """The median over the rounds."""
        return self.median(accuracies_of(task), contender)


def accuracies_of(task: str) -> str:
    """The key of a task's accuracies."""
    return f"{task} accuracy"


def measure(
    taking_part: dict[str, list[Contender]], num_rounds: int, threads: int | None, quick: bool
) -> PeerFindings:
    """Run every round; accuracies are those after the last epoch that all contenders have done."""
    findings = PeerFindings()
    for i in range(num_rounds):
        for task, contenders in taking_part.items():
            cases = [case_of(c, task, i, threads, quick) for c in contenders]
            num_common = min(case.epochs for case in cases)
            for contender in in_order(contenders, i):
                begun = time.monotonic()
                answer = _answer(contender, cases[contenders.index(contender)])
                findings.threads = answer["threads"] or findings.threads
                findings.values[task][contender.name].append(answer["seconds"])
                accuracy = answer["accuracies"][num_common - 1]
                findings.values[accuracies_of(task)][contender.name].append(accuracy)
                where = f"round {i + 1}/{num_rounds}  {task:12}{contender.name:12}"
                what = f"{answer['seconds']:8.4f} s an epoch, accuracy {accuracy:.3f}"
                click.echo(f"{where}{what}, {time.monotonic() - begun:5.1f} s in all", err=True)
    return findings


def require_same_work(findings: PeerFindings, tasks: Sequence[str]) -> None:
    """Raise if a contender's accuracy is far from the median of all: it did not do the task."""
    for task in tasks:
        by_name = findings.values[accuracies_of(task)]
        found = {name: median(values) for name, values in by_name.items() if values}
        middle = median(found.values()) if found else 0.0
        apart = {n: a for n, a in found.items() if abs(a - middle) > MOST_APART}
        if apart:
            named = ", ".join(f"{name} reached {value:.3f}" for name, value in apart.items())
            raise click.ClickException(
                f"{task}: {named}, but the median of all is {middle:.3f}, and at most "
                f"{MOST_APART} from it is expected: its time is that of other work"
            )


def _answer(contender: Contender, case: Case) -> dict[str, Any]:
    variables = rivals.environment(contender.name, case.threads) | contender.variables
    with tempfile.TemporaryDirectory() as private:
        answer = Path(private, "answer.json")
        arguments = ["-m", "bench.peers.worker", json.dumps(case._asdict()), str(answer)]
        rounds.run_python(arguments, variables, Path(private))
        numbers: dict[str, Any] = json.loads(answer.read_text())
    if contender.name == OURS:
        rivals.check_origin(rivals.OURS, numbers["file"])
    return numbers
