"""The instructor's checks of fetched values: validate them, call them, convert scores to points.

They run in a separate process with a time limit, which receives arrays and plain data and returns
scores. Neither process runs a student's code.
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

LOAD_SECONDS = 120  # to load the file of the checks, which may import PyTorch
_END_SECONDS = 10
# Not `-m`: that would add the working folder, or d2l/ with its `torch.py`, to the path.
_PROGRAM = (
    f"import sys; sys.path.insert(0, {str(Path(d2l.__file__).parents[1])!r}); import d2l; "
    "del sys.path[0]; from d2l.grader.grading.checks_worker import main; main()"
)
Message = tuple[Any, dict[str, np.ndarray]]
NextAnswer = Callable[[float], Message]  # takes a timeout in seconds, raises `NoResponseError`
Inputs = Mapping[str, np.ndarray]


class Score(NamedTuple):
    """The result of one call of a check."""

    score: float  # from 0 to 1
    message: str = ""
    broken: bool = False


@dataclass(frozen=True)
class HiddenChecks:
    """The checks of a rubric, and their hidden inputs by seed offset."""

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
        """Return the hidden inputs that expressions use; the others never enter the sandbox."""
        used = set[str]().union(*(fetch.names for fetch in self.fetches))
        return {name: a for name, a in self.inputs[seed_offset].items() if name in used}

    def judge(self, outcomes: Sequence[Outcome]) -> tuple[CheckResult, ...]:
        """Return the result of each check over all runs: that of its worst run."""
        pairs = [(rule, outcome) for rule in self.rubric.checks for outcome in outcomes]
        scores = [self._missing(*pair) for pair in pairs]
        calls = [self._call(*pair) for pair, score in zip(pairs, scores, strict=True) if not score]
        answers = iter(self._answers(calls))
        all_scores = iter([score or next(answers) for score in scores])
        return tuple(
            _result(rule, [next(all_scores) for _ in outcomes]) for rule in self.rubric.checks
        )

    def _missing(self, rule: CheckRule, outcome: Outcome) -> Score | None:
        """Return a score of 0 if a check lacks a value, otherwise None."""
        for parameter, expressions in rule.fetch.items():
            value = outcome.values.get(self._names[expressions])
            if value is None and self._names[expressions] not in outcome.values:
                reason = outcome.reason or "no result"
                return Score(0, f"{parameter}: no value was returned; {reason}")
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
        """Return the score of each call; restart the process after a call that ends or hangs it."""
        scores: list[Score] = []
        while len(scores) < len(calls):
            scores += _answer_some(self.rubric, calls[len(scores) :])
        return scores


def make_hidden_checks(rubric: Rubric) -> HiddenChecks:
    """Return the checks of a rubric, with the hidden inputs of every seed offset.

    Raises `RubricError` if the checks cannot be loaded, lack a function, or have a required
    parameter without a value.
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
    """Return the next answer of the checks' process; raise `RubricError` if it has a problem."""
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
        meant = f"Did you mean {close[0]!r}? " if close else ""
        problem = f"{rubric.checks_file} does not define a function {rule.function!r}. {meant}"
        problem += f"Available: {', '.join(functions) or 'none'}"
    elif unfilled:
        problem = f"the parameter {unfilled[0]!r} of {rule.function} has no value. Add "
        problem += f'{unfilled[0]} = "EXPRESSION" to [check.fetch]'
        problem += f"; inputs(rng) returns {', '.join(inputs)}" if inputs else ""
    elif unused:
        problem = f"[check.fetch] has {unused[0]!r}, but the parameters of {rule.function} are: "
        problem += ", ".join(takes) or "none"
    elif not rule.fetch:
        problem = "no value is fetched from the notebook. Add [check.fetch] with a line such as "
        problem += f'{next(iter(takes), "value")} = "EXPRESSION"'
    if problem:
        raise RubricError(f"{rubric.path}, [[check]] {rule.name!r}: {problem}")


class _Call(NamedTuple):
    function: str
    values: Mapping[str, Any]


def _answer_some(rubric: Rubric, calls: Sequence[_Call]) -> Iterator[Score]:
    """Yield the scores of the calls, up to and including the first that does not return."""
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
    # A broken check is reported even if it works in another run.
    worst = min(scores, key=lambda score: (not score.broken, score.score))
    status: CheckStatus = "partly"
    if worst.broken or worst.score in (0, 1):
        status = "broken" if worst.broken else "passed" if worst.score == 1 else "failed"
    points = round(rule.points * worst.score, 2)
    message = worst.message
    if status == "failed":
        message = message or "the check failed"
    return CheckResult(rule.name, rule.section, points, rule.points, status, message)


def _fetch_names(rules: Sequence[CheckRule]) -> dict[tuple[str, ...], str]:
    """Name each distinct list of expressions after its parameter, numbered if the name is taken."""
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
    """The process of the checks hung or died; always caught in this file."""


@contextmanager
def checks_process(task: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> Iterator[NextAnswer]:
    """Yield a function that returns the next answer to `task`; kill the process at the end."""
    with (
        ThreadPoolExecutor(1) as reader,
        subprocess.Popen(
            [sys.executable, "-I", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C goes to the grader, which ends this process itself
        ) as process,
    ):
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def next_answer(seconds: float) -> Message:
            try:
                return reader.submit(read_message, stdout).result(seconds)
            except TimeoutError:
                raise NoResponseError(f"no response within {seconds:g} s") from None
            except EOFError:
                status = process.wait(_END_SECONDS)
                raise NoResponseError(f"its process exited with status {status}") from None

        try:
            with suppress(BrokenPipeError):  # it died: reading the first answer reports that
                write_message(stdin, task, arrays)
            yield next_answer
        finally:
            process.kill()
            with suppress(BrokenPipeError):
                stdin.close()
