"""The page for a student: the points, what is missing and why, and the executed notebook.

It shows nothing about other students, nor the reference's values. All text is untrusted and
escaped.
"""

from collections.abc import Iterable
from dataclasses import replace
from html import escape
from urllib.parse import quote

from nbformat import NotebookNode

from d2l.grader.compare.report import (
    badge,
    differences_html,
    message_html,
    notebook_html,
    problem_html,
    redacted,
    report_style,
)
from d2l.grader.grading.result import CheckResult, SectionResult, StudentResult
from d2l.notebook.render.page import document


def student_page(result: StudentResult, notebook: NotebookNode | None, title: str = "") -> str:
    """Return the page of one submission.

    `notebook` is the executed notebook, None if the submission was refused; `title` is the
    rubric's.
    """
    total = f"{points(result.total)} of {points(result.out_of)}"
    ran = notebook_html(notebook, result.cells, result.report, redacted) if notebook else ""
    submitted = "" if result.alias else result.submitted
    report = result.report
    differences = differences_html(report, notebook, redacted) if report else ""
    body = f"""<main class="report">
<header><span>{escape(title)}</span> <span>{escape(submitted)}</span></header>
<h1><bdi>{escape(result.shown)}</bdi></h1>
<p class="total"><strong>{points(result.total)}</strong> of {points(result.out_of)} points</p>
{message_html(result.comment)}
{_run(result)}
<h2 id="points">Points</h2>
{_points_table(result)}
{problem_html(report) if report else ""}
{differences}
{ran}
</main>"""
    return document(f"{result.shown}: {total}", body, report_style())


def points(number: float) -> str:
    """Return points with at most two decimals.

    >>> points(2.0), points(2.5), points(1 / 3)
    ('2', '2.5', '0.33')
    """
    return f"{number:.2f}".rstrip("0").rstrip(".")


def student_link(result: StudentResult, folder: str) -> str:
    """Return a link to a student's page, `KEY.html` in `folder`."""
    # The leading "./" makes a key such as `mailto:x` a file name.
    address = quote(f"{folder}/{result.key}.html" if folder else f"{result.key}.html")
    return f'<a href="./{address}"><bdi>{escape(result.shown)}</bdi></a>'


def _run(result: StudentResult) -> str:
    if result.status == "ok":
        return f'<p class="run">{badge("ok")} Every cell ran, in {result.seconds:.1f} s.</p>'
    reason = result.reason or "The run did not finish."
    return (
        f'<div class="problem"><p>{badge(result.status)} <bdi>{escape(reason[:1000])}</bdi></p>'
        f"<p>{escape(_consequence(result))}</p></div>"
    )


def _consequence(result: StudentResult) -> str:
    if result.status == "refused":
        return "There was no notebook to run, so no points were given."
    if result.status == "not graded":
        return "The grader failed, not the notebook; the grading will be repeated."
    if any(cell.status == "ok" for cell in result.cells):
        return "Cells that ran before that point were still compared."
    return "No cell produced a result, so no points were given."


def _points_table(result: StudentResult) -> str:
    checks = [_without_reason(check, result.reason) for check in result.checks]
    parts = [_section(section, checks) for section in result.sections]
    headings = {section.heading for section in result.sections}
    others = [check for check in checks if check.section not in headings]
    rows = "\n".join([*parts, *map(_check, others)])
    head = '<tr><th scope="col">Part</th><th scope="col">Result</th>'
    head += '<th scope="col" class="number">Points</th></tr>'
    total = _points_cell(result.total, result.out_of)
    foot = f'<tr><th scope="row">Total</th><td></td>{total}</tr>'
    return (
        '<div class="scroll" tabindex="0" role="region" aria-labelledby="points">'
        f"<table>\n<thead>{head}</thead>\n<tbody>\n{rows}\n</tbody>\n"
        f"<tfoot>{foot}</tfoot></table></div>"
    )


def _without_reason(check: CheckResult, reason: str) -> CheckResult:
    """Clear a message that repeats the reason of the whole run, shown above the table."""
    return replace(check, message="") if check.message == reason else check


def _section(section: SectionResult, checks: Iterable[CheckResult]) -> str:
    matches = f"{section.matched} of {section.expected} results match" if section.expected else ""
    own = [check for check in checks if check.section == section.heading]
    row = (
        f'<tr><th scope="row"><bdi>{escape(section.heading)}</bdi></th>'
        f"<td>{badge(section.verdict)} {matches}{message_html(section.comment)}</td>"
        f"{_points_cell(section.points, section.out_of)}</tr>"
    )
    return "\n".join([row, *(_check(check, part=True) for check in own)])


def _check(check: CheckResult, part: bool = False) -> str:
    message = message_html(check.message)
    if check.status == "broken":
        message = "<p>This check is broken; your code is not the cause. Ask your instructor.</p>"
    message += message_html(check.comment)
    row = '<tr class="part">' if part else "<tr>"
    return (
        f'{row}<th scope="row"><bdi>{escape(check.name)}</bdi></th>'
        f"<td>{badge(check.status)}{message}</td>{_points_cell(check.points, check.out_of)}</tr>"
    )


def _points_cell(reached: float, out_of: float) -> str:
    return f'<td class="number">{points(reached)} of {points(out_of)}</td>'
