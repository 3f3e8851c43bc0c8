"""Runs programs, and verifies by measuring that wrong ones are wrong and right ones train."""

import contextlib
import io
import math
import re
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch

from bench.tutor import said
from bench.tutor.program import Mistake, Outcome, RightProgram


class Ended(NamedTuple):
    """How a program ended: outcome or error, seconds of the processor, and what was said."""

    outcome: Outcome | None
    error: BaseException | None
    seconds: float
    hints: tuple[str, ...]
    moments: tuple[tuple[str, str], ...]  # each kind that was said, and when


class Row(NamedTuple):
    """A line of the table: whether the claim about a program holds, and what was measured."""

    is_right: bool
    name: str
    host: str
    expected: str
    measured: str
    seconds: float
    hints: tuple[str, ...]


def run(program: Callable[[], Outcome], seed: int = 0) -> Ended:
    """Run a program with the same random numbers each time, and without its output."""
    said.forget()
    torch.manual_seed(seed)
    begun = time.process_time()
    outcome, error = None, None
    output = contextlib.redirect_stdout(io.StringIO())
    with warnings.catch_warnings(), output, contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            outcome = program()
        except Exception as raised:
            error = raised
    moments = dict((*said.of_error(error), *said.said()))
    seconds = time.process_time() - begun
    return Ended(outcome, error, seconds, tuple(moments), tuple(moments.items()))


def check_mistake(mistake: Mistake) -> Iterator[Row]:
    """A line for the wrong program, and one for its twin."""
    wrong, right = run(mistake.run), run(mistake.right)
    place = mistake.name, mistake.host
    if right.outcome is None:
        yield Row(False, *place, "twin trains", _words(right.error), right.seconds, right.hints)
        return
    if mistake.raises:
        holds, measured = _is_of(mistake, wrong.error), _words(wrong.error)
    elif wrong.outcome is None:
        holds, measured = False, _words(wrong.error)
    else:
        holds, measured = mistake.proof(wrong.outcome, right.outcome)
    expected = "raises" if mistake.raises else "is worse"
    yield Row(holds, *place, expected, measured, wrong.seconds, wrong.hints)
    finite = math.isfinite(right.outcome.score)
    score = f"{right.outcome.score:.3f}"
    name = f"{mistake.name}, twin"
    yield Row(finite, name, mistake.host, "trains", score, right.seconds, right.hints)


def check_right(program: RightProgram) -> Row:
    """A line for a right program."""
    ended = run(program.run)
    if ended.outcome is None:
        holds, measured = False, _words(ended.error)
    else:
        holds, measured = program.verdict(ended.outcome)
    return Row(holds, program.name, program.family, "trains", measured, ended.seconds, ended.hints)


def line(row: Row) -> str:
    """One line of the table."""
    mark = "ok  " if row.is_right else "NOT "
    heard = ", ".join(row.hints)
    return (
        f"{mark} {row.name:<44.44} {row.host:<12.12} {row.expected:<11} {row.measured:<44.44} "
        f"{row.seconds:5.2f} s  {heard}".rstrip()
    )


def check_corpus(
    wrong: Sequence[Mistake], right: Sequence[RightProgram], show: Callable[[str], None]
) -> bool:
    """Check each program and show its line; whether every claim holds."""
    rows = []
    for mistake in wrong:
        for row in check_mistake(mistake):
            rows.append(row)
            show(line(row))
    for program in right:
        rows.append(check_right(program))
        show(line(rows[-1]))
    failed = [row.name for row in rows if not row.is_right]
    longest = max((row.seconds for row in rows), default=0)
    show(f"{len(rows)} programs, {len(failed)} not as claimed; the longest took {longest:.1f} s")
    return not failed


def _words(error: BaseException | None) -> str:
    """The type and the first line of an error."""
    if error is None:
        return "no error"
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _is_of(mistake: Mistake, error: BaseException | None) -> bool:
    """Whether the error, or one that it was raised from, is one that the cause gives."""
    while error is not None:
        if re.search(mistake.cause.error, str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False
