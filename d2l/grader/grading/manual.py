"""Manual grading: points and comments from overrides.csv, and the answers still to be graded.

Sections that the rubric marks as manual are free text: they get no points until a line of
overrides.csv gives them some.
"""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from html import escape
from pathlib import Path

from nbformat import NotebookNode

from d2l.files.csv_cells import TableError, harmless, read_table
from d2l.files.folder_files import composed
from d2l.grader.compare.match_sections import headings_in, match_sections, sections_of
from d2l.grader.compare.report import badge, message_html, report_style
from d2l.grader.grading.result import Answer, CheckStatus, StudentResult, rubric_heading_of, total
from d2l.grader.grading.rubric import Rubric
from d2l.grader.grading.student_page import points, student_link
from d2l.grader.grading.submissions import Submission
from d2l.notebook.render.markdown import markdown_to_html
from d2l.notebook.render.page import document

_COLUMNS = ("student", "item", "points", "comment")
_MOST_CHARACTERS = 20_000  # of one answer
_STYLE = """
.answers { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(24rem, 1fr)); }
"""


@dataclass(frozen=True)
class Override:
    """One line of overrides.csv, for a section or check, or the submission if `item` is empty."""

    item: str
    points: float | None
    comment: str


Overrides = Mapping[str, Sequence[Override]]  # by key of the submission


def read_overrides(path: Path, rubric: Rubric, submissions: Sequence[Submission]) -> Overrides:
    """Read overrides.csv; raise `TableError` if a line matches no student or item of the class."""
    table = read_table(path)
    missing = [name for name in _COLUMNS[:3] if name not in table.header]
    if missing:
        raise TableError(f"{path} has no column {missing[0]!r}: expected {', '.join(_COLUMNS)}")
    columns = [table.header.index(name) for name in _COLUMNS if name in table.header]
    known: dict[str, str] = {}
    for kind in ("key", "student", "alias", "id", "login"):  # keys first, which are unique
        for one in submissions:
            known.setdefault(_plain(getattr(one, kind)), one.key)
    known.pop("", None)
    headings, names = (one.heading for one in rubric.sections), (one.name for one in rubric.checks)
    items = {_plain(name): name for name in ("", *headings, *names)}
    found: dict[str, list[Override]] = {}
    for row in range(1, len(table.rows)):
        student, item, number, comment = [
            *(table.value(row, column).strip() for column in columns), ""
        ][:4]  # fmt: skip
        if number or comment:
            where = f"{path}, line {row + 1}"
            key = known[_one_of(student, known, f"{where}: unknown student")]
            name = items[_one_of(item, items, f"{where}: the rubric has no section or check")]
            found.setdefault(key, []).append(Override(name, _points(number, where), comment))
    return found


def with_overrides(result: StudentResult, overrides: Iterable[Override]) -> StudentResult:
    """Return a result with the instructor's points and comments."""
    sections = {section.heading: section for section in result.sections}
    checks = {check.name: check for check in result.checks}
    comment = result.comment
    for one in overrides:
        if one.item in sections:
            section = replace(sections[one.item], comment=one.comment)
            if one.points is not None:
                section = replace(section, points=one.points, verdict="graded")
            sections[one.item] = section
        elif one.item in checks:
            check = replace(checks[one.item], comment=one.comment)
            if one.points is not None:
                is_full = one.points >= check.out_of
                status: CheckStatus = "passed" if is_full else "partly" if one.points else "failed"
                check = replace(check, points=one.points, status=status)
            checks[one.item] = check
        else:
            comment = one.comment
    new = tuple(sections.values()), tuple(checks.values())
    return replace(result, sections=new[0], checks=new[1], total=total(*new), comment=comment)


def answers_of(
    rubric: Rubric, reference: NotebookNode, notebook: NotebookNode
) -> tuple[Answer, ...]:
    """Return the text under the headings of manual sections, except the reference's own text."""
    texts: dict[str, list[str]] = {rule.heading: [] for rule in rubric.sections if rule.manual}
    if not texts:
        return ()
    expected, actual = sections_of(reference), sections_of(notebook)
    matched = match_sections(expected, actual)
    headings = [rubric_heading_of(rubric, expected[index]) for index in matched]
    given = {cell.source.strip() for cell in reference.cells} if notebook != reference else set()
    position = 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            position = min(position + len(headings_in(cell.source)), len(headings) - 1)
        heading, source = headings[position], cell.source.strip()
        if heading in texts and source and source not in given:
            is_code = cell.cell_type == "code"
            texts[heading].append(f"~~~~\n{cell.source}\n~~~~" if is_code else cell.source)
    answers = {heading: "\n\n".join(parts)[:_MOST_CHARACTERS] for heading, parts in texts.items()}
    return tuple(Answer(heading, text) for heading, text in answers.items() if text)


def to_grade_page(
    rubric: Rubric, reference: Sequence[Answer], results: Sequence[StudentResult], folder: str
) -> str:
    """Return the page of all answers, grouped by question."""
    shown = {answer.heading: answer.text for answer in reference}
    parts = []
    for index, rule in enumerate(rubric.sections):
        if rule.manual:
            articles = [_article(result, index, folder) for result in results]
            head = f"<h2><bdi>{escape(rule.heading)}</bdi>, {points(rule.points)} points</h2>"
            expected = markdown_to_html(shown.get(rule.heading, ""))
            details = f"<details><summary>Reference</summary>{expected}</details>"
            parts.append(f'{head}\n{details}\n<div class="answers">{"".join(articles)}</div>')
    note = "Enter points in <code>overrides.csv</code>; <code>to_grade.csv</code> is a template."
    body = f'<main class="report"><h1>{escape(rubric.title)}</h1>\n<p>{note}</p>\n'
    page = body + "\n".join(parts) + "</main>"
    return document(f"{rubric.title}: to grade", page, report_style() + _STYLE)


def to_grade_csv(results: Sequence[StudentResult]) -> bytes:
    """Return an overrides.csv with a line for each answer without points."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for result in results:
        for section in result.sections:
            if section.verdict == "to grade":
                writer.writerow([harmless(result.key), harmless(section.heading), "", ""])
    return text.getvalue().encode("utf-8-sig", "replace")


def _article(result: StudentResult, index: int, folder: str) -> str:
    section = result.sections[index]
    text = next((one.text for one in result.answers if one.heading == section.heading), "")
    answer = markdown_to_html(text) if text else "<p>No answer.</p>"
    given = f"{points(section.points)} of {points(section.out_of)}"
    return (
        f"<article><h3>{student_link(result, folder)} {badge(section.verdict)} {given}</h3>"
        f"{message_html(section.comment)}{answer}</article>\n"
    )


def _plain(name: str) -> str:
    return composed(name).removeprefix("'").strip().casefold()


def _one_of(name: str, known: Iterable[str], problem: str) -> str:
    plain = _plain(name)
    if plain not in known:
        close = get_close_matches(plain, list(known), n=1)
        raise TableError(f"{problem} {name!r}" + (f". Did you mean {close[0]!r}?" if close else ""))
    return plain


def _points(number: str, where: str) -> float | None:
    try:
        value = float(number.replace(",", ".")) if number else None
    except ValueError:
        value = math.nan
    if value is not None and not (math.isfinite(value) and value >= 0):
        raise TableError(f"{where}: points must be a number >= 0 or empty, found {number!r}")
    return value
