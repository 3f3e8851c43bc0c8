"""Judges the tutor: which mistakes it names, when, and what it says about right programs."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bench.tutor.causes import CAUSES
from bench.tutor.check import run
from bench.tutor.program import Mistake, RightProgram

BEFORE_SECOND_STEP = (
    *("before training", "first batch, before its backward pass", "first batch", "first steps"),
    "when PyTorch raises an error",
)

# What is the same cause where nobody can tell them apart: a loop by hand shows batches, not the
# stored order of the rows, so labels that are shifted look like any that belong to other inputs.
SAME_CAUSE = {"labels-shifted": ("labels-permuted",)}


class Judged(NamedTuple):
    """What was said about a wrong program."""

    mistake: Mistake
    hints: tuple[str, ...]
    when: str

    @property
    def is_named(self) -> bool:
        """Whether the right cause was said."""
        return any(kind in self._right_kinds for kind in self.hints)

    @property
    def wrong_hints(self) -> tuple[str, ...]:
        """What was said that is not the cause."""
        return tuple(kind for kind in self.hints if kind not in self._right_kinds)

    @property
    def _right_kinds(self) -> tuple[str, ...]:
        kind = self.mistake.kind
        return (kind, *SAME_CAUSE.get(kind, ()))


def judge(
    wrong: Sequence[Mistake], right: Sequence[RightProgram], show: Callable[[str], None]
) -> bool:
    """Show a row for each wrong program and the figures; whether nothing false was said."""
    judged = []
    show(f"{'mistake':<46} {'host':<9} {'named':<6} {'when':<38} also said")
    for mistake in wrong:
        ended = run(mistake.run)
        kinds = (mistake.kind, *SAME_CAUSE.get(mistake.kind, ()))
        when = next((w for kind, w in ended.moments if kind in kinds), "")
        judged.append(Judged(mistake, ended.hints, when))
        show(_row(judged[-1]))
    twins = _false_alarms([(f"{m.name}, twin", m.host, m.right) for m in wrong], show)
    alarms = _false_alarms([(p.name, p.family, p.run) for p in right], show)
    _figures(judged, twins, alarms, len(wrong), len(right), show)
    return not twins and not alarms and not any(one.wrong_hints for one in judged)


def _row(one: Judged) -> str:
    named = "yes" if one.is_named else "never" if one.mistake.visible == "never" else "NO"
    also = ", ".join(one.wrong_hints)
    name, host = one.mistake.name, one.mistake.host
    return f"{name:<46.46} {host:<9} {named:<6} {one.when:<38} {also}".rstrip()


def _false_alarms(
    programs: Sequence[tuple[str, str, Callable[[], object]]], show: Callable[[str], None]
) -> int:
    """How many right programs were given a hint, or did not run."""
    num = 0
    for name, place, program in programs:
        ended = run(program)  # type: ignore[arg-type]
        if ended.error is not None:
            num += 1
            show(f"RAISED  {name} ({place}): {ended.error}")
        elif ended.hints:
            num += 1
            show(f"FALSE ALARM  {name} ({place}): {', '.join(ended.hints)}")
    return num


def _figures(
    judged: Sequence[Judged],
    twins: int,
    alarms: int,
    num_wrong: int,
    num_right: int,
    show: Callable[[str], None],
) -> None:
    named = [one for one in judged if one.is_named]
    early = [one for one in named if one.when.startswith(BEFORE_SECOND_STEP)]
    num_said = sum(len(one.hints) for one in judged)
    num_false = sum(len(one.wrong_hints) for one in judged)
    show(f"programs: {len(named)} of {num_wrong} named, {len(early)} before the second step")
    numbers = {one.mistake.cause.number for one in judged}
    whole = [n for n in sorted(numbers) if all(o.is_named for o in judged if _is(o, n))]
    soon = [n for n in whole if all(o in early for o in judged if _is(o, n))]
    show(
        f"mistakes of the list of {len({c.number for c in CAUSES.values()})}: {len(whole)} named "
        f"in every host, {len(soon)} of them before the second step"
    )
    missing = sorted(numbers - set(whole))
    show(f"not in every host: {', '.join(map(str, missing)) or 'none'}")
    share = 1 - num_false / num_said if num_said else 1.0
    show(f"messages on wrong programs: {num_said}, of the right cause {share:.1%}")
    show(f"false alarms: {alarms} of {num_right} right programs, {twins} of {num_wrong} twins")


def _is(one: Judged, number: int) -> bool:
    return one.mistake.cause.number == number
