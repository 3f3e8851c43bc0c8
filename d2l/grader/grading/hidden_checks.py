"""The instructor's checks of fetched values: held against the rubric, called, turned into points.

They run in a process of their own, within their time. Values go in as arrays and plain data,
scores come back; neither process runs a student's code.
"""

import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import d2l
from d2l.grader.grading.checks_worker import read_message, write_message
from d2l.grader.grading.result import CheckResult, CheckStatus
from d2l.grader.grading.rubric import CheckRule, Rubric, RubricError
from d2l.grader.sandbox.job import Fetch, Outcome, Problem

LOAD_SECONDS = 120  # for importing what the checks import, PyTorch perhaps
_END_SECONDS = 10
# Not `-m`: that would put the working folder, or d2l/ with its `torch.py`, on the path.
_PROGRAM = (
    f"import sys; sys.path.insert(0, {str(Path(d2l.__file__).parents[1])!r}); import d2l; "
    "del sys.path[0]; from d2l.grader.grading.checks_worker import main; main()"
)
Message = tuple[Any, dict[str, np.ndarray]]
NextAnswer = Callable[[float], Message]  # within so many seconds, or `NoResponseError`
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

    def visible_inputs(self, seed_offset: int) -> Inputs:
        """The hidden inputs that expressions use; what checks alone need stays out of sight."""
        used = set[str]().union(*(fetch.names for fetch in self.fetches))
        return {name: a for name, a in self.inputs[seed_offset].items() if name in used}

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
        return _Call(rule.function, dict(self.inputs[outcome.seed_offset]) | fetched)

    def _answers(self, calls: Sequence["_Call"]) -> list[Score]:
        """Have every call answered; a call that ends its process, or hangs, costs that process."""
        scores: list[Score] = []
        while len(scores) < len(calls):
            scores += _answer_some(self.rubric, calls[len(scores) :])
        return scores


def make_hidden_checks(rubric: Rubric) -> HiddenChecks:
    """Return the judge of a rubric, with the hidden inputs of every seed_offset.

    Raises `RubricError` if the checks cannot be loaded, lack a function, or have a parameter that
    nothing fills.
    """
    seed_offsets = list(dict.fromkeys((*rubric.seeds, *rubric.runs, rubric.another_run)))
    if not rubric.checks:
        return HiddenChecks(rubric, {seed_offset: {} for seed_offset in seed_offsets})
    task = {
        "task": "examine",
        "file": str(rubric.checks_file),
        "seed": rubric.seed,
        "seed_offsets": seed_offsets,
    }
    try:
        with checks_process(task, {}) as answer:
            _answer(rubric, answer)
            functions: dict[str, dict[str, bool]] = answer(LOAD_SECONDS)[0]
            inputs = {seed_offset: _answer(rubric, answer)[1] for seed_offset in seed_offsets}
    except NoResponseError as error:
        raise RubricError(f"{rubric.checks_file} cannot be loaded: {error}") from error
    for rule in rubric.checks:
        _require_callable(rubric, rule, functions, inputs[seed_offsets[0]])
    return HiddenChecks(rubric, inputs)


def _answer(rubric: Rubric, answer: NextAnswer) -> Message:
    """The next answer of a process that loads the checks; `RubricError` if it has a problem."""
    plain, arrays = answer(LOAD_SECONDS)
    if plain.get("problem"):
        raise RubricError(f"{rubric.checks_file}: {plain['problem']}")
    return plain, arrays


def _require_callable(
    rubric: Rubric,
    rule: CheckRule,
    functions: Mapping[str, Mapping[str, bool]],
    inputs: Collection[str],
) -> None:
    problem = ""
    takes = functions.get(rule.function, {})
    needed = [name for name, is_needed in takes.items() if is_needed and name != "**"]
    unfilled = [name for name in needed if name not in rule.fetch and name not in inputs]
    unused = [name for name in rule.fetch if name not in takes and "**" not in takes]
    if rule.function not in functions:
        close = get_close_matches(rule.function, functions, n=1)
        meant = f"do you mean {close[0]!r}? " if close else ""
        problem = f"{rubric.checks_file} defines no function {rule.function!r}; {meant}"
        problem += f"There are {', '.join(functions) or 'none'}"
    elif unfilled:
        problem = f"nothing fills the parameter {unfilled[0]!r} of {rule.function}: add "
        problem += f'{unfilled[0]} = "EXPRESSION" to its [check.fetch]'
        problem += f"; inputs(rng) gives {', '.join(inputs)}" if inputs else ""
    elif unused:
        problem = f"[check.fetch] has {unused[0]!r}, but {rule.function} takes "
        problem += ", ".join(takes) or "nothing"
    elif not rule.fetch:
        problem = "it fetches nothing from the notebook: add [check.fetch] with a line such as "
        problem += f'{next(iter(takes), "value")} = "EXPRESSION"'
    if problem:
        raise RubricError(f"{rubric.path}, [[check]] {rule.name!r}: {problem}")


class _Call(NamedTuple):
    function: str
    values: Mapping[str, Any]


def _answer_some(rubric: Rubric, calls: Sequence[_Call]) -> Iterator[Score]:
    """Give the scores of the first calls: all, or up to the first that does not come back."""
    plain: list[dict[str, Any]] = []
    arrays: dict[str, np.ndarray] = {}
    for number, call in enumerate(calls):
        keys = {
            name: f"{number} {name}" for name, v in call.values.items() if isinstance(v, np.ndarray)
        }
        arrays |= {key: call.values[name] for name, key in keys.items()}
        rest = {name: value for name, value in call.values.items() if name not in keys}
        plain.append({"function": call.function, "arrays": keys, "plain": rest})
    task = {"task": "judge", "file": str(rubric.checks_file), "calls": plain}
    with checks_process(task, arrays) as answer:
        try:
            problem = answer(LOAD_SECONDS)[0]["problem"]
        except NoResponseError as error:
            problem = f"cannot be loaded: {error}"
        if problem:
            yield from [Score(0, f"the file of the checks {problem}", True)] * len(calls)
            return
        for _ in calls:
            try:
                yield Score(**answer(rubric.check_seconds)[0])
            except NoResponseError as error:
                yield Score(0, str(error), True)
                return


def _result(rule: CheckRule, scores: Sequence[Score]) -> CheckResult:
    # A broken one comes first, even if the check works in another run.
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


class NoResponseError(Exception):
    """The process of the checks hung or died; caught here."""


@contextmanager
def checks_process(task: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> Iterator[NextAnswer]:
    """Give what returns the next answer to `task`; the process is gone when the block ends."""
    with (
        ThreadPoolExecutor(1) as reader,
        subprocess.Popen(
            [sys.executable, "-I", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the grader, which ends this process itself
        ) as process,
    ):
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def next_answer(seconds: float) -> Message:
            try:
                return reader.submit(read_message, stdout).result(seconds)
            except TimeoutError:
                raise NoResponseError(f"it gave no answer within {seconds:g} s") from None
            except EOFError:
                status = process.wait(_END_SECONDS)
                raise NoResponseError(f"it ended its process (exit status {status})") from None

        try:
            with suppress(BrokenPipeError):  # it died: the first answer that is missing says so
                write_message(stdin, task, arrays)
            yield next_answer
        finally:
            process.kill()
            with suppress(BrokenPipeError):
                stdin.close()
