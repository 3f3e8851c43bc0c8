"""Asks the instructor's checks about fetched values, in a process of its own, within their time.

Values go in as arrays and plain data, scores come back; neither process runs a student's code.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from d2l.grader.grading.checks_client import LOAD_SECONDS, NoResponseError, checks_process
from d2l.grader.grading.result import CheckResult, CheckStatus
from d2l.grader.grading.rubric import CheckRule, Rubric
from d2l.grader.sandbox.job import Fetch, Outcome, Problem

Inputs = Mapping[str, np.ndarray]


class Score(NamedTuple):
    """What one call of a check said."""

    score: float  # from 0 to 1
    message: str = ""
    broken: bool = False


@dataclass(frozen=True)
class HiddenChecks:
    """The checks of a rubric, and the hidden inputs that they get, by seed offset."""

    rubric: Rubric
    inputs: Mapping[int, Inputs]
    fetches: tuple[Fetch, ...] = field(init=False)
    _names: Mapping[tuple[str, ...], str] = field(init=False)

    def __post_init__(self) -> None:
        names = _fetch_names(self.rubric.checks)
        object.__setattr__(self, "_names", names)
        fetches = tuple(Fetch(name, expressions) for expressions, name in names.items())
        object.__setattr__(self, "fetches", fetches)

    def judge(self, outcomes: Sequence[Outcome]) -> tuple[CheckResult, ...]:
        """Return what each check gives for the values of all runs: as much as its worst run."""
        pairs = [(rule, outcome) for rule in self.rubric.checks for outcome in outcomes]
        scores = [self._missing(*pair) for pair in pairs]
        calls = [self._call(*pair) for pair, score in zip(pairs, scores, strict=True) if not score]
        answers = iter(self._answers(calls))
        all_scores = iter([score or next(answers) for score in scores])
        return tuple(
            _result(rule, [next(all_scores) for _ in outcomes]) for rule in self.rubric.checks
        )

    def _missing(self, rule: CheckRule, outcome: Outcome) -> Score | None:
        """The score of a check that lacks a value."""
        for parameter, expressions in rule.fetch.items():
            value = outcome.values.get(self._names[expressions])
            if value is None and self._names[expressions] not in outcome.values:
                return Score(0, f"{parameter}: no value came back; {outcome.reason or 'no result'}")
            if isinstance(value, Problem):
                return Score(0, f"{parameter}: {value.message}")
        return None

    def _call(self, rule: CheckRule, outcome: Outcome) -> "_Call":
        fetched = {
            parameter: outcome.values[self._names[expressions]]
            for parameter, expressions in rule.fetch.items()
        }
        return _Call(rule.function, fetched | dict(self.inputs[outcome.seed_offset]))

    def _answers(self, calls: Sequence["_Call"]) -> list[Score]:
        """Have every call answered; a call that ends its process, or hangs, costs that process."""
        scores: list[Score] = []
        while len(scores) < len(calls):
            scores += _answer_some(self.rubric, calls[len(scores) :])
        return scores


class _Call(NamedTuple):
    function: str
    values: Mapping[str, Any]


def _answer_some(rubric: Rubric, calls: Sequence[_Call]) -> Iterator[Score]:
    """Give the scores of the first calls: all, or up to the first that does not come back."""
    plain: list[dict[str, Any]] = []
    arrays: dict[str, np.ndarray] = {}
    for number, call in enumerate(calls):
        keys = {name: f"{number} {name}" for name, v in call.values.items() if _is_array(v)}
        arrays |= {key: call.values[name] for name, key in keys.items()}
        rest = {name: value for name, value in call.values.items() if name not in keys}
        plain.append({"function": call.function, "arrays": keys, "plain": rest})
    task = {"task": "judge", "file": str(rubric.checks_file), "calls": plain}
    with checks_process(task, arrays) as answers:
        try:
            problem = answers.next(LOAD_SECONDS)[0]["problem"]
        except NoResponseError as error:
            problem = f"cannot be loaded: {error}"
        if problem:
            yield from [Score(0, f"the file of the checks {problem}", True)] * len(calls)
            return
        for _ in calls:
            try:
                yield Score(**answers.next(rubric.check_seconds)[0])
            except NoResponseError as error:
                yield Score(0, str(error), True)
                return


def _result(rule: CheckRule, scores: Sequence[Score]) -> CheckResult:
    # A broken one comes first: that the check works in another run is no comfort.
    worst = min(scores, key=lambda score: (not score.broken, score.score))
    status: CheckStatus = "partly"
    if worst.broken or worst.score in (0, 1):
        status = "broken" if worst.broken else "passed" if worst.score == 1 else "failed"
    points = round(rule.points * worst.score, 2)
    message = worst.message
    if status == "failed":
        message = message or "the check does not hold"
    return CheckResult(rule.name, rule.section, points, rule.points, status, message)


def _fetch_names(rules: Sequence[CheckRule]) -> dict[tuple[str, ...], str]:
    """A name for each different list of expressions: the parameter's, numbered if it is taken."""
    names: dict[tuple[str, ...], str] = {}
    for rule in rules:
        for parameter, expressions in rule.fetch.items():
            number, name = 1, parameter
            while expressions not in names and name in names.values():
                number += 1
                name = f"{parameter}_{number}"
            names.setdefault(expressions, name)
    return names


def _is_array(value: object) -> bool:
    return isinstance(value, np.ndarray)
