"""The page of a whole class: distribution of points, most often missed questions, failed runs.

It is for the instructor only. All text except the rubric's is untrusted; all text is escaped.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from math import floor
from statistics import mean, median

from d2l.grader.compare.report import badge, message_html, report_style
from d2l.grader.grading.result import StudentResult
from d2l.grader.grading.rubric import Rubric
from d2l.grader.grading.student_page import points, student_link
from d2l.notebook.render.page import document

_BINS = 10
_WIDTH, _HEIGHT = 640, 220
_LEFT, _BASE, _TOP = 10, 180, 30
_FAILED_IN_GRADING = ("refused", "not graded")


def summary_page(rubric: Rubric, results: Sequence[StudentResult], folder: str = "students") -> str:
    """Return the page of a class; it links to the students' pages, `KEY.html` in `folder`."""
    by_name = sorted(results, key=lambda result: (result.shown.casefold(), result.key))
    body = f"""<main class="report">
<header><span>{escape(rubric.reference.name)}</span></header>
<h1>{escape(rubric.title)}</h1>
{_numbers(rubric, by_name)}
{_broken(by_name)}
<h2 id="distribution">Points</h2>
{histogram([result.total for result in results], rubric.out_of)}
<h2 id="questions">Questions, most often missed first</h2>
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
    num_completed = sum(result.status == "ok" for result in results)
    pairs = [
        ("submissions", str(len(results))),
        ("median", points(median(totals))),
        ("mean", points(mean(totals))),
        ("total points", points(rubric.out_of)),
        ("completed", f"{num_completed} of {len(results)}"),
    ]
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in pairs)
    return f'<dl class="numbers">{items}</dl>'


def _broken(results: Sequence[StudentResult]) -> str:
    """Return the list of broken checks, each with the number of submissions affected."""
    hit = Counter(check.name for result in results for check in result.broken)
    messages = {check.name: check.message for result in results for check in result.broken}
    items = [
        f"<li><bdi>{escape(name)}</bdi> on {_count(hits, 'submission')}"
        f"{message_html(messages[name])}</li>"
        for name, hits in hit.most_common()
    ]
    if not items:
        return ""
    note = "<p><strong>Broken checks.</strong> Fix them and re-grade; until then they award"
    return f'<div class="problem">{note} no points.</p>\n<ul>{"".join(items)}</ul></div>'


def _failures(results: Sequence[StudentResult], folder: str) -> str:
    rows = [
        (student_link(one, folder), badge(one.status), f"<bdi>{escape(one.reason[:500])}</bdi>")
        for one in results
        if one.status != "ok"
    ]
    shown = table({"Student": False, "Status": False, "Reason": False}, rows, "failures")
    return f'<h2 id="failures">Not completed</h2>\n{shown}' if rows else ""


def _same(results: Sequence[StudentResult]) -> str:
    groups = {tuple(sorted({one.shown, *one.same_as})) for one in results if one.same_as}
    items = "\n".join(
        "<li>" + ", ".join(f"<bdi>{escape(name)}</bdi>" for name in group) + "</li>"
        for group in sorted(groups)
    )
    head = '<h2 id="same">Identical submissions</h2>'
    return f'{head}\n<ul class="same">\n{items}\n</ul>' if items else ""


def _students_table(results: Sequence[StudentResult], folder: str) -> str:
    columns = {"Student": False, "Run": False, "Time": True, "Points": True}
    rows = (
        (student_link(one, folder), badge(one.status), f"{one.seconds:.1f} s", points(one.total))
        for one in results
    )
    return table(columns, rows, "students")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def histogram(totals: Sequence[float], out_of: float) -> str:
    """Return the histogram of `totals` with ten bins from 0 to `out_of`, which is in the last."""
    counts = [0] * _BINS
    for total in totals:
        counts[_bin(total, out_of)] += 1
    highest = max(counts) or 1
    step = (_WIDTH - 2 * _LEFT) / _BINS
    bars = "\n".join(_bar(i, count, highest, step) for i, count in enumerate(counts))
    marks = "\n".join(
        f'<text x="{_LEFT + i * step:.0f}" y="{_BASE + 20}">{_number(i * out_of / _BINS)}</text>'
        for i in range(_BINS + 1)
    )
    counts_text = "; ".join(
        f"{_number(i * out_of / _BINS)} to {_number((i + 1) * out_of / _BINS)}: {count}"
        for i, count in enumerate(counts)
        if count
    )
    return (
        f'<svg class="histogram" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="Students by points. {counts_text}">\n{bars}\n'
        f'<line x1="{_LEFT}" x2="{_WIDTH - _LEFT}" y1="{_BASE}" y2="{_BASE}"/>\n{marks}\n</svg>'
    )


def _bin(total: float, out_of: float) -> int:
    return max(0, min(_BINS - 1, floor(_BINS * total / out_of))) if out_of else _BINS - 1


def _bar(i: int, count: int, highest: int, step: float) -> str:
    if not count:
        return ""
    height = (_BASE - _TOP) * count / highest
    left, top = _LEFT + i * step, _BASE - height
    return (
        f'<rect x="{left + 3:.1f}" y="{top:.1f}" width="{step - 6:.1f}" height="{height:.1f}"/>'
        f'<text class="count" x="{left + step / 2:.1f}" y="{top - 8:.1f}">{count}</text>'
    )


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


@dataclass(frozen=True)
class Question:
    """One part of the rubric over the whole class; `shares` is from 0 to 1, one per student."""

    name: str
    kind: str
    out_of: float
    shares: tuple[float, ...]
    messages: tuple[str, ...]

    @property
    def share(self) -> float:
        """The mean fraction of its points that the class reached."""
        return mean(self.shares) if self.shares else 0.0

    @property
    def full(self) -> int:
        """The number of students with full points."""
        return sum(share >= 1 for share in self.shares)


def questions_of(rubric: Rubric, results: Sequence[StudentResult]) -> list[Question]:
    """Return all sections and checks, ordered from the lowest to the highest mean share."""
    graded = [result for result in results if result.status not in _FAILED_IN_GRADING]
    found = []
    for rule in rubric.sections:
        parts = [
            part
            for result in graded
            for part in result.sections
            if part.heading == rule.heading and part.verdict != "to grade"
        ]
        shares = tuple(_share(part.points, part.out_of) for part in parts)
        kind = "by hand" if rule.manual else "compared"
        found.append(Question(rule.heading, kind, rule.points, shares, ()))
    for check in rubric.checks:
        parts_of_all = (part for r in graded for part in r.checks if part.name == check.name)
        working = [part for part in parts_of_all if part.status != "broken"]
        shares = tuple(_share(part.points, part.out_of) for part in working)
        failed = (part for part in working if part.status in ("partly", "failed"))
        messages = tuple(part.message for part in failed)
        found.append(Question(check.name, "hidden check", check.points, shares, messages))
    return sorted(found, key=lambda question: question.share)


def _share(reached: float, out_of: float) -> float:
    return reached / out_of if out_of else 1.0


def questions_table(questions: Iterable[Question]) -> str:
    """Return the table of questions, each with its most frequent message."""
    columns = {"Question": False, "Points": True, "Full points": True, "Reached": False}
    note = "Of the graded submissions: how many have full points, and the mean share of points."
    return f"<p>{note}</p>\n{table(columns, map(_question, questions), 'questions')}"


def _question(question: Question) -> tuple[str, ...]:
    frequent = ""
    common = Counter(message for message in question.messages if message).most_common(1)
    if common:
        message, times = common[0]
        frequent = f'<p class="often">most often, {times}×:</p>{message_html(message[:300])}'
    percent = round(100 * question.share)
    reached = f"{percent} %" if question.shares else "–"
    kind = f'<span class="kind">{question.kind}</span>'
    return (
        f"<bdi>{escape(question.name)}</bdi> {kind}{frequent}",
        points(question.out_of),
        f"{question.full} of {len(question.shares)}",
        f'<span class="share"><span class="bar" style="width: {percent}%"></span></span> '
        f'<span class="percent">{reached}</span>',
    )


def table(columns: Mapping[str, bool], rows: Iterable[Sequence[str]], label: str) -> str:
    """Return a table that scrolls if it is too wide.

    `columns` maps each title to whether its cells are numbers, `label` is the id of the heading
    above the table; the first cell of each row is its header.
    """
    kinds = [' class="number"' if is_number else "" for is_number in columns.values()]
    names = zip(columns, kinds, strict=True)
    head = "".join(f'<th scope="col"{kind}>{name}</th>' for name, kind in names)
    body = "\n".join(
        f'<tr><th scope="row">{row[0]}</th>'
        + "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(row[1:], kinds[1:], strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{label}">'
        f'<table class="{label}">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )
