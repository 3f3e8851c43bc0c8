"""Holds a rubric against its checks before any student is run: is everything there that it names?

Brings back the hidden inputs, so that the checks' file is loaded for them once.
"""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from d2l.grader.grading.checks_client import (
    LOAD_SECONDS,
    ChecksProcess,
    NoResponseError,
    checks_process,
)
from d2l.grader.grading.hidden_checks import HiddenChecks, Inputs
from d2l.grader.grading.rubric import CheckRule, Rubric
from d2l.grader.grading.toml_schema import RubricError


def make_hidden_checks(rubric: Rubric) -> HiddenChecks:
    """Return the judge of a rubric, with the hidden inputs of every seed_offset.

    Raises `RubricError` if the checks cannot be loaded, lack a function, or have a parameter that
    nothing fills.
    """
    seed_offsets = list(dict.fromkeys((*rubric.seeds, *rubric.runs)))
    if not rubric.checks:
        return HiddenChecks(rubric, {seed_offset: {} for seed_offset in seed_offsets})
    task = {
        "task": "examine",
        "file": str(rubric.checks_file),
        "seed": rubric.seed,
        "seed_offsets": seed_offsets,
    }
    try:
        with checks_process(task, {}) as answers:
            _require_no_problem(rubric, answers.next(LOAD_SECONDS)[0])
            functions: dict[str, dict[str, bool]] = answers.next(LOAD_SECONDS)[0]
            inputs = {seed_offset: _inputs(rubric, answers) for seed_offset in seed_offsets}
    except NoResponseError as error:
        raise RubricError(f"{rubric.checks_file} cannot be loaded: {error}") from error
    for rule in rubric.checks:
        _require_callable(rubric, rule, functions, inputs[seed_offsets[0]])
    return HiddenChecks(rubric, inputs)


def _inputs(rubric: Rubric, answers: ChecksProcess) -> Inputs:
    plain, arrays = answers.next(LOAD_SECONDS)
    _require_no_problem(rubric, plain)
    return arrays


def _require_no_problem(rubric: Rubric, answer: Mapping[str, Any]) -> None:
    if answer["problem"]:
        raise RubricError(f"{rubric.checks_file}: {answer['problem']}")


def _require_callable(
    rubric: Rubric,
    rule: CheckRule,
    functions: Mapping[str, Mapping[str, bool]],
    inputs: Collection[str],
) -> None:
    where = f"{rubric.path}, [[check]] {rule.name!r}"
    if rule.function not in functions:
        raise RubricError(
            f"{where}: {rubric.checks_file} defines no function {rule.function!r}; "
            f"{_hint(rule.function, functions)}"
        )
    takes = functions[rule.function]
    unfilled = [
        name
        for name, is_needed in takes.items()
        if is_needed and name != "**" and name not in rule.fetch and name not in inputs
    ]
    if unfilled:
        raise RubricError(
            f"{where}: nothing fills the parameter {unfilled[0]!r} of {rule.function}: add "
            f'{unfilled[0]} = "EXPRESSION" to its [check.fetch]'
            + (f"; inputs(rng) gives {', '.join(inputs)}" if inputs else "")
        )
    unused = [name for name in rule.fetch if name not in takes and "**" not in takes]
    if unused:
        raise RubricError(
            f"{where}: [check.fetch] has {unused[0]!r}, but {rule.function} takes "
            f"{', '.join(takes) or 'nothing'}"
        )
    if not rule.fetch:
        raise RubricError(
            f"{where}: it fetches nothing from the notebook: add [check.fetch] with a line such as "
            f'{next(iter(takes), "value")} = "EXPRESSION"'
        )


def _hint(name: str, functions: Collection[str]) -> str:
    close = get_close_matches(name, functions, n=1)
    meant = f"do you mean {close[0]!r}? " if close else ""
    return f"{meant}There are {', '.join(functions) or 'none'}"
