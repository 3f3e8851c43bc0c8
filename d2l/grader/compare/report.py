"""The result of a comparison as plain data, and its page with the executed notebook.

All text on the page is untrusted and escaped.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import Literal

from nbformat import NotebookNode

from d2l.grader.sandbox.job import CellOutcome
from d2l.notebook.execute import code_cells
from d2l.notebook.render.cell_html import CellWriter
from d2l.notebook.render.page import document

Verdict = Literal["match", "differs", "missing", "failed"]
MAX_MESSAGE = 4_000
# A sign and a colour for each status, which is also shown in words.
_SIGNS = {
    "match": "✓", "ok": "✓", "passed": "✓", "partly": "◐", "differs": "≠", "missing": "∅",
    "failed": "✕", "stale": "≠", "broken": "!", "not run": "–", "to grade": "…", "graded": "✓",
}  # fmt: skip
_TONES = {
    "match": "good", "ok": "good", "passed": "good", "graded": "good",
    "not run": "quiet", "missing": "quiet", "to grade": "quiet",
}  # fmt: skip
MAX_FINDINGS = 500  # of one page


@dataclass(frozen=True)
class Finding:
    """The comparison of one output of the reference with that of the submission."""

    verdict: Verdict
    what: str  # "tensor of shape (2, 3)", "curve val_acc", "picture", "table"
    message: str = ""  # the readable difference; empty for a match
    reference_cell: int | None = None  # index among all cells of the reference
    submission_cell: int | None = None
    hint: str = ""  # the message without the reference's values, for students
    is_unsure: bool = False  # the verdict may be due to chance: another run decides


@dataclass(frozen=True)
class SectionReport:
    """One section of the reference, by its heading."""

    heading: str
    findings: tuple[Finding, ...]

    @property
    def matched(self) -> int:
        """The number of findings that match."""
        return sum(finding.verdict == "match" for finding in self.findings)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of the findings: failed, then missing, then differs, then match."""
        order: tuple[Verdict, ...] = ("failed", "missing", "differs")
        found = {finding.verdict for finding in self.findings}
        return next((verdict for verdict in order if verdict in found), "match")


@dataclass(frozen=True)
class CheckReport:
    """A whole comparison: sections in the order of the reference, and stale stored outputs."""

    sections: tuple[SectionReport, ...]
    stale: tuple[Finding, ...] = ()  # stored outputs that a fresh run does not produce
    problem: str = ""  # why nothing could be compared, if so

    @property
    def is_full_match(self) -> bool:
        """Whether all outputs match and all stored outputs are produced by the code."""
        sections = all(section.verdict == "match" for section in self.sections)
        return sections and not self.stale and not self.problem


# Returns the text of a finding for a page: the message with the reference's values, or the hint.
Redaction = Callable[[Finding], str]


