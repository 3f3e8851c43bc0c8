"""The corpus as text: each mistake with its hosts and evidence, each right program."""

from collections.abc import Iterator, Sequence

from bench.tutor.causes import CAUSES
from bench.tutor.program import HOSTS, Mistake, RightProgram


def contents(wrong: Sequence[Mistake], right: Sequence[RightProgram]) -> Iterator[str]:
    """The lines of the table of contents."""
    for cause in CAUSES.values():
        of_kind = [mistake for mistake in wrong if mistake.kind == cause.kind]
        if not of_kind and len(cause.not_in) < len(HOSTS):
            continue
        yield f"{cause.number:02d} {cause.kind}: {cause.visible}"
        yield f"   {cause.evidence}" + (f" ({cause.why_never})" if cause.why_never else "")
        for host in HOSTS:
            names = [mistake.name for mistake in of_kind if mistake.host == host]
            if names or host in cause.not_in:
                what = ", ".join(names) or f"none: {cause.not_in[host]}"
                yield f"   {host}: {what}"
    for family in dict.fromkeys(program.family for program in right):
        names = [program.name for program in right if program.family == family]
        yield f"right, {family} ({len(names)}): " + "; ".join(names)
    yield f"{len(wrong)} wrong programs and their twins, {len(right)} right programs"
