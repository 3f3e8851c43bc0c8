"""The page of a whole class: how the points spread, what was missed most often, who failed and why.

It is the instructor's alone. Every text of it but the rubric's is a stranger's; all is escaped.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files
from statistics import mean, median
from urllib.parse import quote

from d2l.grader.compare.report import badge, message_html, report_style
from d2l.grader.grading.histogram import histogram
from d2l.grader.grading.questions import questions_of, questions_table, table
from d2l.grader.grading.result import StudentResult
from d2l.grader.grading.rubric import Rubric
from d2l.grader.grading.student_page import points
from d2l.notebook.page import document


def summary_page(rubric: Rubric, results: Sequence[StudentResult], folder: str = "students") -> str:
    """Return the page of a class; the pages of students are `KEY.html` in `folder` beside it."""
    by_name = sorted(results, key=lambda result: (result.student.casefold(), result.key))
    body = f"""<main class="report">
<header><span>{escape(rubric.reference.name)}</span></header>
<h1>{escape(rubric.title)}</h1>
{_numbers(rubric, by_name)}
{_broken(by_name)}
{_distribution(rubric, by_name)}
<h2 id="questions">Questions, the most often missed first</h2>
{questions_table(questions_of(rubric, by_name))}
{_failures(by_name, folder)}
{_same(by_name)}
<h2 id="students">Students</h2>
{_students_table(by_name, folder)}
</main>"""
    return document(f"{rubric.title}: results", body, report_style() + _style())


@cache
def _style() -> str:
    return files("d2l.grader.grading").joinpath("summary.css").read_text(encoding="utf-8")


def _numbers(rubric: Rubric, results: Sequence[StudentResult]) -> str:
    totals = [result.total for result in results] or [0.0]
    ended_well = sum(result.status == "ok" for result in results)
    pairs = [
        ("submissions", str(len(results))),
        ("median", points(median(totals))),
        ("mean", points(mean(totals))),
        ("points in all", points(rubric.out_of)),
        ("ran to the end", f"{ended_well} of {len(results)}"),
    ]
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in pairs)
    return f'<dl class="numbers">{items}</dl>'


def _broken(results: Sequence[StudentResult]) -> str:
    """The checks that are the instructor's to mend, each with how many it hit."""
    hit = Counter(check.name for result in results for check in result.broken)
    said = {check.name: check.message for result in results for check in result.broken}
    items = [
        f"<li><bdi>{escape(name)}</bdi> on {_count(hits, 'submission')}"
        f"{message_html(said[name])}</li>"
        for name, hits in hit.most_common()
    ]
    if not items:
        return ""
    note = "<p><strong>Checks that are broken.</strong> Mend them and grade again: so far they give"
    return f'<div class="problem">{note} no points.</p>\n<ul>{"".join(items)}</ul></div>'


def _distribution(rubric: Rubric, results: Sequence[StudentResult]) -> str:
    totals = [result.total for result in results]
    return f'<h2 id="distribution">Points</h2>\n{histogram(totals, rubric.out_of)}'


def _failures(results: Sequence[StudentResult], folder: str) -> str:
    rows = "\n".join(
        f'<tr><th scope="row">{_link(result, folder)}</th><td>{badge(result.status)}</td>'
        f"<td><bdi>{escape(result.reason[:500])}</bdi></td></tr>"
        for result in results
        if result.status != "ok"
    )
    if not rows:
        return ""
    head = '<tr><th scope="col">Student</th><th scope="col">Status</th>'
    head += '<th scope="col">Reason</th></tr>'
    return f'<h2 id="failures">Not run to the end</h2>\n{table(head, rows, "failures")}'


def _same(results: Sequence[StudentResult]) -> str:
    groups = {
        tuple(sorted({result.student, *result.same_as})) for result in results if result.same_as
    }
    items = "\n".join(
        "<li>" + ", ".join(f"<bdi>{escape(name)}</bdi>" for name in group) + "</li>"
        for group in sorted(groups)
    )
    if not items:
        return ""
    return f'<h2 id="same">Handed in the very same file</h2>\n<ul class="same">\n{items}\n</ul>'


def _students_table(results: Sequence[StudentResult], folder: str) -> str:
    rows = "\n".join(
        f'<tr><th scope="row">{_link(result, folder)}</th><td>{badge(result.status)}</td>'
        f'<td class="number">{result.seconds:.1f} s</td>'
        f'<td class="number">{points(result.total)}</td></tr>'
        for result in results
    )
    head = (
        '<tr><th scope="col">Student</th><th scope="col">Run</th>'
        '<th scope="col" class="number">Time</th><th scope="col" class="number">Points</th></tr>'
    )
    return table(head, rows, "students")


def _link(result: StudentResult, folder: str) -> str:
    address = quote(f"{folder}/{result.key}.html" if folder else f"{result.key}.html")
    # With the folder's dot a key that looks like `mailto:x` is a file all the same.
    return f'<a href="./{address}"><bdi>{escape(result.student)}</bdi></a>'


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
