"""What a comparison found, as a page: the sections, each difference, and the notebook as it ran.

Knows no points. Every text is a stranger's and is escaped.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files

from nbformat import NotebookNode

from d2l.grader.compare.html_notebook import MAX_FINDINGS, notebook_html, numbers_of
from d2l.grader.compare.html_parts import MAX_MESSAGE, Redaction, badge, full_message, message_html
from d2l.grader.compare.report import CheckReport, Finding, SectionReport
from d2l.grader.sandbox.job import CellOutcome
from d2l.notebook.page import document


def check_page(
    report: CheckReport,
    notebook: NotebookNode,
    title: str,
    cells: Sequence[CellOutcome] = (),
    note: str = "",
) -> str:
    """Return the page of one comparison, the reference's values included.

    `note` is a line about the run.
    """
    verdict = "full match" if report.is_full_match else "not a full match"
    tone = "good" if report.is_full_match else "bad"
    body = f"""<main class="report">
<header><span>{escape(note)}</span></header>
<h1><bdi>{escape(title)}</bdi></h1>
<p class="verdict {tone}">{verdict}</p>
{problem_html(report)}
{sections_html(report.sections)}
{differences_html(report, notebook, full_message)}
{notebook_html(notebook, cells, report, full_message)}
</main>"""
    return document(f"{title}: {verdict}", body, report_style())


@cache
def report_style() -> str:
    """Return the style sheet that pages of reports have besides the house's."""
    return files("d2l.grader.compare").joinpath("report.css").read_text(encoding="utf-8")


def problem_html(report: CheckReport) -> str:
    """Return why nothing could be compared, if so."""
    return (
        f'<p class="problem">{escape(report.problem[:MAX_MESSAGE])}</p>' if report.problem else ""
    )


def sections_html(sections: Sequence[SectionReport]) -> str:
    """Return the table of sections, each with its verdict."""
    rows = "\n".join(
        f'<tr><th scope="row"><bdi>{escape(section.heading)}</bdi></th>'
        f"<td>{badge(section.verdict)}</td>"
        f'<td class="number">{section.matched} of {len(section.findings)}</td></tr>'
        for section in sections
    )
    if not rows:
        return ""
    head = '<tr><th scope="col">Section</th><th scope="col">Verdict</th>'
    head += '<th scope="col" class="number">Matches</th></tr>'
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Sections">'
        f"<table>\n<thead>{head}</thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>"
    )


def differences_html(report: CheckReport, notebook: NotebookNode | None, tell: Redaction) -> str:
    """Return everything that does not match, by section, with links to the cells."""
    numbers = numbers_of(notebook)
    parts = [
        _differences(section.heading, _unmatched(section.findings), numbers, tell)
        for section in report.sections
    ]
    stale = [_difference(finding, "stale", numbers, tell) for finding in report.stale]
    if stale:
        note = "What is stored under these cells is not what their code produces."
        parts.append(f"<h3>Stored outputs</h3>\n<p>{note}</p>\n{_list(stale)}")
    found = "\n".join(part for part in parts if part)
    return f'<h2 id="differences">What to look at</h2>\n{found}' if found else ""


def _unmatched(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.verdict != "match"]


def _differences(
    heading: str, findings: Sequence[Finding], numbers: Mapping[int, int], tell: Redaction
) -> str:
    items = [_difference(finding, finding.verdict, numbers, tell) for finding in findings]
    return f"<h3><bdi>{escape(heading)}</bdi></h3>\n{_list(items)}" if items else ""


def _list(items: list[str]) -> str:
    return '<ul class="differences">\n' + "\n".join(items[:MAX_FINDINGS]) + "\n</ul>"


def _difference(finding: Finding, status: str, numbers: Mapping[int, int], tell: Redaction) -> str:
    index = finding.submission_cell
    number = None if index is None else numbers.get(index)
    link = "" if number is None else f' <a href="#cell-{number}">code cell {number}</a>'
    what = f"<bdi>{escape(finding.what)}</bdi>"
    return f"<li>{badge(status)} {what}{link}{message_html(tell(finding))}</li>"
