"""All checks, in the order of the documentation, and their pages."""

from collections.abc import Iterator

from d2l.tutor.checks import (
    input_data,
    labels,
    layers,
    loss,
    model_outputs,
    modes,
    optimizer,
    pairs,
    rates,
    rows,
    signal,
)
from d2l.tutor.error_checks import (
    backward_errors,
    label_errors,
    loss_errors,
    object_errors,
    python_errors,
    shape_errors,
    type_and_device_errors,
)
from d2l.tutor.evidence import Check, When

# Checks of an error, the surest first.
ERROR_CHECKS: tuple[Check, ...] = (
    *python_errors.CHECKS,  # how a model or a loop is put together
    *loss_errors.CHECKS,  # swapped parts, other shapes
    *label_errors.CHECKS,  # labels of classes
    *object_errors.CHECKS,  # objects that are not tensors
    *type_and_device_errors.CHECKS,  # types, devices, ranges
    *shape_errors.CHECKS,  # shapes
    *backward_errors.CHECKS,  # the backward pass and updates
)

CHECKS: tuple[Check, ...] = (
    *input_data.CHECKS,
    *rows.CHECKS,
    *optimizer.CHECKS,
    *rates.NUMBER_CHECKS,
    *layers.CHECKS,
    *modes.CHECKS,
    *model_outputs.CHECKS,
    *labels.CHECKS,
    *loss.CHECKS,
    *signal.CHECKS,
    *modes.MODE_CHECKS,
    *pairs.CHECKS,
    *rates.CHECKS,
    *ERROR_CHECKS,
)


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
