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

# Checks that explain an error, the most reliable first.
ERROR_CHECKS: tuple[Check, ...] = (
    *python_errors.CHECKS,  # structure of the model or the loop
    *loss_errors.CHECKS,  # swapped arguments, other shapes
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
    """Return the kinds of hints, in the order of their checks."""
    return list(dict.fromkeys(check.kind for check in CHECKS))


def checks_of(kind: str) -> list[Check]:
    """Return the checks of a kind of hint."""
    return [check for check in CHECKS if check.kind == kind]


def page(kind: str) -> str:
    """Return the page of a kind of hint, in Markdown."""
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
        lines += [f"How it is detected ({check.when.value}): {check.threshold}", ""]
    lines += [f"Book: {first.book}"]
    return "\n".join(lines)


def table() -> Iterator[str]:
    """Yield the rows of the table of all checks, in Markdown, by the time they run."""
    yield "| when | kind | meaning |"
    yield "| --- | --- | --- |"
    for when in When:
        for kind in kinds():
            if any(check.when is when for check in checks_of(kind)):
                yield f"| {when.value} | [`{kind}`](#{kind}) | {checks_of(kind)[0].title} |"