def check_page(
    report: CheckReport,
    notebook: NotebookNode,
    title: str,
    cells: Sequence[CellOutcome] = (),
    note: str = "",
) -> str:
    """Return the page of one comparison, including the reference's values.

    `note` is a line of text about the run.
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
    """Return the style sheet of reports, in addition to that of all pages."""
    return files("d2l.grader.compare").joinpath("report.css").read_text(encoding="utf-8")


def problem_html(report: CheckReport) -> str:
    """Return why nothing could be compared, "" if something was."""
    return (
        f'<p class="problem">{escape(report.problem[:MAX_MESSAGE])}</p>' if report.problem else ""
    )


def sections_html(sections: Sequence[SectionReport]) -> str:
    """Return the table of sections with their verdicts."""
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


def differences_html(report: CheckReport, notebook: NotebookNode | None, text_of: Redaction) -> str:
    """Return all findings that do not match, by section, with links to the cells."""
    numbers = numbers_of(notebook)
    parts = [
        _differences(section.heading, _unmatched(section.findings), numbers, text_of)
        for section in report.sections
    ]
    stale = [_difference(finding, "stale", numbers, text_of) for finding in report.stale]
    if stale:
        note = "The stored outputs of these cells are not what their code produces."
        parts.append(f"<h3>Stored outputs</h3>\n<p>{note}</p>\n{_list(stale)}")
    found = "\n".join(part for part in parts if part)
    return f'<h2 id="differences">Differences</h2>\n{found}' if found else ""


def _unmatched(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.verdict != "match"]


def _differences(
    heading: str, findings: Sequence[Finding], numbers: Mapping[int, int], text_of: Redaction
) -> str:
    items = [_difference(finding, finding.verdict, numbers, text_of) for finding in findings]
    return f"<h3><bdi>{escape(heading)}</bdi></h3>\n{_list(items)}" if items else ""


def _list(items: list[str]) -> str:
    num_hidden = len(items) - MAX_FINDINGS
    note = f"\n<p>{num_hidden:,} more are not shown.</p>" if num_hidden > 0 else ""
    return '<ul class="differences">\n' + "\n".join(items[:MAX_FINDINGS]) + f"\n</ul>{note}"


def _difference(
    finding: Finding, status: str, numbers: Mapping[int, int], text_of: Redaction
) -> str:
    index = finding.submission_cell
    number = None if index is None else numbers.get(index)
    link = "" if number is None else f' <a href="#cell-{number}">code cell {number}</a>'
    what = f"<bdi>{escape(finding.what)}</bdi>"
    return f"<li>{badge(status)} {what}{link}{message_html(text_of(finding))}</li>"


def notebook_html(
    notebook: NotebookNode,
    cells: Iterable[CellOutcome],
    report: CheckReport | None,
    text_of: Redaction,
) -> str:
    """Return the executed notebook; each code cell with its status and findings."""
    outcomes = {outcome.index: outcome for outcome in cells}
    numbers = numbers_of(notebook)
    notes = _notes(report, text_of) if report else {}
    writer = CellWriter()
    shown = "\n".join(
        _cell(writer, cell, numbers.get(index), outcomes.get(index), notes.get(index, []))
        for index, cell in enumerate(notebook.cells)
    )
    return f'<h2 id="notebook">Executed notebook</h2>\n<div class="notebook">\n{shown}\n</div>'


def numbers_of(notebook: NotebookNode | None) -> dict[int, int]:
    """Return the execution count of each code cell in a run from top to bottom, by index."""
    code = code_cells(notebook) if notebook else []
    return {index: number for number, index in enumerate(code, start=1)}


def _cell(
    writer: CellWriter,
    cell: NotebookNode,
    number: int | None,
    outcome: CellOutcome | None,
    notes: Sequence[str],
) -> str:
    content = writer.cell(cell)
    if number is None:
        return content
    found = "\n".join(notes)
    aside = f'<aside aria-label="About code cell {number}">\n{found}\n</aside>' if found else ""
    return (
        f'<div class="cell" id="cell-{number}">\n<div class="work">\n'
        f"{_cell_head(number, outcome)}\n{content}\n</div>\n{aside}\n</div>"
    )


def _cell_head(number: int, outcome: CellOutcome | None) -> str:
    status = ""
    if outcome is not None:
        seconds = "" if outcome.status == "not run" else f"<span>{outcome.seconds:.1f} s</span>"
        status = f"{badge(outcome.status)} {seconds}"
    return f'<p class="cell-head"><span>Code cell {number}</span> {status}</p>'


def _notes(report: CheckReport, text_of: Redaction) -> dict[int, list[str]]:
    """Return the notes shown next to each cell of the submission."""
    notes: dict[int, list[str]] = defaultdict(list)
    for section in report.sections:
        for finding in section.findings[:MAX_FINDINGS]:
            if finding.submission_cell is not None:
                notes[finding.submission_cell].append(_note(finding, finding.verdict, text_of))
    for finding in report.stale[:MAX_FINDINGS]:
        if finding.submission_cell is not None:
            notes[finding.submission_cell].append(_note(finding, "stale", text_of))
    return notes


def _note(finding: Finding, status: str, text_of: Redaction) -> str:
    is_match = finding.verdict == "match" and status == "match"
    message = "" if is_match else message_html(text_of(finding))
    return f'<div class="note">{badge(status)} <bdi>{escape(finding.what)}</bdi>{message}</div>'


def badge(status: str) -> str:
    """Return a status as a sign with its word."""
    tone = _TONES.get(status, "bad")
    sign = _SIGNS.get(status, "✕")
    return (
        f'<span class="badge {tone}"><span aria-hidden="true">{sign}</span> {escape(status)}</span>'
    )


def message_html(message: str) -> str:
    """Return a message as a paragraph, truncated to `MAX_MESSAGE` characters."""
    if not message:
        return ""
    cut = f"{message[:MAX_MESSAGE]} …" if len(message) > MAX_MESSAGE else message
    return f'<p class="message" dir="auto">{escape(cut)}</p>'


def full_message(finding: Finding) -> str:
    """Return the text of a finding with the reference's values."""
    return finding.message


def redacted(finding: Finding) -> str:
    """Return the text of a finding without the reference's values."""
    return finding.hint
