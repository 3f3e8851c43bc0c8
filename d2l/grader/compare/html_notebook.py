"""A notebook as it ran, on a page: each code cell with its status, and what was found beside it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape

from nbformat import NotebookNode

from d2l.grader.compare.html_parts import Redaction, badge, message_html
from d2l.grader.compare.report import CheckReport, Finding
from d2l.grader.sandbox.job import CellOutcome
from d2l.notebook.cell_html import CellWriter
from d2l.notebook.execute import code_cells

MAX_FINDINGS = 500  # of one page


def notebook_html(
    notebook: NotebookNode,
    cells: Iterable[CellOutcome],
    report: CheckReport | None,
    tell: Redaction,
) -> str:
    """Return the notebook as it ran: each code cell with its status and what was found in it."""
    outcomes = {outcome.index: outcome for outcome in cells}
    numbers = numbers_of(notebook)
    notes = _notes(report, tell) if report else {}
    writer = CellWriter()
    shown = "\n".join(
        _cell(writer, cell, numbers.get(index), outcomes.get(index), notes.get(index, []))
        for index, cell in enumerate(notebook.cells)
    )
    return f'<h2 id="notebook">The notebook as it ran</h2>\n<div class="notebook">\n{shown}\n</div>'


def numbers_of(notebook: NotebookNode | None) -> dict[int, int]:
    """Return the numbers that Jupyter gives code cells in a run from top to bottom, by index."""
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
    said = ""
    if outcome is not None:
        seconds = "" if outcome.status == "not run" else f"<span>{outcome.seconds:.1f} s</span>"
        said = f"{badge(outcome.status)} {seconds}"
    return f'<p class="cell-head"><span>Code cell {number}</span> {said}</p>'


def _notes(report: CheckReport, tell: Redaction) -> dict[int, list[str]]:
    """What is to be said beside each cell of the submission."""
    notes: dict[int, list[str]] = defaultdict(list)
    for section in report.sections:
        for finding in section.findings[:MAX_FINDINGS]:
            if finding.submission_cell is not None:
                notes[finding.submission_cell].append(_note(finding, finding.verdict, tell))
    for finding in report.stale[:MAX_FINDINGS]:
        if finding.submission_cell is not None:
            notes[finding.submission_cell].append(_note(finding, "stale", tell))
    return notes


def _note(finding: Finding, status: str, tell: Redaction) -> str:
    is_match = finding.verdict == "match" and status == "match"
    said = "" if is_match else message_html(tell(finding))
    return f'<div class="note">{badge(status)} <bdi>{escape(finding.what)}</bdi>{said}</div>'
