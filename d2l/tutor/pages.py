"""The pages of the checks: what one explains, and the table of all."""

from collections.abc import Iterator

from d2l.tutor.check import Check, When
from d2l.tutor.registry import CHECKS


def kinds() -> list[str]:
    """The kinds of hints, in the order in which their checks look."""
    return list(dict.fromkeys(check.kind for check in CHECKS))


def checks_of(kind: str) -> list[Check]:
    """The checks that give a kind of hint."""
    return [check for check in CHECKS if check.kind == kind]


def page(kind: str) -> str:
    """The page of a kind of hint, in Markdown."""
    checks = checks_of(kind)
    first = checks[0]
    lines = [f"### {kind}", "", f"**{first.title}.** {first.why}", ""]
    if first.wrong:
        lines += [
            "```python",
            *first.wrong.splitlines(),
            "# write instead",
            *first.right.splitlines(),
            "```",
            "",
        ]
    for check in checks:
        lines += [f"How it is seen ({check.when.value}): {check.threshold}", ""]
    lines += [f"Book: {first.book}"]
    return "\n".join(lines)


def table() -> Iterator[str]:
    """The rows of the table of all checks, in Markdown, by when they look."""
    yield "| when | kind | what it says |"
    yield "| --- | --- | --- |"
    for when in When:
        for kind in kinds():
            if any(check.when is when for check in checks_of(kind)):
                yield f"| {when.value} | [`{kind}`](#{kind}) | {checks_of(kind)[0].title} |"
